"""CPU from the wire to the store: our client and our store, beside boto3's paginator that stores nothing.

Both read every finding of the same emulator over HTTP, one chain of NextTokens, 100 findings a page. Only the
reading process's own CPU counts, user and system; what it takes to import and to make the client does not.
Each side runs as it is: ours with the garbage collector as the operator sets it, boto3 as it comes.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import boto3

from bench.cloud import cloud_with
from bench.isolation import alone, cpu_seconds
from bench.row import Aim, Row
from bench.sides import in_turns, middle
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import SecurityHub
from posture.process import settle_heap
from posture.sources.thread import Worker
from posture.store.records import Read
from posture.store.sqlite.store import Store

_FINDINGS = 20_000
_REPETITIONS = 5
_PAGE = 100
_OURS, _BOTO3 = "ours", "boto3"
Environment = Mapping[str, str]


def measure(findings: int) -> list[Row]:
    """Read everything several times, ours and boto3's in turns, each time in a fresh process."""
    count = min(findings, _FINDINGS)
    with cloud_with(count) as cloud:
        sides = {name: partial(alone, side, cloud.env, count) for name, side in _SIDES.items()}
        samples = in_turns(sides, _REPETITIONS)
    cpu = middle(samples)
    return [
        Row(
            measure="wire_to_store",
            what="CPU a finding, wire to store",
            unit="µs",
            ours=cpu[_OURS],
            beside=cpu[_BOTO3],
            beside_is="boto3's paginator, storing nothing",
            aim=Aim("ratio", "<=", 1 / 2),
            samples=tuple(samples[_OURS]),
        )
    ]


def _ours(environment: Environment, expected: int) -> float:
    os.environ.update(environment)
    return asyncio.run(_store_everything(expected, environment["AWS_REGION"])) / expected * 1e6


async def _store_everything(expected: int, region: str) -> float:
    usage = Usage()
    # A clock on which the quota refills at once: here CPU is measured, not waiting.
    limiters = Limiters(1.0, monotonic=lambda: time.monotonic() * 1e6)
    with tempfile.TemporaryDirectory() as directory:
        store = Store.open(Path(directory) / "hub.sqlite", owner="bench").store
        worker = Worker("bench")
        async with Sessions(usage) as sessions:
            hub = SecurityHub(sessions, Identity(None, None, region), limiters, usage)
            await hub.get_findings({}, max_results=1)
            settle_heap()
            began = cpu_seconds()
            token: str | None = None
            while True:
                page = await hub.get_findings({}, next_token=token, max_results=_PAGE)
                await worker.call(store.write, [Read(page.findings, page.asked_at)])
                token = page.next_token
                if token is None:
                    break
            seconds = cpu_seconds() - began
        stored = await worker.call(store.count)
        await worker.close(store.close)
    if stored != expected:
        raise RuntimeError(f"{stored} of {expected} findings were stored")
    return seconds


def _boto3(environment: Environment, expected: int) -> float:
    os.environ.update(environment)
    client = boto3.client("securityhub")
    client.get_findings(MaxResults=1)
    began = cpu_seconds()
    pages = client.get_paginator("get_findings").paginate(PaginationConfig={"PageSize": _PAGE})
    read = sum(len(page["Findings"]) for page in pages)
    seconds = cpu_seconds() - began
    if read != expected:
        raise RuntimeError(f"{read} of {expected} findings were read")
    return seconds / expected * 1e6


_SIDES = {_OURS: _ours, _BOTO3: _boto3}

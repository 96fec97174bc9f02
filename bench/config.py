"""A full read of what an aggregator of AWS Config says: calls, CPU a row, and memory.

1,000 accounts in 10 Regions have 3 packs of 40 rules each. All of it is read over HTTP, from an emulator that
puts empty pages between others, as AWS says that it does.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import islice
from typing import NamedTuple

import boto3

from bench.isolation import alone, cpu_seconds, forget_peak, peak_resident, resident
from bench.row import Aim, Row
from bench.sides import middle
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.config.client import RULES_A_PAGE, AggregatorClient
from posture.domain.results.picture import KnownPacks, ResultsAsked
from posture.domain.results.rows import Place
from posture.process import settle_heap
from posture.sources.config.reading import gather_results
from posture.sources.rule_results import RuleResults
from sandbox.cloud import Cloud
from sandbox.config.seed import pack_id
from sandbox.organization.packs import AGGREGATOR, RULES

_ACCOUNTS = 1000
_REGIONS = ("eu-west-1", *(f"us-test-{number}" for number in range(1, 10)))
_PACKS = ("OrgConformsPack-one", "OrgConformsPack-two", "OrgConformsPack-three")
_POLLS = 2
_COMPARED = 100
"""So many pages, of ours and boto3's reads, are compared."""
_REPETITIONS = 3
_OURS, _BOTO3 = "ours", "boto3"
_CALL = "DescribeAggregateComplianceByConfigRules"
Environment = Mapping[str, str]


class _Read(NamedTuple):
    """Rows, CPU seconds, and MiB above what was resident before."""

    rows: int
    cpu: float
    peak: float


def measure(findings: int) -> list[Row]:
    """Poll everything twice, and read some pages several times, ours and boto3's."""
    accounts = _accounts_for(findings)
    with _cloud(accounts) as cloud:
        whole = alone(_polled, cloud.env, accounts)
        calls = cloud.control.call_total(_CALL) / _POLLS
        samples = {
            name: [read.cpu / read.rows * 1e6 for read in alone(side, cloud.env, _REPETITIONS, _COMPARED)]
            for name, side in _SIDES.items()
        }
    cpu = middle(samples)
    size = f"{whole.rows:,} rules of {accounts:,} accounts"
    return [
        Row(
            measure="config",
            what=f"Calls to read {size} from an aggregator",
            unit="calls",
            ours=calls,
            beside=-(-whole.rows // RULES_A_PAGE),
            beside_is="full pages",
            aim=Aim("ratio", "<=", 1.1),
        ),
        Row(
            measure="config",
            what=f"Resident memory of {_POLLS} polls of that above the idle process, at most",
            unit="MiB",
            ours=whole.peak,
            aim=Aim("ours", "<=", 60),
        ),
        Row(
            measure="config",
            what="CPU a rule, from the wire",
            unit="µs",
            ours=cpu[_OURS],
            beside=cpu[_BOTO3],
            beside_is="boto3's paginator",
            aim=Aim("ratio", "<=", 1 / 2),
            samples=tuple(samples[_OURS]),
        ),
        Row(
            measure="config",
            what="CPU a rule, from the wire to what targets are scored by",
            unit="µs",
            ours=whole.cpu / _POLLS / whole.rows * 1e6,
        ),
    ]


def _accounts_for(findings: int) -> int:
    """Return how many accounts there are beside so many findings: all beside a million."""
    return min(_ACCOUNTS, -(-findings * _ACCOUNTS // 1_000_000))


def _ids(accounts: int) -> list[str]:
    return [f"{600_000_000_000 + number:012d}" for number in range(accounts)]


def _cloud(accounts: int) -> Cloud:
    ids = _ids(accounts)
    cloud = Cloud.start(account=ids[0], region=_REGIONS[0])
    cloud.control.seed(
        {
            "administrator": ids[0],
            "accounts": [{"id": each} for each in ids],
            "regions": list(_REGIONS),
            "config": {
                "aggregators": [{"name": AGGREGATOR, "account": ids[0], "region": _REGIONS[0]}],
                "packs": [{"name": pack, "rules": list(RULES)} for pack in _PACKS],
                "own_rules": [],
                "without_results": 0.0,
            },
        }
    )
    return cloud


def _polled(environment: Environment, accounts: int) -> _Read:
    """Poll as the operator does, from the wire to what targets are scored by, and again."""
    os.environ.update(environment)
    # Which rules are whose is as in every poll but the first.
    known = {
        Place(account, region): {
            pack_id(account, region, pack).removeprefix("conformance-pack-"): pack for pack in _PACKS
        }
        for account in _ids(accounts)
        for region in _REGIONS
    }
    return asyncio.run(_poll(known))


async def _poll(known: KnownPacks) -> _Read:
    results, asked = RuleResults(), ResultsAsked(frozenset(_PACKS), frozenset())
    async with _config() as config:
        await config.aggregators()
        settle_heap()
        forget_peak()
        idle, began = resident(), cpu_seconds()
        for _ in range(_POLLS):
            gathered = await gather_results(config, AGGREGATOR, asked)
            results.stage(gathered.rows.picture(known, gathered.sources, ()))
            results.settle()
            del gathered
        taken = peak_resident() - idle
        return _Read(sum(1 for _ in results.cells()), cpu_seconds() - began, taken)


@asynccontextmanager
async def _config() -> AsyncIterator[AggregatorClient]:
    usage = Usage()
    # A clock on which the quota refills at once: here CPU is measured, not waiting.
    limiters = Limiters(1.0, monotonic=lambda: time.monotonic() * 1e6)
    async with Sessions(usage) as sessions:
        yield AggregatorClient(sessions, Identity(None, None, _REGIONS[0]), limiters, usage)


def _ours(environment: Environment, repetitions: int, pages: int | None) -> list[_Read]:
    """Read everything, or so many pages, again and again."""
    os.environ.update(environment)
    return asyncio.run(_read(repetitions, pages))


async def _read(repetitions: int, pages: int | None) -> list[_Read]:
    found = []
    async with _config() as config:
        await config.aggregators()
        settle_heap()
        for _ in range(repetitions):
            forget_peak()
            idle, began, rows, left = resident(), cpu_seconds(), 0, pages
            async for page in config.rule_rows(AGGREGATOR):
                rows += len(page)
                left = None if left is None else left - 1
                if left == 0:
                    break
            found.append(_Read(rows, cpu_seconds() - began, peak_resident() - idle))
    return found


def _boto3(environment: Environment, repetitions: int, pages: int | None) -> list[_Read]:
    """Do the same with boto3's paginator."""
    os.environ.update(environment)
    client = boto3.client("config")
    client.describe_configuration_aggregators()
    found = []
    for _ in range(repetitions):
        began, idle = cpu_seconds(), resident()
        listed = client.get_paginator("describe_aggregate_compliance_by_config_rules").paginate(
            ConfigurationAggregatorName=AGGREGATOR, PaginationConfig={"PageSize": RULES_A_PAGE}
        )
        rows = sum(len(page["AggregateComplianceByConfigRules"]) for page in islice(listed, pages))
        found.append(_Read(rows, cpu_seconds() - began, peak_resident() - idle))
    return found


_SIDES = {_OURS: _ours, _BOTO3: _boto3}

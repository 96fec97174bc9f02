"""A full read of what an aggregator of AWS Config says: calls, CPU a row, and memory.

1,000 accounts in 10 Regions have 3 packs of 40 rules each. All of it is read over HTTP, from an emulator that
puts empty pages between others, as AWS says that it does.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

import boto3

from bench.isolation import alone, cpu_seconds, forget_peak, peak_resident, resident
from bench.row import Aim, Row
from bench.sides import middle
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.config.client import RULES_A_PAGE, Config
from posture.process import settle_heap
from sandbox.cloud import Cloud
from sandbox.organization.packs import AGGREGATOR, RULES

_ACCOUNTS, _REGIONS, _PACKS = 1000, 10, 3
_COMPARED = 100
"""So many pages, of ours and boto3's reads, are compared."""
_REPETITIONS = 3
_REGION = "eu-west-1"
_OURS, _BOTO3 = "ours", "boto3"
_CALL = "DescribeAggregateComplianceByConfigRules"
Environment = Mapping[str, str]


class _Read(NamedTuple):
    """Rows, CPU seconds, and MiB above what was resident before."""

    rows: int
    cpu: float
    peak: float


def measure(findings: int) -> list[Row]:
    """Read everything once, and some pages several times, ours and boto3's."""
    accounts = _accounts_for(findings)
    with _cloud(accounts) as cloud:
        (whole,) = alone(_ours, cloud.env, 1, None)
        calls = cloud.control.call_total(_CALL)
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
            what="Resident memory of that read above the idle process, at most",
            unit="MiB",
            ours=whole.peak,
            aim=Aim("ours", "<=", 60),
        ),
        Row(
            measure="config",
            what="CPU a rule",
            unit="µs",
            ours=cpu[_OURS],
            beside=cpu[_BOTO3],
            beside_is="boto3's paginator, keeping nothing",
            aim=Aim("ratio", "<=", 1 / 2),
            samples=tuple(samples[_OURS]),
        ),
    ]


def _accounts_for(findings: int) -> int:
    """Return how many accounts there are beside so many findings: all beside a million."""
    return min(_ACCOUNTS, -(-findings * _ACCOUNTS // 1_000_000))


def _cloud(accounts: int) -> Cloud:
    ids = [f"{600_000_000_000 + number:012d}" for number in range(accounts)]
    cloud = Cloud.start(account=ids[0], region=_REGION)
    cloud.control.seed(
        {
            "administrator": ids[0],
            "accounts": [{"id": each} for each in ids],
            "regions": [_REGION, *(f"us-test-{number}" for number in range(1, _REGIONS))],
            "config": {
                "aggregators": [{"name": AGGREGATOR, "account": ids[0], "region": _REGION}],
                "packs": [
                    {"name": f"OrgConformsPack-{number}", "rules": list(RULES)} for number in range(_PACKS)
                ],
                "own_rules": [],
                "without_results": 0.0,
            },
        }
    )
    return cloud


def _ours(environment: Environment, repetitions: int, pages: int | None) -> list[_Read]:
    """Read everything, or so many pages, again and again."""
    os.environ.update(environment)
    return asyncio.run(_read(repetitions, pages))


async def _read(repetitions: int, pages: int | None) -> list[_Read]:
    usage = Usage()
    # A clock on which the quota refills at once: here CPU is measured, not waiting.
    limiters = Limiters(1.0, monotonic=lambda: time.monotonic() * 1e6)
    found = []
    async with Sessions(usage) as sessions:
        config = Config(sessions, Identity(None, None, _REGION), limiters, usage)
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

"""How much of AWS's quota a sweep uses, at a latency that no single chain of NextTokens could hide.

The floor is what the quota allows at best: its burst at once, then its rate, and the last call answered
at once.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from bench.cloud import as_aws, cloud_with
from bench.hub import Environment, stepped
from bench.isolation import alone
from bench.life import LATENCY
from bench.pages import PAGE
from bench.row import Aim, Row
from sandbox.securityhub.quotas import RATES

_FINDINGS = 60_000


def measure(findings: int) -> list[Row]:
    """Sweep once, with quotas, latency and `quotaShare: 1`."""
    count = min(findings, _FINDINGS)
    with cloud_with(count) as cloud, tempfile.TemporaryDirectory(prefix="bench-") as directory:
        as_aws(cloud.control, LATENCY)
        seconds, calls = alone(_sweep, Path(directory), cloud.env)
        throttled = sum(it["throttled"] for it in cloud.control.calls("GetFindings")["counts"])
    quota = RATES["GetFindings"]
    fewest = -(-count // PAGE)
    floor = (fewest - quota.burst) / quota.per_second
    return [
        Row(
            measure="sweep",
            what=f"Sweep of {count:,} findings at {LATENCY * 1000:.0f} ms a call, quotaShare 1",
            unit="findings/s",
            ours=count / seconds,
            beside=count / floor,
            beside_is="the quota's floor",
            aim=Aim("ratio", ">=", 0.98),
        ),
        Row(
            measure="sweep",
            what="Calls of that sweep",
            unit="calls",
            ours=calls,
            beside=fewest,
            beside_is="full pages",
        ),
        Row(measure="sweep", what="Throttled calls of that sweep", unit="calls", ours=throttled),
    ]


def _sweep(directory: Path, environment: Environment) -> tuple[float, int]:
    return asyncio.run(_sweep_in(directory, environment))


async def _sweep_in(directory: Path, environment: Environment) -> tuple[float, int]:
    async with stepped(directory, environment) as hub:
        began = time.perf_counter()
        await hub.sync.sweep()
        return time.perf_counter() - began, hub.source.calls.total()

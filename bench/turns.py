"""What a steady poll costs where much is suppressed, re-lists included: the exceptional set is read in turns.

An hour of polls is looked at, every five minutes. At a million findings each may read what the share of the
quota allows, at other sizes as much more or less. Everything that is asked of GetFindings meanwhile counts,
the hourly re-list too. What is suppressed fails, and was suppressed by the operator.
"""

import asyncio
import tempfile
from pathlib import Path

from bench.cloud import cloud_with
from bench.hub import Environment, Stepped, stepped
from bench.isolation import alone
from bench.row import Aim, Row
from posture.domain.time import MINUTE
from posture.sources.securityhub.sync import share_of
from sandbox.securityhub.client import ControlClient

_SHARES = (0.01, 0.15, 0.5)
_HEADLINE = 0.15
_POLLS, _INTERVAL = 12, 300
_MILLION = 1_000_000


def measure(findings: int) -> list[Row]:
    """Measure an hour with 1 %, 15 % and half of all findings suppressed."""
    rows = []
    for share in _SHARES:
        with (
            cloud_with(findings, suppressed=share) as cloud,
            tempfile.TemporaryDirectory(prefix="bench-") as at,
        ):
            calls, sweep, lag = alone(_live, Path(at), cloud.env, cloud.securityhub_url, findings)
        rows += [
            Row(
                measure="turns",
                what=f"Calls of a steady poll, all included, {share:.0%} of {findings:,} suppressed",
                unit="calls",
                ours=calls,
                beside=sweep,
                beside_is="the sweep",
                aim=Aim("ratio", "<=", 1 / 50) if share == _HEADLINE else None,
            ),
            Row(
                measure="turns",
                what="For how long a change without a note may go unseen then, at most",
                unit="min",
                ours=lag,
            ),
        ]
    return rows


def _live(
    directory: Path, environment: Environment, control_url: str, findings: int
) -> tuple[float, int, float]:
    return asyncio.run(_live_on(directory, environment, ControlClient(control_url), findings))


async def _live_on(
    directory: Path, environment: Environment, control: ControlClient, findings: int
) -> tuple[float, int, float]:
    """Return the calls of a poll on average, those of the sweep, and the longest lag in minutes."""
    async with stepped(directory, environment, within_quota=False) as hub:
        hub.sync.pages = share_of(_INTERVAL * 1_000_000 * findings // _MILLION)
        await hub.sync.sweep()
        sweep = hub.source.calls.total()
        # The first turn begins behind what the sweep has read.
        await _hours(hub, control)
        hub.source.calls.clear()
        lags = await _hours(hub, control)
        return hub.source.calls.total() / _POLLS, sweep, max(lags) / MINUTE


async def _hours(hub: Stepped, control: ControlClient) -> list[int]:
    lags = []
    for _ in range(_POLLS):
        control.clock(advance=_INTERVAL)
        if not await hub.sync.poll():
            raise RuntimeError("the poll did not end in an exact picture")
        lags.append(hub.sync.lag())
        if hub.sync.relist_due():
            await hub.sync.relist()
    return lags

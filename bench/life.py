"""The life of a hub of one size: swept, polled, changed, stopped, started again; for several measures."""

import asyncio
import gc
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.cloud import as_aws, change, cloud_with
from bench.hub import Environment, Started, Stepped, run_to_first_poll, stepped
from bench.isolation import MIB, alone, cpu_seconds, forget_peak, peak_resident, resident
from bench.lag import lag_meanwhile, p99
from sandbox.securityhub.client import ControlClient

LATENCY = 0.4
_CHANGED_SHARE = 0.01
_FEW = 100
_LONG_AGO = 3600.0
_PATIENCE = 600.0


class Swept(NamedTuple):
    """The first sweep, and the first score after it. Memory in MiB; CPU, lag and times in seconds.

    `lag_own`: the worst lag that the process itself can have caused.
    """

    idle: float
    settled: float
    peak: float
    seconds: float
    cpu: float
    calls: int
    score_seconds: float
    lag_p99: float
    lag_worst: float
    lag_own: float
    store_mib: float


class Polled(NamedTuple):
    """One poll with the evaluation after it: calls of GetFindings by what they are for, seconds."""

    changed: int
    calls: int
    relist_calls: int
    by_id_calls: int
    cpu: float
    seconds: float


class Life(NamedTuple):
    """Everything. `restart`: in seconds since the start of a new process."""

    findings: int
    swept: Swept
    share: Polled
    few: Polled
    restart: Started


@cache
def life_at(findings: int) -> Life:
    """Live it once; every measure that asks for the same size gets the same life."""
    _say(f"{findings:,} findings: filling the cloud")
    with cloud_with(findings) as cloud, tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory, control = Path(name), cloud.control
        _say(f"{findings:,} findings: a hub sweeps and polls them")
        swept, share, few = alone(_live, directory, cloud.env, cloud.securityhub_url, findings)
        _say(f"{findings:,} findings: it starts again")
        # The operator has run before: what it finds is what it has left.
        alone(_start, directory, cloud.env, time.time())
        as_aws(control, LATENCY)
        restart = alone(_start, directory, cloud.env, time.time())
    return Life(findings, swept, share, few, restart)


def _say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)


def _live(
    directory: Path, environment: Environment, control_url: str, findings: int
) -> tuple[Swept, Polled, Polled]:
    return asyncio.run(_live_on(directory, environment, ControlClient(control_url), findings))


async def _live_on(
    directory: Path, environment: Environment, control: ControlClient, findings: int
) -> tuple[Swept, Polled, Polled]:
    async with stepped(directory, environment, within_quota=False) as hub:
        swept = await _sweep(hub, directory)
        polls = []
        for count in (int(findings * _CHANGED_SHARE), min(_FEW, findings)):
            # What the sweep or the last poll has read is behind the next poll's overlap.
            control.clock(advance=_LONG_AGO)
            await _settle(hub)
            await asyncio.to_thread(change, control, count)
            polls.append(await _poll(hub, count))
        control.clock(advance=_LONG_AGO)
        await _settle(hub)
    return swept, polls[0], polls[1]


async def _sweep(hub: Stepped, directory: Path) -> Swept:
    gc.collect()
    idle = resident()
    forget_peak()
    async with lag_meanwhile() as lags:
        began, cpu = time.perf_counter(), cpu_seconds()
        await hub.sync.sweep()
        swept, swept_cpu = time.perf_counter(), cpu_seconds() - cpu
        calls = hub.source.calls.total()
        await _settle(hub)
        await hub.evaluate()
        scored = time.perf_counter()
    peak = peak_resident()
    gc.collect()
    return Swept(
        idle=idle,
        settled=resident(),
        peak=peak,
        seconds=swept - began,
        cpu=swept_cpu,
        calls=calls,
        score_seconds=scored - swept,
        lag_p99=p99(lags.late),
        lag_worst=max(lags.late),
        lag_own=max(lags.own),
        store_mib=await asyncio.to_thread(_size, directory),
    )


def _size(directory: Path) -> float:
    return sum(file.stat().st_size for file in directory.iterdir()) / MIB


async def _settle(hub: Stepped) -> None:
    """Do what is due, as the hub does between two polls, until what is known is exact."""
    while True:
        exact = await hub.sync.poll()
        if hub.sync.relist_due():
            await hub.sync.relist()
        elif hub.sync.sweep_due():
            await hub.sync.sweep()
        elif exact:
            return


async def _poll(hub: Stepped, changed: int) -> Polled:
    hub.source.calls.clear()
    began, cpu = time.perf_counter(), cpu_seconds()
    exact = await hub.sync.poll()
    await hub.evaluate()
    polled = Polled(
        changed=changed,
        calls=hub.source.calls["changes"],
        relist_calls=hub.source.calls["re-list"],
        by_id_calls=hub.source.calls["by id"],
        cpu=cpu_seconds() - cpu,
        seconds=time.perf_counter() - began,
    )
    if not exact:
        raise RuntimeError("the poll did not end in an exact picture")
    return polled


def _start(directory: Path, environment: Environment, began: float) -> Started:
    first_poll = run_to_first_poll(directory, environment)
    started = asyncio.run(asyncio.wait_for(first_poll, _PATIENCE))
    return Started(*(moment - began for moment in started))

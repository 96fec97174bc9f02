"""How late an event loop runs what is due: a timer much finer than the operator's own."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil

_EVERY = 0.005


@dataclass(slots=True)
class Lags:
    """What was measured, in seconds, one after the other.

    `late`: how late the loop was. `own`: of that, at most what this process can have caused, which is the CPU
    time that all its threads took meanwhile. The rest is a machine that had no CPU for it.
    """

    late: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)


@asynccontextmanager
async def lag_meanwhile() -> AsyncIterator[Lags]:
    """Measure this loop as long as the context lasts; what is yielded fills meanwhile."""
    lags = Lags()
    ticking = asyncio.create_task(_tick(lags))
    try:
        yield lags
        # What is under way counts too, however short all of it was.
        await asyncio.sleep(2 * _EVERY)
    finally:
        ticking.cancel()


def p99(values: Sequence[float]) -> float:
    """Return the smallest value that 99 % of all do not exceed."""
    return sorted(values)[ceil(len(values) * 0.99) - 1]


async def _tick(lags: Lags) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due, used = loop.time() + _EVERY, time.process_time()
        await asyncio.sleep(_EVERY)
        late = max(0.0, loop.time() - due)
        lags.late.append(late)
        lags.own.append(min(late, time.process_time() - used))

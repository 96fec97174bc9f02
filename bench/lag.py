"""How late an event loop runs what is due: a timer much finer than the operator's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from math import ceil

_EVERY = 0.005


@asynccontextmanager
async def lag_meanwhile() -> AsyncIterator[list[float]]:
    """Measure this loop as long as the context lasts; the list fills with seconds."""
    lags: list[float] = []
    ticking = asyncio.create_task(_tick(lags))
    try:
        yield lags
    finally:
        ticking.cancel()


def p99(values: Sequence[float]) -> float:
    """Return the smallest value that 99 % of all do not exceed."""
    return sorted(values)[ceil(len(values) * 0.99) - 1]


async def _tick(lags: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _EVERY
        await asyncio.sleep(_EVERY)
        lags.append(max(0.0, loop.time() - due))

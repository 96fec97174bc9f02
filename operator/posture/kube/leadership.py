"""Whether this replica leads: speaks for a hub, or for what belongs to none. One question for everybody."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Protocol

Leading = Callable[[], float]
"""For how many seconds this replica leads whatever happens; 0 when it does not lead, or cannot tell.

It is asked before each single write, which is given no longer than that: a permission that was asked for
earlier says nothing about now.
"""


def always() -> float:
    """Lead for ever, as where there is no other replica."""
    return math.inf


class LeaseTerm(Protocol):
    """One uninterrupted time of leading."""

    def leads(self) -> bool:
        """Tell whether it is going on."""
        ...

    def leading(self) -> float:
        """Seconds for which it goes on whatever happens; 0 when it is over."""
        ...

    def lost(self) -> Coroutine[None, None, None]:
        """Return as soon as it is over."""
        ...


class LeaseCandidate(Protocol):
    """A candidate for leading; `posture.kube.leases.Lease` is one."""

    @property
    def holder_seen(self) -> str:
        """Who led when that was last read."""
        ...

    async def run(self) -> None:
        """Compete until released."""
        ...

    async def acquired(self) -> LeaseTerm:
        """Return the term, once there is one."""
        ...

    async def release(self) -> None:
        """Leave it to others, after the work under it has stopped."""
        ...


async def acquired_while(candidate: LeaseCandidate, competing: asyncio.Task[None]) -> LeaseTerm:
    """Wait for the term of a candidate; raises what ends the task that competes for it, if that ends."""
    acquired = asyncio.ensure_future(candidate.acquired())
    try:
        await asyncio.wait({acquired, competing}, return_when=asyncio.FIRST_COMPLETED)
        if acquired.done():
            return acquired.result()
        competing.result()
        raise RuntimeError("the Lease is no longer competed for")
    finally:
        acquired.cancel()

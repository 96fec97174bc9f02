"""How long a Lease is held: its times as configured, and one uninterrupted time of holding it."""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

LONGEST_LEASE = 3600.0
"""Seconds that a Lease may last: nobody configures more, and nobody waits for longer."""


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """Seconds: others wait `duration`, the holder stops after `renew_deadline`, attempts are `retry` apart.

    Raises ValueError unless duration > renew_deadline > retry > 0: the holder must stop before others start;
    and where the duration is more than `LONGEST_LEASE`, for which nobody waits.
    """

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0

    def __post_init__(self) -> None:
        if not self.duration > self.renew_deadline > self.retry > 0:
            raise ValueError(
                "lease: duration must be longer than renewDeadline, and that longer than retry, but "
                f"they are {self.duration:g} s, {self.renew_deadline:g} s and {self.retry:g} s"
            )
        if self.duration > LONGEST_LEASE:
            raise ValueError(
                f"lease: duration is {self.duration:g} s, and must not be more than {LONGEST_LEASE:g} s"
            )

    @property
    def renew_every(self) -> float:
        """A third of the deadline: what the holder does finds most of it left, two failures are survived."""
        return self.renew_deadline / 3

    @property
    def within(self) -> float:
        """How long one call may take: half the deadline, so that another can follow one that hangs."""
        return self.renew_deadline / 2


class Term:
    """One uninterrupted time of holding a Lease. `leads` and `leading` may be asked from any thread."""

    def __init__(self, until: float, clock: Callable[[], float]) -> None:
        self._until = until
        self._clock = clock
        self._ended = asyncio.Event()

    def leads(self) -> bool:
        """Tell whether the Lease is held now, by the clock: a process that was paused finds it is not."""
        return self.leading() > 0

    def leading(self) -> float:
        """Seconds for which the Lease is held whatever happens, 0 when it is not."""
        return max(0.0, self._until - self._clock())

    async def lost(self) -> None:
        """Return as soon as the term is over, whether by the clock, by another holder, or by release."""
        while (left := self.leading()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._ended.wait()

    def _extend(self, until: float) -> None:
        self._until = max(self._until, until)

    def _end(self) -> None:
        self._until = -math.inf
        self._ended.set()

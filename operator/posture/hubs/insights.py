"""The insights that the targets of one hub ask for, read beside its polls by the holder of its Lease.

Each is read when somebody asks for it and every hour, at the pace of the hub's own quota; one that cannot be
read holds up no other. They are kept in memory only: a new holder reads them again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from posture.aws.client.errors import AwsError, Throttled
from posture.domain.insights import InsightResults
from posture.domain.time import HOUR
from posture.logs import bound, next_cycle
from posture.pace import BackOff

logger = logging.getLogger(__name__)

REFRESH = HOUR
"""How old one becomes before it is read again (µs)."""
BELIEVED = 2 * HOUR
"""How long what was read is told where it cannot be read again (µs)."""
_LOOK_EVERY = 60.0
_LONGEST_PAUSE = 300.0


class InsightStatus(NamedTuple):
    """How the reading of an insight stands."""

    results: InsightResults | None = None
    """What was read last; None while nothing was."""
    read_at: int = 0
    """When: µs by AWS's clock."""
    error: AwsError | None = None
    """What the last attempt failed with."""

    def believed(self, now: int) -> InsightResults | None:
        """Return what is told of it at a moment (µs)."""
        return self.results if self.read_at <= now <= self.read_at + BELIEVED else None


class InsightReadings:
    """The insights of one hub, by ARN. For the event loop's thread.

    `read`: reads one, and raises AwsError; None: nobody asks for any. `now`: the time (µs) by AWS's clock.
    `told`: called with how all of them stand whenever that changes. `first_pause`: seconds before one that
    failed is tried again for the first time.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[InsightResults]] | None,
        now: Callable[[], int],
        told: Callable[[Mapping[str, InsightStatus]], None],
        first_pause: float,
    ) -> None:
        self._read = read
        self._now = now
        self._told = told
        self._first_pause = first_pause
        self._statuses: dict[str, InsightStatus] = {}
        self._pauses: dict[str, BackOff] = {}
        self._not_before: dict[str, float] = {}
        self._hurried: set[str] = set()
        self._wake = asyncio.Event()

    def ask(self, arns: Iterable[str]) -> None:
        """Say which ones all targets ask for from now on."""
        asked = sorted(set(arns)) if self._read is not None else []
        if asked == sorted(self._statuses):
            return
        self._statuses = {arn: self._statuses.get(arn, InsightStatus()) for arn in asked}
        self._pauses = {arn: each for arn, each in self._pauses.items() if arn in self._statuses}
        self._not_before = {arn: each for arn, each in self._not_before.items() if arn in self._statuses}
        self._wake.set()

    def hurry(self) -> None:
        """Have all of them read again at once: somebody asks."""
        self._hurried = set(self._statuses)
        self._not_before.clear()
        self._wake.set()

    async def run(self) -> None:
        """Read what is due, until cancelled."""
        while True:
            # What was told may have been forgotten meanwhile.
            self._told(dict(self._statuses))
            self._wake.clear()
            with bound(cycle=next_cycle()):
                pause = await self._attempt()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _attempt(self) -> float:
        """Read what is due; return the seconds until the next look."""
        for arn in self._due():
            try:
                await self._try(arn)
            except Throttled:
                # The others would wait as long for nothing.
                break
            except Exception:
                # Scores do not end with it.
                logger.exception("Reading insight %s crashed (a bug in the operator); trying again", arn)
                self._not_before[arn] = self._later(_LONGEST_PAUSE)
        steady = asyncio.get_running_loop().time()
        return min([_LOOK_EVERY, *(max(0.0, at - steady) for at in self._not_before.values())])

    async def _try(self, arn: str) -> None:
        """Read one, and say how it stands. Raises Throttled."""
        before = self._statuses.get(arn)
        if self._read is None or before is None:
            return
        began = self._now()
        self._hurried.discard(arn)
        try:
            results = await self._read(arn)
        except AwsError as error:
            pause = self._pauses.setdefault(arn, BackOff(self._first_pause)).after(error, _LONGEST_PAUSE)
            self._not_before[arn] = self._later(pause)
            if str(before.error) != str(error):
                logger.warning("Insight %s could not be read: %s", arn, error)
            self._stands(arn, before._replace(error=error))
            if isinstance(error, Throttled):
                raise
        else:
            self._pauses.pop(arn, None)
            self._not_before.pop(arn, None)
            if before.error is not None:
                logger.info("Insight %s is read again", arn)
            self._stands(arn, InsightStatus(results, began))

    def _stands(self, arn: str, status: InsightStatus) -> None:
        # Nobody may ask for it any more.
        if arn in self._statuses:
            self._statuses[arn] = status
            self._told(dict(self._statuses))

    def _due(self) -> list[str]:
        """Return those that are to be read, the ones first that were read the longest ago."""
        now, steady = self._now(), asyncio.get_running_loop().time()
        due = [
            arn
            for arn, each in self._statuses.items()
            if self._not_before.get(arn, 0.0) <= steady
            and (
                each.results is None
                or each.error is not None
                or arn in self._hurried
                or not now - REFRESH < each.read_at <= now
            )
        ]
        return sorted(due, key=lambda arn: (self._statuses[arn].read_at, arn))

    def _later(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds

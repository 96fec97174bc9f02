"""Work beside the polls: each kind at most once at a time, and again after a pause when it fails."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from enum import Enum

from posture.aws.errors import AwsError
from posture.hubs.bulletin import Bulletin
from posture.hubs.pacing import BackOff


class Outcome(Enum):
    """What became of the jobs that have ended since the last look."""

    NONE = "none"
    WELL = "well"
    FAILED = "failed"


class Jobs:
    """The jobs of one hub. `first_pause`: seconds before a failed one is tried again for the first time."""

    def __init__(self, bulletin: Bulletin, first_pause: float) -> None:
        self._bulletin = bulletin
        self._running: dict[str, asyncio.Task[None]] = {}
        self._not_before: dict[str, float] = {}
        self._pauses: dict[str, BackOff] = defaultdict(lambda: BackOff(first_pause))

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """What is under way."""
        return set(self._running.values())

    def start(self, work: str, run: Callable[[], Coroutine[None, None, None]]) -> None:
        """Start a job, unless it is under way or pauses."""
        if work not in self._running and self._pause_of(work) <= 0:
            self._running[work] = asyncio.create_task(run())

    def next_start(self) -> float | None:
        """Return the seconds until a pause ends; None when none does."""
        pauses = [self._pause_of(work) for work in self._not_before if work not in self._running]
        return min((pause for pause in pauses if pause > 0), default=None)

    def reap(self, interval: float) -> Outcome:
        """Take in the jobs that have ended. `interval`: seconds that the longest pause takes."""
        outcome = Outcome.NONE
        for work, job in list(self._running.items()):
            if not job.done():
                continue
            del self._running[work]
            try:
                job.result()
            except AwsError as error:
                self._not_before[work] = time.monotonic() + self._pauses[work].after(error, interval)
                self._bulletin.failed(work, error)
                outcome = Outcome.FAILED if outcome is Outcome.NONE else outcome
            else:
                self._pauses[work].succeeded()
                self._bulletin.succeeded(work)
                outcome = Outcome.WELL
        return outcome

    def hurry(self) -> None:
        """End all pauses: somebody asks for a run at once."""
        self._not_before.clear()

    async def stop(self) -> None:
        """Cancel what is under way, and wait for it."""
        running = self.tasks
        self._running.clear()
        for job in running:
            job.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _pause_of(self, work: str) -> float:
        return self._not_before.get(work, 0.0) - time.monotonic()

"""Runs a hub whose store is open: polls at their pace, and the work that is due beside them.

Of that work each kind runs once at a time, and again after a pause when it fails.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any

from posture.aws.client.errors import AwsError
from posture.domain.time import SECOND
from posture.hubs.demand import Requests, Wanted
from posture.hubs.listening import Heard
from posture.hubs.status import HubPhase, StatusPublisher
from posture.logs import bound, next_cycle
from posture.pace import BackOff
from posture.sources.base import Hearing, Source, SourceDemand

_PROGRESS_EVERY = 5.0
_POLL, _DISCOVERY, _SEARCH = "poll", "discovery", "search for marks"

logger = logging.getLogger(__name__)


class Cycle:
    """Runs a source for whoever asks. Raises StoreError; AwsError is posted, and tried again.

    `resume`: whether what is stored may be shown before the first poll: it is the newest that was known.
    """

    def __init__(
        self,
        now: Callable[[], int],
        source: Source,
        requests: Requests,
        publisher: StatusPublisher,
        heard: Heard,
        *,
        first_pause: float,
        resume: bool = True,
    ) -> None:
        self._now = now
        self._source = source
        self._requests = requests
        self._publisher = publisher
        self._heard = heard
        self._jobs = Jobs(publisher, first_pause)
        self._pauses = BackOff(first_pause)
        self._due = 0.0
        self._resumed = not resume
        self._served = 0

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                # A re-list or a sweep carries the round that began it.
                with bound(cycle=next_cycle()):
                    ticket = self._requests.begun()
                    if self._requests.wanted is None:
                        await self._idle(ticket)
                    else:
                        await self._go(self._requests.wanted, ticket)
                        await self._rest(self._requests.wanted, ticket)
        finally:
            await self._jobs.stop()

    async def _idle(self, ticket: int) -> None:
        """Nobody asks: nothing is called, and what was known stays known."""
        await self._jobs.stop()
        self._requests.ended(ticket)
        self._publisher.post(phase=HubPhase.IDLE, next_time=None, interval_seconds=None)
        await self._requests.woken()

    async def _go(self, wanted: Wanted, ticket: int) -> None:
        """Run once: facts where they are old, and a poll."""
        source, started = self._source, time.monotonic()
        interval = wanted.interval / SECOND
        asked, anew = self._requests.thorough, self._requests.thorough > self._served
        if anew:
            self._jobs.hurry()
        try:
            await source.follow(
                SourceDemand(
                    wanted.products,
                    self._requests.windows(),
                    wanted.interval,
                    wanted.full_sync,
                    self._requests.owners,
                    wanted.failed,
                    wanted.outlets,
                    wanted.asked,
                )
            )
            await self._resume(wanted)
            discovered = await self._discover(anew=anew)
            self._served = asked if discovered else self._served
            await self._search()
            published = await source.poll()
        except AwsError as error:
            self._due = time.monotonic() + self._pauses.after(error, interval)
            self._publisher.failed(_POLL, error)
            self._requests.ended(ticket)
            return
        self._due = started + interval
        self._pauses.succeeded()
        self._publisher.succeeded(_POLL)
        if source.ready:
            self._requests.ended(ticket)
        if published:
            self._requests.published(ticket)
        self._post(wanted, **(self._success(time.monotonic() - started) if published else {}))

    async def _resume(self, wanted: Wanted) -> None:
        """Begin with what is stored, where it is whole: as of the last poll of the process before."""
        if self._resumed:
            return
        facts = await self._source.resume()
        if facts is not None:
            self._post(wanted, facts=facts)
        self._resumed = True

    async def _discover(self, *, anew: bool) -> bool:
        """Bring the facts up to date; False where they are still those of before, although they are due."""
        facts, error = await self._source.discover(anew=anew)
        if error is None:
            self._publisher.succeeded(_DISCOVERY)
        else:
            self._publisher.failed(_DISCOVERY, error)
        known = self._publisher.status.facts
        if known != facts:
            for advice in facts.missing:
                if known is None or advice not in known.missing:
                    logger.warning("%s", advice)
            self._publisher.post(facts=facts)
        return error is None

    async def _search(self) -> None:
        """Look for marks of ours where nobody looks."""
        try:
            await self._source.search()
        except AwsError as error:
            self._publisher.failed(_SEARCH, error)
        else:
            self._publisher.succeeded(_SEARCH)

    async def _rest(self, wanted: Wanted, ticket: int) -> None:
        """Wait until the next poll is due, somebody asks for it, or a job has ended well.

        Meanwhile what events bring is published as it comes: never beside a poll, which may be half read.
        """
        woken = asyncio.create_task(self._requests.woken())
        heard = asyncio.create_task(self._heard.due())
        try:
            while not woken.done():
                outcome = self._jobs.reap(wanted.interval / SECOND)
                if outcome is JobOutcome.FAILED and not self._source.ready:
                    self._requests.ended(ticket)
                self._start_jobs()
                left = self._due - time.monotonic()
                if outcome is JobOutcome.WELL or left <= 0:
                    return
                if not self._source.ready:
                    self._post(wanted)
                    left = min(left, _PROGRESS_EVERY)
                left = min(left, self._jobs.next_start() or left)
                await asyncio.wait(
                    {woken, heard, *self._jobs.tasks}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if heard.done():
                    await self._show(wanted)
                    heard = asyncio.create_task(self._heard.due())
        finally:
            woken.cancel()
            heard.cancel()

    async def _show(self, wanted: Wanted) -> None:
        """Publish what events have brought."""
        if isinstance(self._source, Hearing) and await self._heard.show(self._source):
            self._post(wanted)

    def _start_jobs(self) -> None:
        """Start what is due."""
        for name, work in self._source.due():
            self._jobs.start(name, work)

    def _left(self) -> int:
        """Return the µs until the next poll is due."""
        return max(0, int((self._due - time.monotonic()) * SECOND))

    def _success(self, seconds: float) -> dict[str, Any]:
        """Return what to say of the poll that has just published."""
        counts = self._source.counted()
        return {
            "last_success": self._source.report().latest,
            "calls": counts.calls,
            "changed": counts.changed,
            "duration_seconds": seconds,
        }

    def _post(self, wanted: Wanted, **more: Any) -> None:  # noqa: ANN401 - fields of HubStatus
        """Post how the source stands."""
        report, published = self._source.report(), self._source.published
        changes: dict[str, Any] = {
            "progress": report.progress,
            "read": report.read,
            "interval_seconds": wanted.interval / SECOND,
            "suspicious": report.suspicious,
            "withheld": report.withheld,
            "last_full": report.last_full,
            "next_time": self._now() + self._left(),
            "lag_seconds": report.lag / SECOND,
            "marks_known": report.marks_known,
            "corrections": report.corrections,
        }
        if published is not None:
            changes |= {
                "exact_at": published.exact_at,
                "last_success": self._publisher.status.last_success or published.exact_at,
                "version": published.version,
                "findings": published.findings,
                "rejected": published.rejected,
                "rejected_findings": published.rejected_findings,
                "unreadable": published.unreadable,
                "unreadable_findings": published.unreadable_findings,
            }
        if published is not None:
            self._heard.published.set()
        self._publisher.post(
            phase=HubPhase.SYNCING if published is None else HubPhase.CURRENT, **changes | more
        )


async def side_by_side(*work: Coroutine[Any, Any, None]) -> None:
    """Do all of this at once; none of it ends by itself, and what one raises ends the others."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()


class JobOutcome(Enum):
    """What became of the jobs that have ended since the last look."""

    NONE = "none"
    WELL = "well"
    FAILED = "failed"


class Jobs:
    """The jobs of one hub. `first_pause`: seconds before a failed one is tried again for the first time."""

    def __init__(self, publisher: StatusPublisher, first_pause: float) -> None:
        self._publisher = publisher
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

    def reap(self, interval: float) -> JobOutcome:
        """Take in the jobs that have ended. `interval`: seconds that the longest pause takes."""
        outcome = JobOutcome.NONE
        for work, job in list(self._running.items()):
            if not job.done():
                continue
            del self._running[work]
            try:
                job.result()
            except AwsError as error:
                self._not_before[work] = time.monotonic() + self._pauses[work].after(error, interval)
                self._publisher.failed(work, error)
                outcome = JobOutcome.FAILED if outcome is JobOutcome.NONE else outcome
            else:
                self._pauses[work].succeeded()
                self._publisher.succeeded(work)
                outcome = JobOutcome.WELL
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

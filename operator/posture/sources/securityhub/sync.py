"""The sync of one hub: which reading is due when, and when all that is known is exact.

The promise: provider changes are in after the next poll, and so are changes by hand, whatever they leave of a
finding, while all that is exceptional can be read at each poll; where it is read in turns, those without a
note are in after a turn (`lag`), as is archival or deletion of what is suppressed. That of what else is not
PASSED is in after the re-list that runs every hour, everything else after the next sweep. A picture that
cannot keep it, because a re-list or a sweep is long overdue or has found too much gone, is not published.

A poll reads the changes: all findings whose `UpdatedAt` is after the last poll's start, less an overlap for
what comes late, and those whose note is: what a person or a program changes by hand, and says why, whatever
set it is in.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from posture.aws.client.clock import BELIEVED_AHEAD
from posture.aws.client.limiter import published
from posture.domain.outbox import Outlet
from posture.domain.text import counted
from posture.domain.time import DAY, MINUTE, SECOND
from posture.sources.failed_cache import FailedLimits
from posture.sources.findings_view import KeptValues, Published
from posture.sources.securityhub.context import Bounds, Reading, SyncContext
from posture.sources.securityhub.listing import PAGES_ALONE
from posture.sources.securityhub.progress import CHANGES, POLLS, SWEEP, listing
from posture.sources.securityhub.queries import everything, noted
from posture.sources.securityhub.relist import Exceptional, Marks, relist_not_passed
from posture.sources.securityhub.sweep import begin, sweep
from posture.sources.securityhub.windows import EPOCH
from posture.store.records import Written

logger = logging.getLogger(__name__)

_SHARE = 0.1
"""Which part of the quota re-lists of the exceptional set may take."""


def share_of(interval: int) -> int:
    """Return how many pages of the exceptional set each poll may read: a tenth of what AWS allows (µs)."""
    per_second = published("securityhub", "GetFindings").per_second
    return max(1, int(_SHARE * per_second * interval / SECOND))


@dataclass(slots=True)
class Sync:
    """Polls, re-lists and sweeps in one context.

    A poll, a re-list and a sweep may be under way at once, but only one of each. Whatever raises AwsError has
    kept its progress and goes on when it is called again. After a StoreError, or a cancellation, the sync is
    to be made anew from what is stored.
    """

    context: SyncContext
    windows: frozenset[int] = frozenset()
    failed: frozenset[FailedLimits] = frozenset()
    full_sync: int = DAY
    pages: int = share_of(5 * MINUTE)
    exact_products: frozenset[str] = frozenset()
    published: Published | None = None
    withheld: bool = False
    marks: Marks = field(default_factory=Marks)
    _told: tuple[frozenset[Outlet], frozenset[str]] | None = None
    beside: Callable[[], Awaitable[None]] | None = None
    """What else a poll reads, before it publishes."""
    _exceptional: Exceptional = field(default_factory=Exceptional)
    _reading: Reading | None = None
    _progress: float = field(default=0.0)

    @property
    def ready(self) -> bool:
        """The first sweep is complete."""
        return bool(self.context.progress.done.products)

    async def want(self, products: Collection[str]) -> None:
        """Follow these products, and those in which a mark of ours is left; forget all others."""
        asked = frozenset(products)
        wanted = asked | await self.marks.beside(self.context, asked)
        if self.context.wanted == wanted:
            return
        if not self.context.wanted <= wanted:
            self.marks.search_anew()
        self.context.wanted = wanted
        self.context.progress.want(wanted)
        self.exact_products &= wanted
        state = self.context.progress.stored(POLLS, SWEEP)
        await self.context.worker.call(self.context.findings.purge, wanted, state)

    async def tell(self, outlets: Collection[Outlet]) -> None:
        """Have these outputs told of changes; of what a first sweep finds, those that ask for it."""
        outbox, announced = self.context.findings.outbox, frozenset(self.context.progress.done.products)
        asked = frozenset(outlets)
        # Followed once, so that what waited for outputs that are no more is let go of.
        if self._told == (asked, announced):
            return
        lost = await self.context.worker.call(outbox.follow, asked, announced)
        self._told = asked, announced
        if lost:
            logger.warning(
                "Outputs that no target uses any more: %s dropped", counted(lost, "event was", "events were")
            )

    async def resume(self, now: int) -> bool:
        """Publish what is stored, as of the last complete poll; False where that is not whole, or not past.

        What was written after that poll is newer truth, unless a poll was interrupted, which is then half
        applied.
        """
        context, done = self.context, self.context.progress.done
        whole = done.products and done.polled is not None and context.progress.changes is None
        if not whole or done.polled is None or done.polled - now > BELIEVED_AHEAD or self._owes(done.polled):
            return False
        await self._publish(done.polled, {})
        return True

    async def poll(self) -> bool:
        """Read changes, notes and the exceptional set; publish, and return True, where the picture is exact.

        Before the first sweep has begun there is nothing to poll from, and until it has ended nothing to
        publish: what changes meanwhile is read after it, at once. One that was interrupted is brought to its
        end, and what has changed since it began is read too: its picture would be of two moments, maybe hours
        apart.
        """
        context, done = self.context, self.context.progress.done
        if not done.products:
            return False
        interrupted = context.progress.changes is not None
        started = await read_changes(context)
        await read_noted(context)
        if interrupted:
            done.polled, context.progress.changes = started, None
            started = await read_changes(context)
            await read_noted(context)
        await self._exceptional.relist(context, self.pages, self.marks.owners)
        done.polled, context.progress.changes = started, None
        state = context.progress.stored(POLLS, CHANGES)
        self.withheld = self._owes(started)
        if self.withheld:
            await context.worker.call(context.findings.kept.put_state, state)
            return False
        if self.beside is not None:
            await self.beside()
        await self._publish(started, state)
        return True

    async def show(self) -> bool:
        """Publish what has come in since the last poll, as of that poll; False where that has to wait.

        The moment stays, so that a score is never newer than the last time that everything was asked for.
        What a poll has left half read is not shown, nor anything while the picture is withheld.
        """
        if self.published is None or self.withheld or self.context.progress.changes is not None:
            return False
        if self._owes(self.published.exact_at):
            return False
        await self._publish(self.published.exact_at, {})
        return True

    def sweep_due(self) -> bool:
        """Whether a sweep is to begin or to go on: by AWS's clock at the last poll."""
        context, done = self.context, self.context.progress.done
        if not context.wanted:
            return False
        return (
            context.progress.sweep is not None
            or not context.wanted <= done.products
            or done.suspicious is not None
            or self._full_due()
        )

    async def sweep(self) -> None:
        """Sweep, from where it was interrupted."""
        done = self.context.progress.done
        under_way = self.context.progress.sweep
        if under_way is None or not under_way.credited:
            new = self.context.wanted - done.products
            only_new = done.products and new and done.suspicious is None and not self._full_due()
            under_way = begin(self.context, full=not only_new)
        await sweep(self.context, under_way, self._watch)

    def relist_due(self) -> bool:
        """Whether the hourly re-list is to begin or to go on: by AWS's clock at the last poll."""
        done = self.context.progress.done
        if not done.products or done.polled is None:
            return False
        return (
            self.context.progress.relist is not None
            or _since(done.relisted, done.polled) >= self.context.bounds.relist
        )

    async def relist(self) -> None:
        """Re-list what is not PASSED, from where it was interrupted.

        All of it where that is owed, as after a long pause: a turn may take longer.
        """
        polled = self.context.progress.done.polled
        owed = polled is None or self._owes(polled)
        await relist_not_passed(self.context, beside=not owed)

    def progress(self) -> float:
        """About which part of the first sweep has been read, 0 to 1, never less than before; then 1."""
        if self.context.progress.done.products:
            return 1.0
        if self._reading is not None:
            self._progress = max(self._progress, self._reading.progress())
        return self._progress

    async def _publish(self, exact_at: int, state: KeptValues) -> None:
        products = frozenset(self.context.progress.done.products)
        findings = self.context.findings
        self.published = await self.context.worker.call(
            findings.publish, exact_at, self.windows, state, self.failed
        )
        self.exact_products = products & self.context.wanted

    def lag(self) -> int:
        """Return for how long (µs) a change by hand without a note may have gone unseen at the last poll.

        0 where it read all of the exceptional set, which is a turn that it began itself.
        """
        done = self.context.progress.done
        if done.polled is None:
            return 0
        return max(0, done.polled - max(done.rotated or 0, done.swept or 0))

    def _watch(self, reading: Reading) -> None:
        self._reading = reading

    def _full_due(self) -> bool:
        done = self.context.progress.done
        return done.polled is not None and _since(done.swept, done.polled) >= self.full_sync

    def _owes(self, now: int) -> bool:
        """Whether the promise is broken: nobody has looked for absence in too long, as after a long pause."""
        done, bounds = self.context.progress.done, self.context.bounds
        return (
            done.suspicious is not None
            or _overdue(done.relisted, bounds.relist, done.relist_took, now)
            or _overdue(done.swept, max(self.full_sync, DAY), done.sweep_took, now)
        )


def _since(at: int | None, now: int) -> int:
    return now if at is None else now - at


def _overdue(at: int | None, interval: int, took: int, now: int) -> bool:
    """Whether the last one began so long ago that the next one, begun on time, would be over twice."""
    return _since(at, now) > interval + max(interval, 2 * took)


async def read_changes(context: SyncContext) -> int:
    """Read what has been updated since the last poll; return the start (µs by AWS's clock).

    Nothing is filtered by RecordState or Workflow: what changes must not leave the listing by that. It goes
    on from where it was interrupted, unless other products are asked for now.
    """
    progress, wanted = context.progress, context.wanted
    polled = _polled(context)
    queries = everything(wanted)
    if progress.changes is None or progress.changes.products != wanted:
        since = max(EPOCH, polled - overlap(progress.done.late, polled, context.bounds))
        progress.changes = listing(wanted, len(queries), since=since)
    latest = 0

    def note_late(taken: Written) -> None:
        nonlocal latest
        if taken.news is not None:
            latest = max(latest, polled - taken.news)

    reading = Reading(
        context, progress.changes, queries, keys=(CHANGES,), patience=PAGES_ALONE, on_taken=note_late
    )
    started = await reading.run()
    if wanted <= progress.done.products:
        progress.done.late = remembered_changes(progress.done.late, started, latest, context.bounds)
    return started


async def read_noted(context: SyncContext) -> None:
    """Read what has had a note written since the last complete poll, with the same overlap."""
    done, wanted = context.progress.done, context.wanted
    polled = _polled(context)
    queries = noted(wanted, max(EPOCH, polled - overlap(done.late, polled, context.bounds)))
    await Reading(context, listing(wanted, len(queries)), queries, patience=PAGES_ALONE).run()


def _polled(context: SyncContext) -> int:
    """Return the start of the last complete poll (µs), by the clock that shows the earliest time.

    A clock that was set forward by answers that agree on a wrong time makes changes seem older than the poll.
    """
    polled = context.progress.done.polled
    return EPOCH if polled is None else polled - context.set_forward()


def overlap(late: Sequence[tuple[int, int]], now: int, bounds: Bounds) -> int:
    """Return how far before the last poll's start the next one begins (all in µs).

    Twice as far as findings were seen to come late within a day, so that what comes later still is noticed,
    up to a limit: what comes later than that is what the re-list and the sweep are for.
    """
    latest = max((by for at, by in late if at > now - DAY), default=0)
    return min(max(bounds.overlap, 2 * latest), bounds.longest_overlap)


def remembered_changes(
    late: Sequence[tuple[int, int]], now: int, by: int, bounds: Bounds
) -> list[tuple[int, int]]:
    """Return the late arrivals to remember, of which `by` (µs) was seen `now`.

    Those are kept that make the overlap longer than it is anyway, for a day, and only until one is as late.
    """
    kept = [(at, other) for at, other in late if at > now - DAY and other > by]
    return [*kept, (now, by)] if 2 * by > bounds.overlap else kept

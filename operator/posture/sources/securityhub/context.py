"""What every kind of reading of a hub shares, and a listing that is read to its end.

A context says where is read from, where is stored, and what is counted. A `Reading` stores the progress of
its listing in the transaction of each page.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from posture.aws.securityhub.wire import FindingsPage
from posture.domain.time import HOUR, MINUTE
from posture.sources.findings_view import FindingsView, take_refs
from posture.sources.securityhub.coverage import Coverage
from posture.sources.securityhub.listing import FindingsSource, Pace, Scan
from posture.sources.securityhub.progress import LATEST, Listing, SyncProgress
from posture.sources.securityhub.queries import Filters
from posture.sources.thread import Worker
from posture.store.records import FindingRef, Written

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What keeps a hub exact, in µs and counts."""

    overlap: int = 15 * MINUTE
    """How far a poll reaches back before the start of the last one, at least."""
    longest_overlap: int = HOUR
    """And at most."""
    relist: int = HOUR
    """Between re-lists of what is not PASSED."""
    facts: int = 15 * MINUTE
    """Between discoveries."""
    gone: int = 20
    """How many rows may be gone at once before that is suspicious (with `gone_share`: both exceeded)."""
    gone_share: float = 0.05
    """Which part of them."""


@dataclass(slots=True)
class SyncTally:
    """Counts since the process took up the hub, but for `calls` and `changed`: since the last poll's end."""

    calls: int = 0
    changed: int = 0
    read: int = 0
    corrections: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class SyncContext:
    """Reads from a source into what is known, for the products that are wanted."""

    source: FindingsSource
    worker: Worker
    findings: FindingsView
    progress: SyncProgress
    bounds: Bounds
    wanted: frozenset[str] = frozenset()
    pace: Pace = field(default_factory=Pace)
    tally: SyncTally = field(default_factory=SyncTally)
    latest: int = 0
    """Start of the last request that was answered, µs by AWS's clock."""
    set_forward: Callable[[], int] = lambda: 0
    """By how much (µs) that clock was set forward lately: what has changed since may seem that much older."""

    async def take(
        self, pages: Sequence[FindingsPage], *, cursor: int | None = None, keys: Sequence[str] = ()
    ) -> Written:
        """Store pages and, in the same transaction, the progress under these keys.

        They are handed over before this first yields to the event loop.
        """
        self.tally.calls += len(pages)
        self.tally.read += sum(len(page.findings) for page in pages)
        self.latest = max(self.latest, *(page.asked_at for page in pages))
        state = {**self.progress.stored(*keys), LATEST: str(self.latest)}
        taken = await self.worker.call(self.findings.take, pages, self.wanted, cursor=cursor, state=state)
        self.tally.changed += taken.changed
        self.tally.corrections.update(taken.corrections)
        for each in taken.rejected:
            logger.warning("finding %s of account %s is left out: %s", each.id, each.account_id, each.why)
        for each in taken.unreadable:
            logger.warning("finding %s of account %s: %s", each.id, each.account_id, each.why)
        return taken

    async def take_refs(self, refs: Iterator[FindingRef], n: int) -> list[FindingRef]:
        """Take up to n from an iterator of the store."""
        return await self.worker.call(take_refs, refs, n)


class Reading:
    """Reads `listing` on from where it is. `keys`: of the progress that each page is stored with.

    `cursor` gives what the store's corrections are counted by. `on_started` is told the start of the first
    request before its page is stored, `on_taken` what each page changed.
    """

    def __init__(
        self,
        context: SyncContext,
        listing: Listing,
        queries: Sequence[Filters],
        *,
        keys: Sequence[str] = (),
        patience: int = 1,
        cursor: Callable[[], int | None] = lambda: None,
        on_started: Callable[[int], None] = lambda _: None,
        on_taken: Callable[[Written], None] = lambda _: None,
    ) -> None:
        self._context = context
        self._listing = listing
        self._keys = keys
        self._cursor = cursor
        self._on_started = on_started
        self._on_taken = on_taken
        self._arrived: list[FindingsPage] = []
        self._storing = asyncio.Lock()
        self._cut_off = False
        self._coverages = [Coverage(windows, patience=patience) for windows in listing.parts]
        self._coverages[0].findings += listing.findings
        self._scan = Scan(context.source, context.pace, queries, self._coverages)

    async def run(self, pages: int | None = None) -> int:
        """Read to the end, or about so many pages.

        Returns the start of the listing's first request (µs by AWS's clock).
        """
        await self._scan.run(self._sink, pages)
        return self._listing.started or self._context.latest

    @property
    def done(self) -> bool:
        """Everything has been read."""
        return all(coverage.done for coverage in self._coverages)

    @property
    def calls(self) -> int:
        """Pages that have been read."""
        return self._scan.calls

    def progress(self) -> float:
        """About which part has been read, 0 to 1."""
        return sum(coverage.progress() for coverage in self._coverages) / len(self._coverages)

    async def _sink(self, page: FindingsPage) -> None:
        """Store a page, together with those that arrived while the one before was being stored.

        What counts as read is said when pages are handed over. Where that fails or is cut off nothing more is
        handed over, because it would vouch for what is lost: the next reading reads it again.
        """
        self._arrived.append(page)
        async with self._storing:
            if self._cut_off or not any(page is arrived for arrived in self._arrived):
                return
            pages, self._arrived = self._arrived, []
            self._cut_off = True
            self._note(pages[0].asked_at)
            taken = await self._context.take(pages, cursor=self._cursor(), keys=self._keys)
            self._cut_off = False
            self._on_taken(taken)

    def _note(self, asked_at: int) -> None:
        """Note in the listing how far it has been read."""
        listing = self._listing
        if listing.started is None:
            listing.started = asked_at
            self._on_started(asked_at)
        listing.parts = [list(coverage.windows()) for coverage in self._coverages]
        listing.findings = sum(coverage.findings for coverage in self._coverages)

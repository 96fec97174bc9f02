"""A listing under way: read to its end by chains, its progress stored in the transaction of each page."""

import asyncio
from collections.abc import Callable, Sequence

from posture.aws.securityhub import FindingsPage
from posture.hubs.coverage import Coverage
from posture.hubs.desk import Desk
from posture.hubs.known import Taken
from posture.hubs.progress import Listing
from posture.hubs.queries import Filters
from posture.hubs.scan import Scan


class Reading:
    """Reads `listing` on from where it is. `keys`: of the progress that each page is stored with.

    `cursor` gives what the store's corrections are counted by. `on_started` is told the start of the first
    request before its page is stored, `on_taken` what each page changed.
    """

    def __init__(
        self,
        desk: Desk,
        listing: Listing,
        queries: Sequence[Filters],
        *,
        keys: Sequence[str] = (),
        patience: int = 1,
        cursor: Callable[[], int | None] = lambda: None,
        on_started: Callable[[int], None] = lambda _: None,
        on_taken: Callable[[Taken], None] = lambda _: None,
    ) -> None:
        self._desk = desk
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
        self._scan = Scan(desk.source, desk.pace, queries, self._coverages)

    async def run(self, pages: int | None = None) -> int:
        """Read to the end, or about so many pages.

        Returns the start of the listing's first request (µs by AWS's clock).
        """
        await self._scan.run(self._sink, pages)
        return self._listing.started or self._desk.latest

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
            taken = await self._desk.take(pages, cursor=self._cursor(), keys=self._keys)
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

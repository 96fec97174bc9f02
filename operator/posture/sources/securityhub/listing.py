"""Reads a listing to its end: as many chains of NextTokens at once as it takes to use the quota.

`Ordered` sends requests that are later than everything stored, also just after a restart. The store takes the
copy whose request started later for the newer. Within one process starts only grow; between two processes
AWS's clock is known to a second or so, and after a quick restart our estimate of it may lie behind the newest
stored moment: then all later ones are shifted past it. A moment that lies minutes ahead is not believed:
AWS's time was learned wrongly then, and whatever was stored under it would win over what AWS says now.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol
from weakref import WeakSet

from posture.aws.client.clock import BELIEVED_AHEAD
from posture.aws.client.errors import Retryable, TokenRefused
from posture.aws.client.limiter import published
from posture.aws.client.paging import given_up
from posture.aws.securityhub.wire import FindingsPage
from posture.domain.time import SECOND
from posture.sources.base import TimesAhead
from posture.sources.securityhub.coverage import Coverage
from posture.sources.securityhub.queries import ASCENDING, DESCENDING, Filters, within
from posture.sources.securityhub.readers import PageReader, Unsteady
from posture.sources.securityhub.windows import EPOCH, FUTURE, window

FEWEST_CHAINS, MOST_CHAINS = 2, 6
_HEADROOM = 1.3
"""Chains beyond latency x rate, so that a slow answer leaves no quota unused."""

PAGES_ALONE = 4
"""Pages that one chain reads alone where these are mostly all there is: a second one would cost a call."""

REFUSALS = 10
"""Tokens refused before anything more is proven to be read, after which the listing is given up for now."""


class FindingsSource(Protocol):
    """Where findings are read from; `posture.aws.securityhub.SecurityHub` is one."""

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        """Return one page."""
        ...


class Pace:
    """How many chains of one hub are in flight: its latency times the rate that AWS allows."""

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._rate = published("securityhub", "GetFindings").per_second

    def took(self, seconds: float) -> None:
        """Note the latency of an answer; a few answers change the picture, one does not."""
        self._seconds = seconds if self._seconds is None else self._seconds * 0.8 + seconds * 0.2

    @property
    def chains(self) -> int:
        """Chains to have in flight."""
        wanted = math.ceil((self._seconds or 0.0) * self._rate * _HEADROOM)
        return min(max(wanted, FEWEST_CHAINS), MOST_CHAINS)


PageSink = Callable[[FindingsPage], Awaitable[None]]
"""Takes a page in; what the coverage says by then of this page and those before is true once it is stored."""


class Scan:
    """One listing, as several queries that are read one after the other, each over all its windows.

    `started`: start of the first request of this scan (µs by AWS's clock); `calls`: answers so far.
    """

    def __init__(
        self, source: FindingsSource, pace: Pace, queries: Sequence[Filters], coverages: Sequence[Coverage]
    ) -> None:
        self.started: int | None = None
        self.calls = 0
        self._source = source
        self._pace = pace
        self._work = list(zip(queries, coverages, strict=True))
        self._pages: int | None = None
        self._refusals = 0
        self._landing: WeakSet[object] = WeakSet()

    async def run(self, sink: PageSink, pages: int | None = None) -> None:
        """Read to the end. Raises AwsError, and what `sink` raises; then nothing is in flight any more.

        `pages`: about how many to read at most; what NextTokens join is read to its end all the same.
        """
        self._pages = pages
        for filters, coverage in self._work:
            await self._read(filters, coverage, sink)

    async def _read(self, filters: Filters, coverage: Coverage, sink: PageSink) -> None:
        flights: dict[asyncio.Task[None], PageReader] = {}
        try:
            while not coverage.done:
                if not self._spent:
                    self._take_off(filters, coverage, sink, flights)
                if not flights:
                    return
                landed, _ = await asyncio.wait(flights, return_when=asyncio.FIRST_COMPLETED)
                for flight in landed:
                    reader = flights.pop(flight)
                    flight.result()
                    if coverage.active(reader) and (not self._spent or reader.is_bound):
                        flights[self._fly(filters, coverage, reader, sink)] = reader
            await self._land(flights)
        finally:
            for flight in flights:
                flight.cancel()
            await asyncio.gather(*flights, return_exceptions=True)

    @property
    def _spent(self) -> bool:
        return self._pages is not None and self.calls >= self._pages

    async def _land(self, flights: Collection[asyncio.Task[None]]) -> None:
        """Let those end whose page counts as read; the others have nothing to bring any more."""
        for flight in flights:
            if flight not in self._landing:
                flight.cancel()
        for ended in await asyncio.gather(*flights, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    def _take_off(
        self,
        filters: Filters,
        coverage: Coverage,
        sink: PageSink,
        flights: dict[asyncio.Task[None], PageReader],
    ) -> None:
        while len(flights) < self._pace.chains and (reader := coverage.next_reader()) is not None:
            flights[self._fly(filters, coverage, reader, sink)] = reader

    def _fly(
        self, filters: Filters, coverage: Coverage, reader: PageReader, sink: PageSink
    ) -> asyncio.Task[None]:
        return asyncio.create_task(self._page(filters, coverage, reader, sink))

    async def _page(self, filters: Filters, coverage: Coverage, reader: PageReader, sink: PageSink) -> None:
        try:
            page = await self._source.get_findings(
                within(filters, reader.asks or reader.query),
                sort=ASCENDING if reader.ascending else DESCENDING,
                next_token=reader.token,
            )
        except TokenRefused as refused:
            self._refuse(refused)
            coverage.refused(reader)
            return
        self._pace.took(page.seconds)
        self.calls += 1
        self.started = page.asked_at if self.started is None else min(self.started, page.asked_at)
        found = [(each.updated_at, (each.product_arn, each.id)) for each in page.findings]
        self._landing.add(asyncio.current_task())
        before = coverage.span()
        try:
            coverage.note_page(reader, found, page.next_token)
        except Unsteady:
            raise _unsteady() from None
        if coverage.span() < before:
            self._refusals = 0
        await sink(page)

    def _refuse(self, refused: TokenRefused) -> None:
        self._refusals += 1
        if self._refusals >= REFUSALS:
            raise given_up(refused) from refused


async def read_whole(source: FindingsSource, pace: Pace, filters: Filters, sink: PageSink) -> None:
    """Read all findings that a filter selects, whenever they were updated; raises as `Scan.run` does."""
    coverage = Coverage([window(EPOCH, FUTURE)], patience=PAGES_ALONE)
    await Scan(source, pace, [filters], [coverage]).run(sink)


def _unsteady() -> Retryable:
    """Return the error of pages that change each time they are read."""
    return Retryable(
        "What more findings are of one moment than a page holds loses some each time it is read",
        service="securityhub",
        operation="GetFindings",
        code="Unsteady",
        advice="What they may lack is not known; they are read again at the next poll",
    )


class Ordered:
    """A source whose requests all start later than `floor`: by what the first one lacks, all are moved.

    Raises TimesAhead where that would be more than `BELIEVED_AHEAD`, at the first request or later.
    """

    def __init__(self, source: FindingsSource, floor: int) -> None:
        self._source = source
        self._floor = floor
        self._shift: int | None = None
        self._latest = floor

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        """Return one page; its `asked_at` is in order."""
        page = await self._source.get_findings(filters, sort=sort, next_token=next_token)
        if self._shift is None:
            # Others may be in flight that started while this one was.
            earliest = page.asked_at - int(page.seconds * SECOND)
            self._shift = max(0, self._floor + 1 - earliest)
        ahead = self._latest - page.asked_at
        if ahead > BELIEVED_AHEAD:
            raise TimesAhead(ahead)
        self._latest = max(self._latest, page.asked_at)
        return page._replace(asked_at=page.asked_at + self._shift)

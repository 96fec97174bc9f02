"""What of a range of `UpdatedAt` has been read, and what has not: pure values, times in µs, UTC.

A window is an obligation: everything that it spans has to be read. It is read from both ends, ascending from
the oldest and descending from the newest, until the two readers meet; so two chains of NextTokens share a
window without knowing how its findings are spread, and waste less than a page.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from posture.domain.time import SECOND

EPOCH = 0
FUTURE = 253_402_300_799_999_999
"""The end of the year 9999: findings may be dated ahead of every clock, and they count."""

OVERLAP = SECOND
"""Neighbours overlap by a second: nothing says how AWS rounds the ends of a date filter, or its sort key."""


_NARROW = 2 * OVERLAP


class UpdateWindow(NamedTuple):
    """What has to be read, and what of it is still unread."""

    start: int
    """The first moment that has to be read."""
    end: int
    """The last one."""
    low: int
    """Whatever was updated before it has been read."""
    high: int
    """Whatever was updated after it has been read."""
    ordered: bool = True
    """False once a page came out of order: then one query has to read all of it, and until it has nothing is
    known of the inside."""

    @property
    def done(self) -> bool:
        """The readers have met."""
        return self.low > self.high

    @property
    def untouched(self) -> bool:
        """Nothing of it counts as read."""
        return self.low == self.start and self.high == self.end

    def read_up_to(self, edge: int) -> "UpdateWindow":
        """Return the window once an ascending reader has come to `edge`."""
        return self._replace(low=max(self.low, edge - OVERLAP))

    def read_down_to(self, edge: int) -> "UpdateWindow":
        """Return the window once a descending reader has come to `edge`."""
        return self._replace(high=min(self.high, edge + OVERLAP))

    def read_whole(self) -> "UpdateWindow":
        """Return the window once a query over all that was unread has come to its last page."""
        return self._replace(low=self.high + 1)

    def disordered(self, at: int | None) -> tuple["UpdateWindow", ...]:
        """Return what to read once a page contradicts the order on which `low` and `high` rest: all of it.

        It is cut at `at`, a time about in the middle of what was seen.
        """
        whole = UpdateWindow(self.start, self.end, self.start, self.end, ordered=False)
        return whole.parted(at) or (whole,)

    def parted(self, at: int | None) -> tuple["UpdateWindow", "UpdateWindow"] | None:
        """Return two windows for a whole one without order, cut at `at` or else beside it; None: too narrow.

        Without order only a query that has a single page can be believed at once: the less each has to read
        the better. What is narrower than neighbours overlap would be read twice, and come no further.
        """
        middle = (self.start + self.end) // 2
        for cut in (*(() if at is None else (at, at - _NARROW, at + _NARROW)), middle):
            if self.start + _NARROW <= cut <= self.end - _NARROW:
                return (
                    UpdateWindow(self.start, cut, self.start, cut, ordered=False),
                    UpdateWindow(cut, self.end, cut, self.end, ordered=False),
                )
        return None

    def split(self, at: int) -> tuple["UpdateWindow", "UpdateWindow"]:
        """Two windows for one: what was read below `at` stays with the first, above it with the second."""
        return (
            UpdateWindow(self.start, at, self.low, min(self.high, at)),
            UpdateWindow(at, self.end, max(self.low, at), self.high),
        )


def window(start: int, end: int) -> UpdateWindow:
    """Return a window of which nothing has been read."""
    return UpdateWindow(start, end, start, end)


class Query(NamedTuple):
    """The frozen ends of a date filter, inclusive: a query that changes between pages is refused by AWS."""

    start: int
    end: int

    def covers(self, unread: UpdateWindow) -> bool:
        """Whether its last page proves that nothing of `unread` is left."""
        return self.start <= unread.low and self.end >= unread.high


_STEP = 1_000
"""What a date filter is moved back by to begin with the finding that was read last: a millisecond."""


def onward(asked: Query, edge: int, *, ascending: bool) -> Query:
    """Return the query that goes on from where a reader has come, beginning with what it read last.

    NextTokens are opaque: nothing says that they name a finding, and not a number of findings to pass over.
    Then each finding that leaves the listing while it is read would let another one go unread.
    """
    return asked._replace(start=edge - _STEP) if ascending else asked._replace(end=edge + _STEP)


def query(unread: UpdateWindow) -> Query:
    """Return the query for what is unread of a window, with the overlap on both sides."""
    return Query(max(EPOCH, unread.low - OVERLAP), min(FUTURE, unread.high + OVERLAP))


class Density(NamedTuple):
    """Findings over a span of µs: what a reader has seen of the spread of findings, the last pages most."""

    findings: float
    span: float

    @property
    def per_microsecond(self) -> float:
        """Findings per µs; what lies within one millisecond counts as if it filled it."""
        return self.findings / max(self.span, 1_000)

    def then(self, page: "Density") -> "Density":
        """Return the density once another page was read: a page weighs half as much as the one after it."""
        return Density(self.findings / 2 + page.findings, self.span / 2 + page.span)


def edge(times: Sequence[int], *, ascending: bool, before: int | None) -> int | None:
    """Return how far a reader has come by a page of `times` (`UpdatedAt`, µs), None when out of order.

    `before` is how far it had come. Out of order is what lies more than the overlap behind: `low` and `high`
    keep that distance from the edge.
    """
    sign = 1 if ascending else -1
    furthest = None if before is None else sign * before
    for time in times:
        if furthest is not None and sign * time < furthest - OVERLAP:
            return None
        furthest = sign * time if furthest is None else max(furthest, sign * time)
    return None if furthest is None else sign * furthest


def unread_findings(unread: UpdateWindow, low: Density, high: Density) -> float:
    """Estimate the findings left, were their density to change linearly from one reader to the other."""
    return max(0, unread.high - unread.low) * (low.per_microsecond + high.per_microsecond) / 2


def middle(unread: UpdateWindow, low: Density, high: Density) -> int:
    """Return the time with as many unread findings before it as after it, by the same assumption."""
    first, last = low.per_microsecond, high.per_microsecond
    share = 0.5
    if first != last:
        share = (sqrt((first * first + last * last) / 2) - first) / (last - first)
    return unread.low + int((unread.high - unread.low) * share)

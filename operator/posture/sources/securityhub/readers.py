"""A chain of pages, and what of it may be believed: one page of a query, or pages that were read twice alike.

NextTokens are opaque. If one stands for a number of findings to pass over, each finding that leaves the
listing while it is read lets another one go unread. A single page is one answer and needs no token. Where a
query has more of them and cannot be narrowed (one same instant, a hub that does not sort) they are read again
from the first until a reading returns all that the one before it returned, at the same times: then none of it
has left, and nothing was passed over. What comes to it meanwhile does no harm.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from posture.sources.securityhub.windows import OVERLAP, Query, edge, onward

Name: TypeAlias = tuple[str, str]
"""ProductArn and Id."""

Found: TypeAlias = tuple[int, Name]
"""A finding by its `UpdatedAt` (µs) and name."""

MOST_READINGS = 8
"""Readings of joined pages, each lacking something of the one before, after which that is given up."""


class Unsteady(Exception):  # noqa: N818 - a verdict on a listing, not a fault
    """Pages that tokens join lost something each time: nothing is known of what they may lack."""


@dataclass(slots=True)
class _Leg:
    """The pages of one query so far."""

    first: int | None = None
    """Of the reader when the leg began; so are the next two."""
    edge: int | None = None
    page: frozenset[Name] = frozenset()
    pages: int = 0
    found: set[Found] = field(default_factory=set)
    before: tuple[frozenset[Found], int | None] | None = None
    """What the reading before this one held, and where it ended; None as an end: at the query's last page."""
    readings: int = 1


@dataclass(slots=True, eq=False)
class PageReader:
    """One chain of pages. `query` and the direction stay as they are for its life: AWS refuses a change.

    Once its findings have been seen to go one way, it goes on with a query of its own that begins with the
    last of them, instead of a token.
    """

    ascending: bool
    query: Query
    token: str | None = None
    pages: int = 0
    first: int | None = None
    """Where its findings began."""
    edge: int | None = None
    """How far they have come."""
    findings: int = 0
    mean: int | None = None
    """Of all their times."""
    page: frozenset[Name] = frozenset()
    """The findings of its last page: some of them may come again on the next one."""
    asks: Query | None = None
    """What it asks now."""
    anchor: frozenset[Name] = frozenset()
    """The findings that its own query begins with, of which one has to come."""
    _leg: _Leg = field(default_factory=_Leg)

    @property
    def proven(self) -> bool:
        """Its findings do go one way. A hub that ignores the sort may begin with many of one same instant."""
        return self.first is not None and self.edge is not None and abs(self.edge - self.first) > 2 * OVERLAP

    @property
    def rereads(self) -> bool:
        """Whether it reads again what it has read before."""
        return self._leg.before is not None

    @property
    def is_bound(self) -> bool:
        """Whether what it has read since its query began is lost when it stops here."""
        return self.token is not None or self.rereads

    def is_anchored(self, found: Collection[Found]) -> bool:
        """Whether a page goes on from the one before: filters may be rounded, findings have changed."""
        return self._leg.pages > 0 or not self.anchor or any(name in self.anchor for _, name in found)

    def take(self, found: Sequence[Found], token: str | None) -> tuple[list[int], bool]:
        """Take in a page and its NextToken; return its `UpdatedAt`s, and False where they are out of order.

        Left out are those of findings that the page before it held already.
        """
        self.token, self.pages, self._leg.pages = token, self.pages + 1, self._leg.pages + 1
        self._leg.found.update(found)
        times = [time for time, name in found if name not in self.page]
        self.page = frozenset(name for _, name in found)
        if not times:
            return times, True
        before = 0 if self.mean is None else self.mean * self.findings
        self.findings += len(times)
        self.mean = (before + sum(times)) // self.findings
        came_to = edge(times, ascending=self.ascending, before=self.edge)
        if came_to is None:
            return times, False
        self.first, self.edge = times[0] if self.first is None else self.first, came_to
        return times, True

    def can_go_on(self, found: Sequence[Found]) -> bool:
        """Whether a query from the last findings of a page gets further than the one that is being read."""
        return self.proven and self.edge != self._leg.edge and any(time == self.edge for time, _ in found)

    def go_on(self, found: Sequence[Found]) -> None:
        """Go on by a query from the last findings of a page, without a token."""
        assert self.edge is not None  # noqa: S101 - can_go_on has said so
        self.asks, self.token = onward(self.query, self.edge, ascending=self.ascending), None
        self.anchor = frozenset(name for time, name in found if time == self.edge)
        self._leg = _Leg(self.first, self.edge, self.page)

    def agrees(self) -> bool:
        """Whether what has been read of the query, to its last page or to the edge, lacks nothing of before.

        Findings at the edge itself may go on on the next page: the query that goes on begins before them.
        """
        leg = self._leg
        if leg.pages == 1:
            return True
        if leg.before is None:
            return False
        before, ended = leg.before
        if self.token is None:
            return ended is None and before <= leg.found
        assert self.edge is not None  # noqa: S101 - only a proven reader stops at an edge
        sign, limit = 1 if self.ascending else -1, self.edge
        if ended is not None and sign * ended < sign * limit:
            return False
        return all(each in leg.found for each in before if sign * each[0] < sign * limit)

    def read_again(self) -> None:
        """Begin the query again from its first page. Raises Unsteady when that was done too often."""
        leg = self._leg
        if leg.readings >= MOST_READINGS:
            raise Unsteady
        ended = None if self.token is None else self.edge
        again = _Leg(leg.first, leg.edge, leg.page)
        again.before, again.readings = (frozenset(leg.found), ended), leg.readings + 1
        self._leg, self.token = again, None
        self.first, self.edge, self.page = leg.first, leg.edge, leg.page

"""Which reader reads which window: where an idle chain of NextTokens helps most, and when all is read.

No I/O: `Coverage` hands out readers and is told what their pages held. It may be dropped at any moment and
made again from `windows()`; nothing is then missed, and only what lies within the overlap is read again.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from posture.hubs.windows import (
    OVERLAP,
    Density,
    Query,
    Window,
    edge,
    middle,
    onward,
    query,
    unread_findings,
)

PAGE = 100
"""GetFindings: MaxResults is at most 100."""

WORTH_A_READER = 1.5 * PAGE
"""Unread findings below which a second reader would only read what the first one is about to."""

WORTH_A_SPLIT = 6 * PAGE
"""Unread findings below which another cut costs more (two pages that are not full) than it saves."""


@dataclass(slots=True, eq=False)
class Reader:
    """One chain of NextTokens. `query` and the direction stay as they are for its life: AWS refuses a change.

    `first` and `edge`: where its findings began and how far they have come. `mean`: of all their times.
    `page`: (ProductArn, Id) of the findings of its last page: some of them may come again on the next one.
    `asks`: what it asks next. Once its findings have been seen to go one way, it goes on with a query of its
    own that begins with the last of them, instead of a token; `anchor` are those of which one has to come.
    """

    ascending: bool
    query: Query
    token: str | None = None
    pages: int = 0
    first: int | None = None
    edge: int | None = None
    findings: int = 0
    mean: int | None = None
    page: frozenset[tuple[str, str]] = frozenset()
    asks: Query | None = None
    anchor: frozenset[tuple[str, str]] = frozenset()

    def is_anchored(self, names: Collection[tuple[str, str]]) -> bool:
        """Whether a page goes on from the one before: filters may be rounded, findings have changed."""
        return not self.anchor or not self.anchor.isdisjoint(names)

    def go_on(self, found: Sequence[tuple[int, tuple[str, str]]]) -> None:
        """Go on by a query from the last findings of a page (`UpdatedAt`, name) where it gets further."""
        times = {time for time, _ in found}
        if not self.proven or self.edge not in times or len(times) < 2:  # noqa: PLR2004 - one instant is no way
            self.anchor = frozenset()
            return
        self.asks, self.token = onward(self.query, self.edge, ascending=self.ascending), None
        self.anchor = frozenset(name for time, name in found if time == self.edge)

    def take(self, times: Sequence[int]) -> bool:
        """Take in the `UpdatedAt` of a page that holds some; False when they contradict the order."""
        came_to = edge(times, ascending=self.ascending, before=self.edge)
        before = 0 if self.mean is None else self.mean * self.findings
        self.findings += len(times)
        self.mean = (before + sum(times)) // self.findings
        if came_to is None:
            return False
        self.first, self.edge = times[0] if self.first is None else self.first, came_to
        return True

    @property
    def proven(self) -> bool:
        """Its findings do go one way. A hub that ignores the sort may begin with many of one same instant."""
        return self.first is not None and self.edge is not None and abs(self.edge - self.first) > 2 * OVERLAP


@dataclass(slots=True, eq=False)
class _Share:
    """A window, who reads it from its low and from its high end, and what they last saw of the density."""

    window: Window
    upward: Reader | None = None
    downward: Reader | None = None
    low_density: Density | None = None
    high_density: Density | None = None

    def readers(self) -> list[Reader]:
        return [reader for reader in (self.upward, self.downward) if reader is not None]

    def leave(self, reader: Reader) -> None:
        if self.upward is reader:
            self.upward = None
        else:
            self.downward = None

    def saw(self, reader: Reader, times: Sequence[int]) -> None:
        """Move the reader's end of the window to where its page, in order, has come."""
        page = Density(len(times), abs(times[-1] - times[0]))
        if reader.ascending:
            self.low_density = page if self.low_density is None else self.low_density.then(page)
        else:
            self.high_density = page if self.high_density is None else self.high_density.then(page)
        if reader.proven and reader.edge is not None:
            ahead = self.window.read_up_to if reader.ascending else self.window.read_down_to
            self.window = ahead(reader.edge)

    def unread(self) -> float | None:
        """About how many findings are left; None as long as nothing is known of one end."""
        if self.low_density is None or self.high_density is None:
            return None
        return unread_findings(self.window, self.low_density, self.high_density)


class Coverage:
    """The windows of one scan, new or as they were stored, and how many findings were read of them before.

    `patience`: pages that a reader reads alone before another comes to its help.
    """

    def __init__(self, windows: Iterable[Window], *, findings: int = 0, patience: int = 1) -> None:
        self.findings = findings
        self._shares = [_Share(window) for window in windows if not window.done]
        self._patience = patience
        self._progress = 0.0

    @property
    def done(self) -> bool:
        """All that the windows span has been read."""
        return not self._shares

    def windows(self) -> tuple[Window, ...]:
        """Return what is left, to be stored in one transaction with what has been read."""
        return tuple(share.window for share in self._shares)

    def span(self) -> int:
        """Return how many µs are left; it falls whenever more is proven to be read."""
        return sum(share.window.high - share.window.low + 1 for share in self._shares)

    def active(self, reader: Reader) -> bool:
        """Whether the reader's next page is of use still."""
        return self._share_of(reader) is not None

    def is_ordered(self, reader: Reader) -> bool:
        """Whether the reader is of use still, in a window whose order holds."""
        share = self._share_of(reader)
        return share is not None and share.window.ordered

    def next_reader(self) -> Reader | None:
        """Return a reader for an idle chain, where it helps most; None when all is about to be read."""
        for share in self._shares:
            if not share.readers():
                return self._start(share, ascending=True)
        helped = max(filter(self._wants_help, self._shares), key=_weight, default=None)
        if helped is not None:
            return self._start(helped, ascending=helped.upward is None)
        crowded = max(filter(_worth_a_split, self._shares), key=_weight, default=None)
        if crowded is not None:
            return self._start(self._split(crowded), ascending=True)
        return None

    def read(self, reader: Reader, times: Sequence[int], token: str | None) -> None:
        """Take in a page of a reader: the `UpdatedAt` of its findings, in its order, and its NextToken.

        `times` are without the findings that the reader's page before this one held already.
        """
        share = self._share_of(reader)
        if share is None:
            return
        reader.token, reader.pages = token, reader.pages + 1
        self.findings += len(times)
        in_order = not times or reader.take(times)
        if token is None and reader.query.covers(share.window):
            share.window = share.window.read_whole()
        elif not in_order and share.window.ordered:
            self._start_over(share, reader.mean)
            return
        elif times and share.window.ordered:
            share.saw(reader, times)
        if share.window.done:
            self._shares.remove(share)
        elif token is None:
            share.leave(reader)

    def refused(self, reader: Reader) -> None:
        """Drop a reader whose token is refused: its window starts over, from where it is proven read."""
        share = self._share_of(reader)
        if share is None:
            return
        if share.window.ordered:
            share.leave(reader)
        else:
            self._start_over(share, reader.mean)

    def progress(self) -> float:
        """About which part has been read, 0 to 1; never less than it was."""
        left = 0.0
        for share in self._shares:
            unread = share.unread()
            if unread is None:
                return self._progress
            left += unread
        total = self.findings + left
        self._progress = max(self._progress, self.findings / total if total else 1.0)
        return self._progress

    def _share_of(self, reader: Reader) -> _Share | None:
        for share in self._shares:
            if share.upward is reader or share.downward is reader:
                return share
        return None

    def _start(self, share: _Share, *, ascending: bool) -> Reader:
        reader = Reader(ascending, query(share.window))
        if ascending:
            share.upward = reader
        else:
            share.downward = reader
        return reader

    def _wants_help(self, share: _Share) -> bool:
        readers = share.readers()
        if not share.window.ordered or len(readers) != 1 or readers[0].pages < self._patience:
            return False
        unread = share.unread()
        return unread is None or unread >= WORTH_A_READER

    def _split(self, share: _Share) -> _Share:
        """Cut a window between its two readers; return the upper half, which wants an ascending reader."""
        assert share.low_density is not None  # noqa: S101 - _worth_a_split saw both
        assert share.high_density is not None  # noqa: S101 - as above
        at = middle(share.window, share.low_density, share.high_density)
        lower, upper = share.window.split(at)
        share.window = lower
        added = _Share(upper, None, share.downward, share.low_density, share.high_density)
        share.downward = None
        self._shares.append(added)
        return added

    def _start_over(self, share: _Share, at: int | None) -> None:
        """Nothing that order told of the window holds: its parts are read whole, by readers of their own."""
        self._shares.remove(share)
        self._shares.extend(_Share(part) for part in share.window.disordered(at))


def _worth_a_split(share: _Share) -> bool:
    """Both ends have been seen, both are being read, and enough lies between them."""
    unread = share.unread()
    if unread is None or not share.window.ordered or len(share.readers()) < 2:  # noqa: PLR2004 - both ends
        return False
    return unread >= WORTH_A_SPLIT


def _weight(share: _Share) -> float:
    unread = share.unread()
    return float("inf") if unread is None else unread

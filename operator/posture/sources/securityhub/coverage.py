"""Which reader reads which window: where an idle chain of NextTokens helps most, and when all is read.

No I/O: `Coverage` hands out readers and is told what their pages held. It may be dropped at any moment and
made again from `windows()`; nothing is then missed, and only what lies within the overlap is read again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from posture.sources.securityhub.readers import Found, PageReader
from posture.sources.securityhub.windows import Density, UpdateWindow, middle, query, unread_findings

FINDINGS_A_PAGE = 100
"""GetFindings: MaxResults is at most 100."""

WORTH_A_READER = 1.5 * FINDINGS_A_PAGE
"""Unread findings below which a second reader would only read what the first one is about to."""

WORTH_A_SPLIT = 6 * FINDINGS_A_PAGE
"""Unread findings below which another cut costs more (two pages that are not full) than it saves."""


@dataclass(slots=True, eq=False)
class _Share:
    """A window, who reads it from its low and from its high end, and what they last saw of the density."""

    window: UpdateWindow
    upward: PageReader | None = None
    downward: PageReader | None = None
    low_density: Density | None = None
    high_density: Density | None = None

    def readers(self) -> list[PageReader]:
        return [reader for reader in (self.upward, self.downward) if reader is not None]

    def leave(self, reader: PageReader) -> None:
        if self.upward is reader:
            self.upward = None
        else:
            self.downward = None

    def saw(self, reader: PageReader, times: Sequence[int]) -> None:
        """Note how dense the findings of a reader's page are, which is in order."""
        page = Density(len(times), abs(times[-1] - times[0]))
        if reader.ascending:
            self.low_density = page if self.low_density is None else self.low_density.then(page)
        else:
            self.high_density = page if self.high_density is None else self.high_density.then(page)

    def read_to_edge(self, reader: PageReader) -> None:
        """Move the reader's end of the window to where it has come."""
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

    def __init__(self, windows: Iterable[UpdateWindow], *, findings: int = 0, patience: int = 1) -> None:
        self.findings = findings
        self._shares = [_Share(window) for window in windows if not window.done]
        self._patience = patience
        self._progress = 0.0

    @property
    def done(self) -> bool:
        """All that the windows span has been read."""
        return not self._shares

    def windows(self) -> tuple[UpdateWindow, ...]:
        """Return what is left, to be stored in one transaction with what has been read."""
        return tuple(share.window for share in self._shares)

    def span(self) -> int:
        """Return how many µs are left; it falls whenever more is proven to be read."""
        return sum(share.window.high - share.window.low + 1 for share in self._shares)

    def active(self, reader: PageReader) -> bool:
        """Whether the reader's next page is of use still."""
        return self._share_of(reader) is not None

    def next_reader(self) -> PageReader | None:
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

    def note_page(self, reader: PageReader, found: Sequence[Found], token: str | None) -> None:
        """Take in a page of a reader: its findings, in its order, and its NextToken.

        Raises Unsteady where pages that tokens join never agree.
        """
        share = self._share_of(reader)
        if share is None:
            return
        if not reader.is_anchored(found):
            self.refused(reader)
            return
        times, in_order = reader.take(found, token)
        self.findings += 0 if reader.rereads else len(times)
        window = share.window
        whole = token is None and reader.query.covers(window)
        if window.ordered and not in_order and not (whole and reader.pages == 1 and window.untouched):
            self._start_over(share, reader.mean)
        elif not window.ordered and token is not None and times and (parts := window.parted(reader.mean)):
            self._read_in_parts(share, parts)
        else:
            if window.ordered and times and in_order:
                share.saw(reader, times)
            self._conclude(share, reader, found, whole=whole)

    def _conclude(self, share: _Share, reader: PageReader, found: Sequence[Found], *, whole: bool) -> None:
        """Count as read what a reader's pages prove, where its query ends or a better one can follow."""
        goes_on = reader.token is not None and share.window.ordered and reader.can_go_on(found)
        if reader.token is not None and not goes_on:
            return
        if not reader.agrees():
            reader.read_again()
            return
        if whole:
            share.window = share.window.read_whole()
        elif share.window.ordered:
            share.read_to_edge(reader)
        if share.window.done:
            self._shares.remove(share)
        elif goes_on:
            reader.go_on(found)
        else:
            share.leave(reader)

    def refused(self, reader: PageReader) -> None:
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

    def _share_of(self, reader: PageReader) -> _Share | None:
        for share in self._shares:
            if share.upward is reader or share.downward is reader:
                return share
        return None

    def _start(self, share: _Share, *, ascending: bool) -> PageReader:
        reader = PageReader(ascending, query(share.window))
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
        self._read_in_parts(share, share.window.disordered(at))

    def _read_in_parts(self, share: _Share, parts: Iterable[UpdateWindow]) -> None:
        self._shares.remove(share)
        self._shares.extend(_Share(part) for part in parts)


def _worth_a_split(share: _Share) -> bool:
    """Both ends have been seen, both are being read, and enough lies between them."""
    unread = share.unread()
    if unread is None or not share.window.ordered or len(share.readers()) < 2:  # noqa: PLR2004 - both ends
        return False
    return unread >= WORTH_A_SPLIT


def _weight(share: _Share) -> float:
    unread = share.unread()
    return float("inf") if unread is None else unread

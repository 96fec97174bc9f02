"""A simulated listing: findings with an `UpdatedAt`, read in pages by frozen queries."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from posture.sources.securityhub.coverage import Coverage
from posture.sources.securityhub.readers import Found, PageReader
from posture.sources.securityhub.windows import Query, UpdateWindow, window


@dataclass
class Listing:
    """`times[i]` is the `UpdatedAt` of finding i. `ordered=False`: the sort is not honoured.

    Tokens are numbers of findings to pass over. `leave`: how likely a finding leaves before a page is read,
    of which `leavers` do at most.
    """

    times: Sequence[int]
    page: int = 100
    ordered: bool = True
    leave: float = 0.0
    leavers: int = 0
    calls: int = 0
    gone: set[int] = field(default_factory=set)
    _made: dict[tuple[Query, bool], list[int]] = field(default_factory=dict)

    def read(self, reader: PageReader) -> tuple[list[int], str | None]:
        """The reader's next page: numbers of findings, and its NextToken."""
        self.calls += 1
        found, at = self._found(reader), int(reader.token or 0)
        more = str(at + self.page) if at + self.page < len(found) else None
        return found[at : at + self.page], more

    def named(self, page: Sequence[int]) -> list[Found]:
        """A page as a coverage takes it."""
        return [(self.times[i], ("arn", str(i))) for i in page]

    def meddle(self, random: random.Random) -> None:
        """Let a finding leave, maybe."""
        if len(self.gone) < self.leavers and random.random() < self.leave:
            self.gone.add(random.randrange(len(self.times)))
            self._made.clear()

    def _found(self, reader: PageReader) -> list[int]:
        query = reader.asks or reader.query
        asked = (query, reader.ascending)
        if asked not in self._made:
            inside = [
                i for i, at in enumerate(self.times) if i not in self.gone and query.start <= at <= query.end
            ]
            if self.ordered:
                inside.sort(key=lambda i: self.times[i], reverse=not reader.ascending)
            self._made[asked] = inside
        return self._made[asked]


@dataclass
class Walk:
    """Reads a listing with several chains, in an arbitrary order of answers, with refusals and crashes.

    There are `faults` of these at most: a token that dies on every few pages for ever gets nobody through
    many pages of one same second.
    """

    listing: Listing
    chains: int
    random: random.Random
    refuse: float = 0.0
    crash: float = 0.0
    patience: int = 1
    faults: int = 30
    seen: set[int] = field(default_factory=set)
    windows_seen: list[tuple[UpdateWindow, ...]] = field(default_factory=list)
    progress: list[float] = field(default_factory=list)

    def over(self, start: int, end: int, *, limit: int = 30_000) -> "Walk":
        coverage = Coverage([window(start, end)], patience=self.patience)
        readers: list[PageReader] = []
        while not coverage.done:
            assert self.listing.calls < limit, "the walk does not end"
            while len(readers) < self.chains and (reader := coverage.next_reader()):
                readers.append(reader)
            assert readers, "something is unread, and nobody reads"
            reader = self.random.choice(readers)
            if not coverage.active(reader):
                readers.remove(reader)
                continue
            self._step(coverage, reader)
            if not coverage.active(reader):
                readers.remove(reader)
            self.progress.append(coverage.progress())
            if self._strikes(self.crash):
                coverage, readers = Coverage(coverage.windows(), patience=self.patience), []
        return self

    def _step(self, coverage: Coverage, reader: PageReader) -> None:
        self.listing.meddle(self.random)
        if reader.token is not None and self._strikes(self.refuse):
            self.listing.calls += 1
            coverage.refused(reader)
            return
        page, token = self.listing.read(reader)
        self.seen.update(page)
        coverage.note_page(reader, self.listing.named(page), token)
        self.windows_seen.append(coverage.windows())

    def _strikes(self, probability: float) -> bool:
        struck = self.faults > 0 and self.random.random() < probability
        self.faults -= struck
        return struck

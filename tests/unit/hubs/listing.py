"""A simulated listing: findings with an `UpdatedAt`, read in pages by frozen queries."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from posture.hubs.coverage import Coverage, Reader
from posture.hubs.windows import Query, Window, window


@dataclass
class Listing:
    """`times[i]` is the `UpdatedAt` of finding i. `ordered=False`: the sort is not honoured."""

    times: Sequence[int]
    page: int = 100
    ordered: bool = True
    calls: int = 0
    _made: dict[tuple[Query, bool], list[list[int]]] = field(default_factory=dict)

    def pages(self, reader: Reader) -> list[list[int]]:
        """All pages of the reader's query: lists of findings."""
        asked = (reader.query, reader.ascending)
        if asked not in self._made:
            self._made[asked] = self._pages(reader)
        return self._made[asked]

    def _pages(self, reader: Reader) -> list[list[int]]:
        inside = [i for i, at in enumerate(self.times) if reader.query.start <= at <= reader.query.end]
        if self.ordered:
            inside.sort(key=lambda i: self.times[i], reverse=not reader.ascending)
        return [inside[at : at + self.page] for at in range(0, len(inside), self.page)] or [[]]


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
    windows_seen: list[tuple[Window, ...]] = field(default_factory=list)
    progress: list[float] = field(default_factory=list)

    def over(self, start: int, end: int, *, limit: int = 30_000) -> "Walk":
        coverage = Coverage([window(start, end)], patience=self.patience)
        readers: list[Reader] = []
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
            if reader.token is None or not coverage.active(reader):
                readers.remove(reader)
            self.progress.append(coverage.progress())
            if self._strikes(self.crash):
                coverage, readers = Coverage(coverage.windows(), patience=self.patience), []
        return self

    def _step(self, coverage: Coverage, reader: Reader) -> None:
        self.listing.calls += 1
        if reader.token is not None and self._strikes(self.refuse):
            coverage.refused(reader)
            return
        pages = self.listing.pages(reader)
        at = int(reader.token or 0)
        self.seen.update(pages[at])
        token = str(at + 1) if at + 1 < len(pages) else None
        coverage.read(reader, [self.listing.times[i] for i in pages[at]], token)
        self.windows_seen.append(coverage.windows())

    def _strikes(self, probability: float) -> bool:
        struck = self.faults > 0 and self.random.random() < probability
        self.faults -= struck
        return struck

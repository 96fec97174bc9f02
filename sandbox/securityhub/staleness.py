"""Eventual consistency on request: for a while after a change, some reads show the finding as it was."""

from random import Random
from typing import NamedTuple

from sandbox.securityhub.asff import keys_of
from sandbox.securityhub.clock import MICROSECONDS, Clock
from sandbox.securityhub.query import StaleCopy


class _Old(NamedTuple):
    copy: StaleCopy | None
    changed_at: int


class Staleness:
    """Keeps what changed findings were before. `seconds`: how long old copies are shown (0: never).

    `probability`: of a read showing old copies; it then shows all there are. `ids`: of these findings only
    (None: of all).
    """

    def __init__(self, clock: Clock, random: Random) -> None:
        self.seconds = 0.0
        self.probability = 1.0
        self.ids: frozenset[str] | None = None
        self._clock = clock
        self._random = random
        self._old: dict[int, _Old] = {}

    def remember(self, seq: int, finding_id: str | None, body: bytes | None) -> None:
        """Keep what a finding was before it changed; None: it was not there."""
        if not self.seconds or (self.ids is not None and finding_id not in self.ids):
            return
        copy = None if body is None else StaleCopy(keys_of(body), body)
        self._old.setdefault(seq, _Old(copy, self._clock.now()))

    def shown(self) -> dict[int, StaleCopy | None]:
        """Return the old copies that the present read shows; None: the finding is not there yet."""
        oldest = self._clock.now() - round(self.seconds * MICROSECONDS)
        self._old = {seq: old for seq, old in self._old.items() if old.changed_at >= oldest}
        if not self._old or self._random.random() >= self.probability:
            return {}
        return {seq: old.copy for seq, old in self._old.items()}

    def forget(self) -> None:
        """Show only what is from now on."""
        self._old.clear()
        self.seconds = 0.0
        self.probability = 1.0
        self.ids = None

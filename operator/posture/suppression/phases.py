"""How far a hub is with what policies declare for it, by kind: nothing is written by what was read before.

The phases of a policy itself are in `domain/exceptions/policy.py`. Times are µs.
"""

from enum import Enum
from typing import NamedTuple


class PollPhase(Enum):
    """How far a hub is with what is declared for it: nothing is written by an older picture."""

    STANDING_BY = "standing by"
    """The hub is not worked on here, or has not been polled yet."""
    ASKED = "asked for a poll"
    """None that began after the last change has ended."""
    WAITING = "waiting"
    """One has ended, but left the picture of the one before: it failed, or withheld what it read."""
    DUE = "due"
    """There is an exact picture from after the last change, and it was not acted on."""
    ACTED = "acted"


class PollPicture(NamedTuple):
    """What there is to act by."""

    polled: bool
    """Whether the hub is worked on here, and was polled."""
    has_run: bool
    """Whether a poll that began after the last change has ended, well or not."""
    is_newer: bool
    """Whether what is known is exact as of a moment after the last change."""
    exact_at: int | None
    """That moment, µs."""

    def phase(self, acted_at: int | None) -> PollPhase:
        """Return what follows; `acted_at`: the exact moment that was acted on last since the change."""
        if not self.polled:
            return PollPhase.STANDING_BY
        if not self.is_newer:
            return PollPhase.WAITING if self.has_run else PollPhase.ASKED
        return PollPhase.ACTED if self.exact_at == acted_at else PollPhase.DUE


class ReadingPhase(Enum):
    """How far a hub is with what is declared for its controls."""

    NOTHING_DECLARED = "nothing declared"
    STANDING_BY = "standing by"
    """The hub is not worked on here, or is not known yet."""
    NAMELESS = "nameless"
    """By which name this operator marks what it turns off cannot be found out."""
    DUE = "due"
    """Controls have to be read: never were, too long ago, for something else, or somebody asks."""
    READ = "read"
    """The last reading says how far policies are; to write, controls are read again."""


class LastReading(NamedTuple):
    """What the last reading of controls is worth."""

    at: int | None
    """None: there is none."""
    is_of_declared: bool
    """Whether it was made for what is declared now."""
    is_as_asked: bool
    """Whether nobody has asked for another one since."""

    def phase(self, now: int, *, interval: int, apart: int) -> ReadingPhase:
        """Return what follows; `interval`: between two readings, `apart`: before one that is asked for."""
        if self.at is None or not self.is_of_declared or not 0 <= now - self.at < interval:
            return ReadingPhase.DUE
        asked = not self.is_as_asked and now >= self.at + apart
        return ReadingPhase.DUE if asked else ReadingPhase.READ

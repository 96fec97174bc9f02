"""How often we write to a finding that does not stay as we leave it. Times are microseconds.

Somebody may undo a suppression as fast as it is made (an automation rule), with its mark even, or a write may
be refused again and again: the same write to the same finding waits 1, 2, 4 … polls, and is never given up.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2s
from typing import NamedTuple, Protocol

from posture.domain.time import DAY, HOUR

LONGEST_WAIT = 6 * HOUR
REMEMBERED = DAY
# Writes that were made once are many, and nearly all of them hold.
REMEMBERED_ONCE = HOUR
_DOUBLINGS = 32


AttemptKey = tuple[str, str]
"""What was written to: a finding (`FindingId`), or a control in an account and Region."""


class LastAttempt(NamedTuple):
    """The last write to something."""

    purpose: str
    """What it was to achieve."""
    times: int
    """How often in a row."""
    at: int
    undone: str = ""
    """The policy whose suppression somebody had undone; empty where nobody had."""


class AttemptedWrite(Protocol):
    """A write as far as it needs to be known here."""

    @property
    def attempt_key(self) -> AttemptKey:
        """Name what is written to."""
        ...

    @property
    def purpose(self) -> str:
        """What it is to achieve."""
        ...

    @property
    def undone(self) -> str:
        """The policy whose suppression somebody had undone, or empty."""
        ...


Attempts = Mapping[AttemptKey, LastAttempt]


def purpose_of(*words: str) -> str:
    """Name what a write is to achieve, shortly, by what it would say."""
    return blake2s("\0".join(words).encode(), digest_size=9).hexdigest()


def is_due(last: LastAttempt | None, purpose: str, now: int, interval: int) -> bool:
    """Tell whether a write may be tried at this poll; one for another purpose than the last is not held back.

    `interval`: between polls; half of it is let pass, as polls are not on the dot. A clock that was set back
    holds nothing up for longer than the wait.
    """
    if last is None or last.purpose != purpose:
        return True
    wait = min(interval << min(last.times - 1, _DOUBLINGS), LONGEST_WAIT)
    return not 0 <= now - last.at < wait - interval // 2


def attempted(attempts: Attempts, writes: Iterable[AttemptedWrite], at: int) -> dict[AttemptKey, LastAttempt]:
    """Return the attempts after these too: all writes that were sent, whether or not they were refused.

    Each finding has one of them. A write for another purpose, such as letting go of the finding, starts anew.
    """
    after = dict(attempts)
    for write in writes:
        last = attempts.get(write.attempt_key)
        if last is not None and last.purpose == write.purpose:
            after[write.attempt_key] = LastAttempt(
                last.purpose, last.times + 1, at, write.undone or last.undone
            )
        else:
            after[write.attempt_key] = LastAttempt(write.purpose, 1, at, write.undone)
    return after


def remembered(attempts: Attempts, now: int) -> dict[AttemptKey, LastAttempt]:
    """Return the attempts that still count: those of the last 24 hours, of the last hour if made once."""
    return {
        finding: last
        for finding, last in attempts.items()
        if abs(now - last.at) < (REMEMBERED if last.times > 1 or last.undone else REMEMBERED_ONCE)
    }

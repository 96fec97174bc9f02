"""AWS's clock, learned from the Date header of its answers.

Findings carry AWS's times, so a poll must say "since when" by AWS's clock, however wrong this machine's is.
"""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from posture.domain.time import MINUTE, SECOND
from posture.pace import steady

# What a steady clock may drift between two answers. An answer that differs by more is not believed alone.
_DRIFT = 5.0
_WITNESSES = 3
_UNSURE_FOR = 24 * 3600.0
BELIEVED_AHEAD = 5 * MINUTE
"""How far (µs) a moment that was told before may lie after now: polls overlap by three times as much."""


class AwsClock:
    """Microseconds since the epoch by AWS's clock, ordered like the requests that ask for them.

    The local wall clock is read once and counted on by a steady one, so that a step of the wall clock moves
    nothing. A Date header names whole seconds: it bounds the offset from both sides, and the offset
    moves only when it is out of those bounds, and then no further than into them. The error is therefore at
    most a second and the time that the answer took: `uncertainty`, in microseconds, None until learned.
    Moments are readings of `steady`, in seconds.

    One answer whose Date is far from what is known changes nothing: a proxy may have dated it. Three in a row
    that agree are believed, and so is the way back from what was learned wrongly. Three may agree on what is
    not so: for a day after a step `set_forward` tells by how much it went.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = steady,
    ) -> None:
        self._wall = wall
        self.steady = steady
        self._epoch = wall() - steady()
        self._offset = 0.0
        self._last = 0
        self._doubted: list[tuple[float, float]] = []
        self._before: list[tuple[float, float]] = []
        self.uncertainty: int | None = None

    def now(self) -> int:
        """Return the time; as long as no answer has taught any better, by the local wall clock."""
        return int(self._wall() * SECOND) if self.uncertainty is None else self.at(self.steady())

    def at(self, moment: float) -> int:
        """Convert a reading of `steady` by what is known now."""
        return int((moment + self._epoch + self._offset) * SECOND)

    def stamp(self, moment: float) -> int:
        """Convert the start of a request, strictly later than every stamp before.

        But for stamps that turn out to have been more than `BELIEVED_AHEAD` in the future: going on from them
        would leave out what happens until then.
        """
        now = self.at(moment)
        if self._last - now > BELIEVED_AHEAD:
            self._last = now - 1
        self._last = max(now, self._last + 1)
        return self._last

    def set_forward(self) -> int:
        """Return by how much (µs) this clock is ahead of what it was within the last day, at the most."""
        since = self.steady() - _UNSURE_FOR
        self._before = [(until, offset) for until, offset in self._before if until > since]
        ahead = [self._offset - offset for _, offset in self._before]
        return int(max([0.0, *ahead]) * SECOND)

    def learn(self, date: str | None, sent: float, received: float) -> None:
        """Take in the Date header of an answer that passed its check.

        `sent`, `received`: readings of `steady`. A header that is missing or unreadable teaches nothing.
        """
        try:
            second = parsedate_to_datetime(date or "").timestamp()
        except ValueError:
            return
        earliest = second - (received + self._epoch)
        latest = second + 1 - (sent + self._epoch)
        if self.uncertainty is not None and not earliest - _DRIFT <= self._offset <= latest + _DRIFT:
            self._doubted.append((earliest, latest))
            earliest = max(each for each, _ in self._doubted)
            latest = min(each for _, each in self._doubted)
            if earliest > latest + _DRIFT:
                self._doubted = self._doubted[-1:]
            if len(self._doubted) < _WITNESSES:
                return
            earliest, latest = self._doubted[-1]
            self._before.append((received, self._offset))
        self._doubted.clear()
        self._offset = min(max(self._offset, earliest), latest)
        self.uncertainty = int((latest - earliest) * SECOND)

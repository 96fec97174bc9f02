"""The trend of a target's headline score: points of it, and how far it has fallen since a moment before.

A point is taken with the first exact score, then every hour. The score is compared with the last point at or
before `window` ago, with the oldest one while history is shorter. Times are integer microseconds since the
Unix epoch by AWS's clock, of points in whole seconds, as a status writes them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from posture.domain.scoring.scores import Score
from posture.domain.time import DAY, HOUR, SECOND

KEPT = 400 * DAY
"""For how long points are kept."""


class Point(NamedTuple):
    """The headline score at a moment at which it was exact."""

    at: int
    score: Score


class Trend(NamedTuple):
    """A score compared with an earlier one."""

    then: Point
    drop: Fraction
    """Of the ratio, 0 or more."""

    def exceeds(self, max_drop: float) -> bool:
        """Whether it has fallen by more than so many points of percent."""
        # The number as it was written: a drop of 0.1 is not more than 0.1.
        return self.drop * 100 > Fraction(str(max_drop))


def point_of(at: int, score: Score) -> Point:
    """Return the point of a score that was exact at a moment."""
    return Point(at // SECOND * SECOND, score)


def point_is_due(points: Sequence[Point], at: int) -> bool:
    """Whether a point is to be taken at a moment; `points`: those that there are, in order."""
    return not points or at // SECOND * SECOND - points[-1].at >= HOUR


def merged(*histories: Iterable[Point], until: int) -> tuple[Point, ...]:
    """Return the points of several histories of one score in order; those that are yet to come are none."""
    by_time = {point.at: point for history in histories for point in history if point.at <= until}
    return tuple(by_time[at] for at in sorted(by_time))


def trend_of(points: Sequence[Point], at: int, score: Score, window: int) -> Trend | None:
    """Compare the score of a moment with an earlier one; None where there is no point until then."""
    then = _reference(points, at, window)
    if then is None:
        return None
    drop = Fraction(*then.score) - Fraction(*score)
    return Trend(then, max(drop, Fraction(0)))


def needed(points: Sequence[Point], at: int, window: int) -> tuple[Point, ...]:
    """Return the points that any comparison from a moment on can be with, and the last one."""
    return tuple(points[min(_first(points, at, window), max(0, len(points) - 1)) :])


def daily(points: Sequence[Point], at: int, window: int) -> tuple[Point, ...]:
    """Return one point a day, of those that comparisons from a moment on are with: the first of each day."""
    first = [next(those) for _, those in groupby(points, key=lambda point: point.at // DAY)]
    return needed(first, at, window)


def _reference(points: Sequence[Point], at: int, window: int) -> Point | None:
    if not points or points[0].at > at:
        return None
    return points[_first(points, at, window)]


def _first(points: Sequence[Point], at: int, window: int) -> int:
    """Return the index of the last point at or before `window` ago; of the oldest one where there is none."""
    return max(0, bisect_right(points, at - window, key=lambda point: point.at) - 1)

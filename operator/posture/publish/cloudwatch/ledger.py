"""When a metric gets a point: at each change, and within each hour.

CloudWatch keeps one point of a metric a minute, in which all that arrives is added up (user guide,
"Resolution"): two scores in one minute would show as a mean that never was. So a minute has one point.
"""

from collections.abc import Iterable
from typing import NamedTuple

from posture.domain.time import HOUR, MINUTE
from posture.publish.cloudwatch.metrics import Metric, MetricValue
from posture.publish.cloudwatch.selection import MetricGroup, MetricSelection, select

_AGAIN_AFTER = 50 * MINUTE


class DataPoint(NamedTuple):
    """A value of a metric at a moment (µs since the epoch)."""

    metric: Metric
    value: float
    at: int


class Ledger:
    """What has been told of which metric, of at most `most` within one hour. Moments are µs, by one clock."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._hour: int | None = None
        self._used: set[Metric] = set()
        self._reserved = 0
        self._last: dict[Metric, tuple[float, int]] = {}

    def due(
        self, groups: Iterable[MetricGroup], now: int, *, unsent: bool
    ) -> tuple[list[tuple[str, DataPoint]], MetricSelection]:
        """Return the points that are due, by owner, and the selection that they are of.

        `unsent`: whether points that were due before still wait: they arrive in this hour or a later one, and
        count there.
        """
        if now // HOUR != self._hour and not unsent:
            self._hour, self._used, self._reserved = now // HOUR, set(), 0
            self._last = {
                metric: told for metric, told in self._last.items() if abs(now - told[1]) < 2 * HOUR
            }
        selection = select(groups, self._most, self._used, reserved=self._reserved)
        self._reserved = selection.reserved
        due = [
            (owner, DataPoint(*reading, now))
            for owner, reading in selection.chosen
            if self._is_due(reading, now)
        ]
        for _, point in due:
            self._used.add(point.metric)
            self._last[point.metric] = point.value, point.at
        return due, selection

    def forget(self, metrics: Iterable[Metric]) -> None:
        """Tell anew what another replica may have told meanwhile."""
        for metric in metrics:
            self._last.pop(metric, None)

    def _is_due(self, reading: MetricValue, now: int) -> bool:
        last = self._last.get(reading.metric)
        if last is None:
            return True
        value, at = last
        if now // MINUTE == at // MINUTE:
            return False
        return value != reading.value or abs(now - at) >= _AGAIN_AFTER

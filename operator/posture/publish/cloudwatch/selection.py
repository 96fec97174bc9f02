"""Which metrics are published where there are more than an output may have.

AWS charges for a metric in each hour in which anything arrives for it (CloudWatch pricing), so what counts is
how many different ones were sent within one hour, not how many there are at a time.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from posture.publish.cloudwatch.metrics import NAMES, Metric, MetricLevel, MetricValue


class MetricGroup(NamedTuple):
    """The metrics of one name at one level of one target.

    `readings`: those that can be sent. `reserved`: how many others room is kept for: of a target that another
    replica works on, or whose score is not current just now.
    """

    level: MetricLevel
    name: str
    target: tuple[str, str]
    """Namespace and name."""
    owner: str
    readings: Sequence[MetricValue] = ()
    reserved: int = 0

    @property
    def rank(self) -> tuple[MetricLevel, int, tuple[str, str]]:
        """What comes first is published first: the same order on every replica."""
        return self.level, NAMES.index(self.name), self.target


class MetricSelection(NamedTuple):
    """What is published: by owner; and how many metrics of each owner are left out.

    `reserved`: how many others room was kept for.
    """

    chosen: list[tuple[str, MetricValue]]
    left_out: Counter[str]
    reserved: int


def select(
    groups: Iterable[MetricGroup], most: int, used: AbstractSet[Metric], *, reserved: int = 0
) -> MetricSelection:
    """Choose what is published, at most `most` metrics together with those `used` within the hour.

    `reserved`: for how many of others room was kept within the hour: they may have used it.

    Targets first, then standards, then workloads; of each first all scores. What was used may be used again
    for nothing; what comes anew waits for the next hour where there is no room beside that.
    """
    ranked = sorted(groups, key=lambda group: group.rank)
    within, keeping, room = list[tuple[str, MetricValue]](), 0, most
    left_out = Counter[str]()
    for group in ranked:
        kept = min(group.reserved, room)
        taken = group.readings[: room - kept]
        room -= kept + len(taken)
        keeping += kept
        within += [(group.owner, reading) for reading in taken]
        left_out[group.owner] += len(group.readings) - len(taken)
    reserved = max(reserved, keeping)
    room = most - reserved - len(used)
    chosen = list[tuple[str, MetricValue]]()
    for owner, reading in within:
        if reading.metric in used:
            chosen.append((owner, reading))
        elif room > 0:
            chosen.append((owner, reading))
            room -= 1
        else:
            left_out[owner] += 1
    return MetricSelection(chosen, +left_out, reserved)

"""Overdue: findings in state `failed` that fail for longer than the objective of their severity allows."""

from collections.abc import Iterable, Mapping
from heapq import nsmallest
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

from posture.domain.findings import Severity
from posture.domain.objectives.failed import FailedCell, FailedScope

LISTED = 20
"""Overdue findings that are named: the 20 that are over the longest are in the 20 cells with such."""

KeyT = TypeVar("KeyT")


class OverdueKey(NamedTuple):
    """What overdue findings are counted by."""

    product: str
    account_id: str
    severity: Severity


class Overdue(NamedTuple, Generic[KeyT]):
    """What is overdue of one target."""

    counts: Mapping[OverdueKey, int]
    """Sorted; not zero."""
    unknown: int
    """How many of its failed findings have a limit, and it is not known since when they fail."""
    longest: tuple[KeyT, ...]
    """The cells with the findings that are over the longest: `LISTED` of them, or all."""

    def by_severity(self) -> dict[Severity, int]:
        """Add up over products and accounts."""
        sums = dict.fromkeys(Severity, 0)
        for key, n in self.counts.items():
            sums[key.severity] += n
        return sums


def overdue_of(cells: Iterable[tuple[KeyT, FailedCell]], scope: FailedScope) -> Overdue[KeyT]:
    """Count what is overdue in a view, from the cells of its hub, each with a key of its own."""
    sums: dict[tuple[str, str], list[int]] = {}
    unknown = 0
    found: list[tuple[int, str, str, str, KeyT]] = []
    for key, (check, account_id, region, failed) in cells:
        if not (failed.overdue or failed.unknown):
            continue
        product = scope.product(check, account_id, region)
        if not product:
            continue
        unknown += failed.unknown
        counts = sums.get((product, account_id))
        if counts is None:
            counts = sums[product, account_id] = [0] * len(Severity)
        for severity, n in failed.overdue:
            counts[severity] += n
        if failed.longest is not None:
            found.append((failed.longest, account_id, region, check.control, key))
    first = nsmallest(LISTED, found, key=itemgetter(0, 1, 2, 3))
    return Overdue(
        {
            OverdueKey(*where, severity): sums[where][severity]
            for where in sorted(sums)
            for severity in Severity
            if sums[where][severity]
        },
        unknown,
        tuple(each[4] for each in first),
    )

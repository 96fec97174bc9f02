"""What to fix first: the controls with failed findings, and how many findings of each failed.

A control is pooled: the same one in every standard, as in the scores of a target.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from posture.domain.findings import Severity
from posture.domain.objectives.failed import FailedCell, FailedScope

LISTED = 20
"""Controls that are named."""

KeyT = TypeVar("KeyT")


class ControlKey(NamedTuple):
    """What the failed findings of controls are counted by."""

    standard: str
    control: str
    """As AWS spells it."""
    severity: Severity


class WorstControl(NamedTuple, Generic[KeyT]):
    """A control that has failed findings."""

    control: str
    """As AWS spells it; a standard's own number, which no control is tied to, with the standard."""
    severity: Severity
    """The worst of them."""
    failed: int
    """How many there are."""
    accounts: int
    """In how many accounts."""
    oldest: int | None
    """Since when the first of them fails, in µs; None where that is not known."""
    cell: KeyT
    """One of those with such a finding."""


class FailedControls(NamedTuple, Generic[KeyT]):
    """The controls of one target that have failed findings."""

    worst: tuple[WorstControl[KeyT], ...]
    """By severity, then by how many failed: the first `LISTED`."""
    failed: Mapping[ControlKey, int]
    """Failed findings by standard, control and severity, sorted; not zero."""


class _Sum(Generic[KeyT]):
    """What is known of a control, or of the findings that count for the same pairs."""

    __slots__ = ("accounts", "cell", "failed", "oldest")

    def __init__(self, cell: KeyT) -> None:
        self.cell = cell
        self.failed = [0] * len(Severity)
        self.accounts: set[str] = set()
        self.oldest: int | None = None

    def add(self, failed: Iterable[tuple[Severity, int]], oldest: int | None) -> None:
        for severity, n in failed:
            self.failed[severity] += n
        if oldest is not None and (self.oldest is None or oldest < self.oldest):
            self.oldest = oldest

    def by_severity(self) -> list[tuple[Severity, int]]:
        return [(severity, self.failed[severity]) for severity in Severity if self.failed[severity]]

    def worst(self, control: str) -> WorstControl[KeyT]:
        severity = self.by_severity()[-1][0]
        return WorstControl(control, severity, sum(self.failed), len(self.accounts), self.oldest, self.cell)


def failed_controls(cells: Iterable[tuple[KeyT, FailedCell]], scope: FailedScope) -> FailedControls[KeyT]:
    """Count the failed findings of a view's controls, from the cells of its hub, each with its own key."""
    sums: dict[int, _Sum[KeyT]] = {}
    for key, (check, account_id, region, failed) in cells:
        pairs = scope.pairs(check, account_id, region)
        if not pairs:
            continue
        known = sums.get(pairs)
        if known is None:
            known = sums[pairs] = _Sum(key)
        known.accounts.add(account_id)
        known.add(failed.failed, failed.oldest)
    counts: Counter[ControlKey] = Counter()
    pooled: dict[str, tuple[str, _Sum[KeyT]]] = {}
    for pairs, known in sums.items():
        spelled = scope.spelled(pairs)
        for standard, control in spelled:
            counts.update({ControlKey(standard, control, each): n for each, n in known.by_severity()})
        standard, control = spelled[0]
        identity = scope.identity(standard, control)
        # A bare number is another control in every standard, and is told with it.
        name = control if control.upper() == identity else identity
        _, whole = pooled.setdefault(identity, (name, _Sum(known.cell)))
        whole.accounts |= known.accounts
        whole.add(known.by_severity(), known.oldest)
    worst = sorted(
        (each.worst(name) for name, each in pooled.values()),
        key=lambda each: (-each.severity, -each.failed, each.control),
    )
    return FailedControls(tuple(worst[:LISTED]), dict(sorted(counts.items())))

"""The controls of a target that have failed findings, and in what order they are to be put right."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from posture.domain.findings import Finding, Severity
from posture.domain.scoring.finding_states import Pair
from posture.domain.standards import Controls


class FailingControl(NamedTuple):
    """A security control, over all standards, accounts and Regions of a target."""

    control: str
    """As AWS spells it."""
    title: str
    """Of the failed finding that was updated last."""
    severity: Severity
    """The greatest of its failed findings."""
    standards: tuple[str, ...]
    """In which it fails, sorted."""
    failed: int
    """Failed findings, each counted by its Id."""
    accounts: int
    """In how many it fails."""
    oldest: int | None
    """Since when the finding fails that fails for longest, µs; None: of none of them that is known."""


@dataclass(slots=True)
class _Failing:
    control: str
    title: tuple[int, str] = (-1, "")
    severity: Severity = Severity.INFORMATIONAL
    standards: set[str] = field(default_factory=set)
    failed: int = 0
    accounts: set[str] = field(default_factory=set)
    oldest: int | None = None


class FailingControls:
    """Counts failed findings by control; `controls`: of their hub.

    A security control is one, whatever standards it is in: what tells controls apart is `Controls.identity`.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._failing: dict[str, _Failing] = {}

    def add(self, finding: Finding, pairs: Iterable[Pair]) -> None:
        """Take in a failed finding; `pairs`: the controls that it is of and that are on where it is."""
        for each in self._met(pairs):
            each.title = max(each.title, (finding.updated_at, finding.title))
            each.severity = max(each.severity, finding.severity)
            each.failed += 1
            each.accounts.add(finding.account_id)
            if finding.failing is not None:
                since = finding.failing.since
                each.oldest = since if each.oldest is None else min(each.oldest, since)

    def add_result(self, account_id: str, pairs: Iterable[Pair]) -> None:
        """Take in that a rule of AWS Config fails in an account and Region: that has no finding."""
        for each in self._met(pairs):
            each.severity = max(each.severity, Severity.MEDIUM)
            each.failed += 1
            each.accounts.add(account_id)

    def _met(self, pairs: Iterable[Pair]) -> list[_Failing]:
        met: dict[str, _Failing] = {}
        for standard, control in pairs:
            identity = self._controls.identity(standard, control)
            each = self._failing.get(identity)
            if each is None:
                each = self._failing[identity] = _Failing(self._controls.spelled(control))
            each.standards.add(standard)
            met[identity] = each
        return list(met.values())

    def worst_first(self) -> list[FailingControl]:
        """Return them by severity, then by failed findings, the most first, then by name."""
        found = [
            FailingControl(
                each.control,
                each.title[1],
                each.severity,
                tuple(sorted(each.standards)),
                each.failed,
                len(each.accounts),
                each.oldest,
            )
            for each in self._failing.values()
        ]
        return sorted(found, key=lambda each: (-each.severity, -each.failed, each.control, each.standards))

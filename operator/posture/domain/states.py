"""The one state that a finding is counted in."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from posture.domain.findings import Compliance, Severity, Workflow


class FindingState(IntEnum):
    """State of an ACTIVE finding: the first that fits, in this order."""

    STALE = 0
    DISABLED = 1
    SUPPRESSED = 2
    FAILED = 3
    WARNING = 4
    NOT_AVAILABLE = 5
    PASSED = 6


_BY_COMPLIANCE = {
    Compliance.FAILED: FindingState.FAILED,
    Compliance.WARNING: FindingState.WARNING,
    Compliance.NOT_AVAILABLE: FindingState.NOT_AVAILABLE,
    Compliance.PASSED: FindingState.PASSED,
}


def state_of_control_finding(
    compliance: Compliance, workflow: Workflow, *, fresh: bool, disabled: bool
) -> FindingState:
    """Return the state of Security Hub's own finding.

    `disabled`: its control is off in its account and Region, in every standard that counts. One without
    Compliance tells nothing of its control, as NOT_AVAILABLE does.
    """
    if not fresh:
        return FindingState.STALE
    if disabled:
        return FindingState.DISABLED
    if workflow is Workflow.SUPPRESSED:
        return FindingState.SUPPRESSED
    return _BY_COMPLIANCE.get(compliance, FindingState.NOT_AVAILABLE)


def state_of_product_finding(compliance: Compliance, workflow: Workflow) -> FindingState:
    """Return the state of another product's finding: never stale; without Compliance, failed."""
    if workflow is Workflow.SUPPRESSED:
        return FindingState.SUPPRESSED
    return _BY_COMPLIANCE.get(compliance, FindingState.FAILED)


class FindingKey(NamedTuple):
    """What findings are counted by."""

    product: str
    account_id: str
    severity: Severity
    state: FindingState


class FindingTotals(NamedTuple):
    """Findings by state, the failed ones by severity too, most severe first."""

    failed: Mapping[Severity, int]
    warning: int
    not_available: int
    passed: int
    suppressed: int
    disabled: int
    stale: int

    @property
    def failed_total(self) -> int:
        """All that failed, of any severity."""
        return sum(self.failed.values())


def totals(counts: Mapping[FindingKey, int], products: Iterable[str] | None = None) -> FindingTotals:
    """Add up counts over accounts and products; `products`: only these."""
    wanted = None if products is None else frozenset(products)
    by_state = dict.fromkeys(FindingState, 0)
    failed = dict.fromkeys(reversed(Severity), 0)
    for key, n in counts.items():
        if wanted is not None and key.product not in wanted:
            continue
        by_state[key.state] += n
        if key.state is FindingState.FAILED:
            failed[key.severity] += n
    return FindingTotals(
        failed=failed,
        warning=by_state[FindingState.WARNING],
        not_available=by_state[FindingState.NOT_AVAILABLE],
        passed=by_state[FindingState.PASSED],
        suppressed=by_state[FindingState.SUPPRESSED],
        disabled=by_state[FindingState.DISABLED],
        stale=by_state[FindingState.STALE],
    )

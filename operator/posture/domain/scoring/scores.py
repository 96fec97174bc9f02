"""Scores as pairs of whole numbers, so that nothing is rounded before it is shown, and states of findings.

A finding is counted in one state, whatever is said of it.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, IntEnum
from typing import NamedTuple, Protocol, Self, TypeVar

from posture.domain.findings import Compliance, Severity, Workflow


class Method(Enum):
    """Which score is the headline; the values are the spec's spelling."""

    SECURITY_HUB = "SecurityHub"
    EXPECTED_CONTROLS = "ExpectedControls"


class Score(NamedTuple):
    """Controls that passed out of those that are scored. `scored` is never 0: then there is no score."""

    passed: int
    scored: int

    @property
    def ratio(self) -> float:
        """0 to 1, unrounded."""
        return self.passed / self.scored

    @property
    def percent(self) -> int:
        """Whole percents, half up, in whole numbers throughout."""
        return (200 * self.passed + self.scored) // (2 * self.scored)


def score(passed: int, scored: int) -> Score | None:
    """Return the score, or None when nothing is scored: what does not exist is absent, never 0 or 1."""
    return Score(passed, scored) if scored > 0 else None


class Scores(NamedTuple):
    """The scores of one scope, each None where it does not exist.

    `aws`: Security Hub's rules. `unsuppressed`: the same rules with every suppressed finding, and every
    control that a policy turned off, counted. `expected`: the expected-controls method.
    """

    aws: Score | None = None
    unsuppressed: Score | None = None
    expected: Score | None = None

    def headline(self, method: Method) -> Score | None:
        """Return the score by the method that the target chose."""
        return self.expected if method is Method.EXPECTED_CONTROLS else self.aws


class ControlCounts(NamedTuple):
    """How many controls of a scope have each status."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    no_data: int = 0
    disabled: int = 0


class _Ordered(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


ScoreScope = TypeVar("ScoreScope", bound=_Ordered)


def worst_first(
    scores: Mapping[ScoreScope, Scores], method: Method, *, limit: int = 100
) -> tuple[list[tuple[ScoreScope, Score]], int]:
    """List scopes by their score, the lowest first, at most `limit`; and the number of those left out.

    Equal ratios: more controls that did not pass first, then by scope. Scopes without a score are in neither.
    """
    present = [
        (scope, found) for scope, each in scores.items() if (found := each.headline(method)) is not None
    ]
    present.sort(key=lambda entry: (entry[1].ratio, entry[1].passed - entry[1].scored, entry[0]))
    return present[:limit], max(0, len(present) - limit)


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

"""What outputs are told of targets, policies and rules."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from posture.domain.costs import CostEstimate
from posture.domain.findings import Finding, Severity
from posture.domain.objectives.overdue import Overdue
from posture.domain.objectives.worst import FailedControls
from posture.domain.remediation.journal import State
from posture.domain.remediation.reasons import Reason
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.scores import Method, Score
from posture.sources.failed_cache import FailedLimits


class Shown(NamedTuple):
    """The evaluation that is published, and what it was made of."""

    key: tuple[object, ...]
    """The same key gives the same numbers."""
    scope: str
    """Digest of what is scored."""
    evaluation: Evaluation
    exact_at: int
    """µs since the epoch."""
    missing: tuple[str, ...] = ()
    """Chosen standards that are enabled nowhere; they are not in the evaluation."""
    polled_in: int | None = None
    """The hub's term in which it was polled for them; None where they are of what its store held before."""
    overdue: Overdue[Any] | None = None
    """What is overdue; None where it is not counted."""
    late: tuple[Finding, ...] = ()
    """The findings that are overdue for the longest, that first."""
    followed: FailedLimits | None = None
    """By what that was counted."""
    failed: FailedControls[Any] | None = None
    """The controls with failed findings; None where they are not counted."""
    titles: tuple[str, ...] = ()
    """Of the worst of them, in their order."""

    @property
    def pooled(self) -> bool:
        """Whether there is a score over all chosen standards: not over some of them."""
        return not self.missing


class RestoredScores(NamedTuple):
    """The scores that an earlier leader left in the status."""

    metric: str
    """The end of the families' names: the method by which all of them were made."""
    target: Score | None
    standards: Mapping[str, Score]
    workloads: Mapping[tuple[str, str, str], Score]
    exact_at: int
    """µs since the epoch."""


class ObjectiveLimits(NamedTuple):
    """What a target aims at; None, or no entry, where it does not."""

    minimum_score: float | None
    """Percent."""
    max_drop: float | None
    """Points of percent."""
    resolve_within: Mapping[Severity, float]
    """Seconds by severity."""


class TargetHub(NamedTuple):
    """The hub of a target, as its metrics name it, and the method of the target's headline."""

    name: str
    account_id: str
    region: str
    method: str


class InsightReport(NamedTuple):
    """What an insight of Security Hub counts."""

    insight: str
    """As in the spec."""
    name: str
    values: int
    """Values of the attribute that findings are grouped by."""
    findings: int


class TargetReport(NamedTuple):
    """A PostureTarget as it is now."""

    namespace: str
    name: str
    conditions: Mapping[str, str]
    """Type → status."""
    objectives: ObjectiveLimits | None
    scores: Shown | RestoredScores | None
    per_control: bool
    """Whether each control is shown too."""
    drop: float | None = None
    """How far the headline is below what it is compared with, as a ratio; None where there is no trend."""
    method: Method = Method.SECURITY_HUB
    """Of the headline."""
    told_at: int = 0
    """When this is so: µs by the clock that dated the scores."""
    current_until: int = 0
    """Until when the scores are current, by that clock; no later than `told_at` where they are not."""
    hub: TargetHub | None = None
    """None while the hub has not answered."""
    insights: tuple[InsightReport, ...] = ()
    """Those of which something current is known."""
    setup: Mapping[str, bool] = MappingProxyType({})
    """Whether parts of the organization's set-up are as they should be; without those of which that is not
    known."""
    cost: CostEstimate | None = None
    """What Security Hub costs; None where that is not known."""


class PolicyReport(NamedTuple):
    """A SuppressionPolicy as it is now; what is not known is None."""

    namespace: str
    name: str
    target: str
    suppressed: int | None
    drift: int | None
    expires_at: int | None
    """µs since the epoch."""
    review_due_at: int | None
    """µs since the epoch."""
    conditions: Mapping[str, str]
    """Type → status."""


class RuleReport(NamedTuple):
    """A RemediationRule as it is now. `candidates`: by reason, how many; None where that is not known.

    `states`: entries of the journal by action and state. `ended`: remediations by action and how they ended,
    since this holder took the hub up.
    """

    namespace: str
    name: str
    target: str
    candidates: Mapping[Reason, int] | None
    conditions: Mapping[str, str]
    """Type → status."""
    states: Mapping[tuple[str, State], int] = MappingProxyType({})
    ended: Mapping[tuple[str, State], int] = MappingProxyType({})


class ObjectReport(NamedTuple):
    """The conditions of an object of any kind."""

    kind: str
    namespace: str
    name: str
    conditions: Mapping[str, str]
    """Type → status."""

"""What policies say of themselves: status, events, metrics."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from posture.api.conditions import READY, ConditionStatus
from posture.api.suppression_policy import DRIFTED, EXPIRED, REVIEW_DUE, SuppressionPolicyStatus
from posture.domain.exceptions.policy import NEVER, review_due_at
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import SUPPRESSION_POLICIES
from posture.kube.status import StatusWrite
from posture.publish.reports import PolicyReport
from posture.reconcile.context import Context
from posture.reconcile.reporter import CaseObject, CaseReporter, ReportedKind
from posture.suppression.conditions import PolicyCase
from posture.suppression.status import policy_status

_KIND = ReportedKind(
    SUPPRESSION_POLICIES,
    SuppressionPolicyStatus,
    action="Suppress",
    bad={
        READY: ConditionStatus.FALSE,
        EXPIRED: ConditionStatus.TRUE,
        REVIEW_DUE: ConditionStatus.TRUE,
        DRIFTED: ConditionStatus.TRUE,
    },
    calm=frozenset({"Suspended", "TargetSuspended", "Syncing", "Writing", "Deleting", "Moving"}),
    seldom=frozenset({EXPIRED, REVIEW_DUE, DRIFTED}),
)


class ReportedPolicy(NamedTuple):
    """A policy to report on. `handled`: the last request by annotation whose run has ended."""

    case: PolicyCase
    handled: str | None


class PolicyReporter(CaseReporter[ReportedPolicy, SuppressionPolicyStatus, PolicyReport]):
    """Reports on the policies of one `owner`, while it is `leading`. `objects`: as written last."""

    def __init__(self, context: Context, owner: Hashable, leading: Leading, objects: ObjectCache) -> None:
        super().__init__(context, _KIND, owner, leading, objects)

    async def remember(self, policies: Sequence[ReportedPolicy]) -> set[str]:
        """Write what has changed, of some of the policies; return those whose status says it now."""
        outcomes = {each.case.declared.name: await self._tell_of(each, {}) for each in policies}
        return {
            name
            for name, outcome in outcomes.items()
            if outcome in {StatusWrite.WRITTEN, StatusWrite.UNCHANGED}
        }

    def _object(self, case: ReportedPolicy) -> CaseObject:
        declared = case.case.declared
        fields = {"policy": declared.name, "target": declared.scope}
        return CaseObject(declared.document, fields, case.case.now)

    def _status(self, before: SuppressionPolicyStatus, case: ReportedPolicy) -> SuppressionPolicyStatus:
        return policy_status(before, case.case, case.handled)

    def _report(self, case: ReportedPolicy, status: SuppressionPolicyStatus) -> PolicyReport:
        return _sample(case.case, status)

    def _show(self, reports: Sequence[PolicyReport]) -> None:
        self._sink.show_policies(self._owner, reports, self._leading)


def _sample(case: PolicyCase, status: SuppressionPolicyStatus) -> PolicyReport:
    declared, terms = case.declared, case.declared.terms
    outcome = None if case.progress is None else case.progress.outcome
    namespace, _, name = declared.name.partition("/")
    return PolicyReport(
        namespace,
        name,
        declared.scope.partition("/")[2],
        # What the other kind of policy counts are controls, which are no findings. What a status tells is no
        # number of this holder's: a series has nothing to say when it was true.
        suppressed=outcome.suppressed if outcome and declared.suppresses else None,
        drift=outcome.drift if outcome else None,
        expires_at=None if terms is None or terms.expires_at == NEVER else terms.expires_at,
        review_due_at=None if terms is None else review_due_at(terms),
        conditions={each.type: each.status.value for each in status.conditions},
    )

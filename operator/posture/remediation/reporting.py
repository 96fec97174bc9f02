"""What RemediationRules say of themselves: status, events, metrics."""

from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from posture.api.conditions import READY, ConditionStatus
from posture.api.remediation_rule import RemediationRuleStatus
from posture.domain.remediation.journal import State
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import REMEDIATION_RULES
from posture.publish.reports import RuleReport
from posture.reconcile.context import Context
from posture.reconcile.reporter import CaseObject, CaseReporter, ReportedKind
from posture.remediation.conditions import CAP_REACHED, SYNCING, RuleCase, rule_status

_KIND = ReportedKind(
    REMEDIATION_RULES,
    RemediationRuleStatus,
    action="Remediate",
    bad={READY: ConditionStatus.FALSE, CAP_REACHED: ConditionStatus.TRUE},
    seldom=frozenset({CAP_REACHED}),
    calm=frozenset({"Suspended", "TargetSuspended", SYNCING}),
)


class ReportedRule(NamedTuple):
    """A rule to report on. `handled`: the last request by annotation whose run has ended.

    `ended`: remediations by action and how they ended, since this holder took the hub up.
    """

    case: RuleCase
    handled: str | None
    ended: Mapping[tuple[str, State], int] = MappingProxyType({})


class RuleReporter(CaseReporter[ReportedRule, RemediationRuleStatus, RuleReport]):
    """Reports on the rules of one `owner`, while it is `leading`. `objects`: as written last."""

    def __init__(self, context: Context, owner: Hashable, leading: Leading, objects: ObjectCache) -> None:
        super().__init__(context, _KIND, owner, leading, objects)

    def _object(self, case: ReportedRule) -> CaseObject:
        declared = case.case.declared
        fields = {"rule": declared.name, "target": declared.target}
        return CaseObject(declared.document, fields, case.case.now)

    def _status(self, before: RemediationRuleStatus, case: ReportedRule) -> RemediationRuleStatus:
        return rule_status(before, case.case, case.handled)

    def _report(self, case: ReportedRule, status: RemediationRuleStatus) -> RuleReport:
        return _sample(case.case, status, case.ended)

    def _show(self, reports: Sequence[RuleReport]) -> None:
        self._sink.show_rules(self._owner, reports, self._leading)


def _sample(
    case: RuleCase, status: RemediationRuleStatus, ended: Mapping[tuple[str, State], int]
) -> RuleReport:
    namespace, _, name = case.declared.name.partition("/")
    return RuleReport(
        namespace,
        name,
        case.declared.target.partition("/")[2],
        # What a status tells is no number of this holder's: a series has nothing to say when it was true.
        candidates=None if case.plan is None else case.plan.totals,
        conditions={each.type: each.status.value for each in status.conditions},
        states=case.states or {},
        ended=ended,
    )

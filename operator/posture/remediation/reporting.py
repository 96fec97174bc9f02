"""What RemediationRules say of themselves: status, events, metrics."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from posture.api.conditions import READY, ConditionStatus
from posture.api.remediation_rule import RemediationRuleStatus
from posture.domain.remediation.journal import State
from posture.domain.time import datetime_of
from posture.kube.errors import KubeError, Retryable
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import REMEDIATION_RULES
from posture.logs import bound
from posture.publish.sink import RuleReport
from posture.reconcile.context import Context
from posture.reconcile.reporter import ReportedKind, Reporter
from posture.remediation.conditions import CAP_REACHED, SYNCING, RuleCase, rule_status
from posture.remediation.declared import DeclaredRule

_WRITE_WITHIN = 10.0
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


class RuleReporter:
    """Reports on the rules of one `owner`, while it is `leading`. `objects`: as written last."""

    def __init__(self, context: Context, owner: Hashable, leading: Leading, objects: ObjectCache) -> None:
        self._sink = context.sink
        self._reporter = Reporter(context, _KIND, objects)
        self._owner = owner
        self._leading = leading

    def end(self) -> None:
        """Withdraw all series."""
        self._sink.withdraw(self._owner)

    def status_before(self, declared: DeclaredRule, now: int) -> RemediationRuleStatus:
        """Return the status as it was last read, or written since; `now`: µs, after which nothing was."""
        return self._reporter.before(declared.document, datetime_of(now))

    async def report(self, rules: Sequence[ReportedRule]) -> KubeError | None:
        """Write what has changed, and publish the series of these rules and no others.

        Returns why a status could not be written.
        """
        samples, failure = dict[str, RuleReport](), None
        for each in rules:
            # There may be thousands: others have their turns between them.
            await asyncio.sleep(0)
            error = await self._tell_of(each, samples, impatient=isinstance(failure, Retryable))
            failure = error or failure
        if self._leading():
            self._sink.show_rules(self._owner, list(samples.values()), self._leading)
        else:
            self.end()
        return failure

    async def _tell_of(
        self, reported: ReportedRule, samples: dict[str, RuleReport], *, impatient: bool
    ) -> KubeError | None:
        """Write one status, and add a sample; `impatient`: without waiting for what may work later."""
        case, handled, ended = reported
        declared = case.declared

        def made(before: RemediationRuleStatus) -> RemediationRuleStatus:
            after = rule_status(before, case, handled)
            samples[declared.name] = _sample(case, after, ended)
            return after

        with bound(rule=declared.name, target=declared.target):
            outcome = await self._reporter.report(
                declared.document,
                made,
                self._leading,
                within=0.0 if impatient else _WRITE_WITHIN,
                now=datetime_of(case.now),
            )
        return outcome if isinstance(outcome, KubeError) else None


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

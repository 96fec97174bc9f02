"""What policies say of themselves: status, events, metrics."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from posture.api.conditions import READY, ConditionStatus
from posture.api.suppression_policy import DRIFTED, EXPIRED, REVIEW_DUE, SuppressionPolicyStatus
from posture.domain.exceptions.policy import NEVER, review_due_at
from posture.domain.time import datetime_of
from posture.kube.errors import KubeError, Retryable
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import SUPPRESSION_POLICIES
from posture.kube.status import StatusWrite
from posture.logs import bound
from posture.publish.sink import PolicyReport
from posture.reconcile.context import Context
from posture.reconcile.reporter import ReportedKind, Reporter
from posture.suppression.conditions import PolicyCase
from posture.suppression.declared import Declared
from posture.suppression.status import policy_status

_WRITE_WITHIN = 10.0
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


class PolicyReporter:
    """Reports on the policies of one holder.

    `leading`: asked before each write. `objects`: as written last.
    """

    def __init__(
        self,
        context: Context,
        owner: Hashable,
        leading: Leading,
        objects: ObjectCache,
    ) -> None:
        self._sink = context.sink
        self._reporter = Reporter(context, _KIND, objects)
        self._owner = owner
        self._leading = leading

    def end(self) -> None:
        """Withdraw all series."""
        self._sink.withdraw(self._owner)

    async def report(self, policies: Sequence[ReportedPolicy]) -> KubeError | None:
        """Write what has changed, and publish the series of these policies and no others.

        Returns why a status could not be written.
        """
        samples, failure = dict[str, PolicyReport](), None
        for each in policies:
            outcome = await self._tell_of(each, samples, impatient=isinstance(failure, Retryable))
            failure = outcome if isinstance(outcome, KubeError) else failure
        if self._leading():
            self._sink.show_policies(self._owner, list(samples.values()), self._leading)
        else:
            self.end()
        return failure

    async def remember(self, policies: Sequence[ReportedPolicy]) -> set[str]:
        """Write what has changed, of some of the policies; return those whose status says it now."""
        outcomes = {each.case.declared.name: await self._tell_of(each, {}) for each in policies}
        return {
            name
            for name, outcome in outcomes.items()
            if outcome in {StatusWrite.WRITTEN, StatusWrite.UNCHANGED}
        }

    def status_before(self, declared: Declared, now: int) -> SuppressionPolicyStatus:
        """Return the status as it was last read, or written since; `now`: µs, after which nothing was."""
        return self._reporter.before(declared.document, datetime_of(now))

    async def _tell_of(
        self, reported: ReportedPolicy, samples: dict[str, PolicyReport], *, impatient: bool = False
    ) -> StatusWrite | KubeError | None:
        """Write one status, and add a sample; `impatient`: without waiting for what may work later.

        None where that ended by a defect.
        """
        case, handled = reported
        declared = case.declared

        def made(before: SuppressionPolicyStatus) -> SuppressionPolicyStatus:
            after = policy_status(before, case, handled)
            samples[declared.name] = _sample(case, after)
            return after

        with bound(policy=declared.name, target=declared.scope):
            return await self._reporter.report(
                declared.document,
                made,
                self._leading,
                within=0.0 if impatient else _WRITE_WITHIN,
                now=datetime_of(case.now),
            )


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

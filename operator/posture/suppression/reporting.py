"""What policies say of themselves: status, events, metrics."""

import logging
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from posture.api.conditions import READY
from posture.api.resource import read_status
from posture.api.suppression_policy import DRIFTED, EXPIRED, REVIEW_DUE, SuppressionPolicyStatus
from posture.domain.exceptions.policy import NEVER, review_due_at
from posture.domain.time import datetime_of
from posture.kube.errors import KubeError, Retryable
from posture.kube.leases import Leading
from posture.kube.object_cache import Newest
from posture.kube.resources import SUPPRESSION_POLICIES, Object, ObjectRef
from posture.kube.status import StatusWrite, Transition, transitions, write_status
from posture.logs import bound
from posture.publish.sink import PolicyReport
from posture.reconcile.context import Context
from posture.suppression.conditions import PolicyCase
from posture.suppression.declared import Declared
from posture.suppression.findings.status import finding_policy_status

logger = logging.getLogger(__name__)

_WRITE_WITHIN = 10.0
_TOLD = frozenset({READY, EXPIRED, REVIEW_DUE, DRIFTED})
_CALM = frozenset({"Suspended", "TargetSuspended", "Syncing", "Writing", "Deleting", "Moving"})


class Reported(NamedTuple):
    """A policy to report on. `handled`: the last request by annotation whose run has ended."""

    case: PolicyCase
    handled: str | None


class Reporter:
    """Reports on the policies of one holder.

    `leading`: asked before each write. `newest`: of the objects. `status_of`: makes a
    status of the one before, the case, and the last request whose run has ended.
    """

    def __init__(
        self,
        context: Context,
        owner: Hashable,
        leading: Leading,
        newest: Newest,
        *,
        status_of: Callable[
            [SuppressionPolicyStatus, PolicyCase, str | None], SuppressionPolicyStatus
        ] = finding_policy_status,
    ) -> None:
        self._context = context
        self._status_of = status_of
        self._owner = owner
        self._leading = leading
        self._newest = newest

    def end(self) -> None:
        """Withdraw all series."""
        self._context.sink.withdraw(self._owner)

    async def report(self, policies: Sequence[Reported]) -> KubeError | None:
        """Write what has changed, and publish the series of these policies and no others.

        Returns why a status could not be written.
        """
        samples, failure = list[PolicyReport](), None
        for each in policies:
            outcome = await self._tell_of(each, samples, impatient=isinstance(failure, Retryable))
            failure = outcome if isinstance(outcome, KubeError) else failure
        if self._leading():
            self._context.sink.show_policies(self._owner, samples, self._leading)
        else:
            self.end()
        return failure

    async def remember(self, policies: Sequence[Reported]) -> set[str]:
        """Write what has changed, of some of the policies; return those whose status says it now."""
        outcomes = {each.case.declared.name: await self._tell_of(each, []) for each in policies}
        return {
            name
            for name, outcome in outcomes.items()
            if outcome in {StatusWrite.WRITTEN, StatusWrite.UNCHANGED}
        }

    async def _tell_of(
        self, reported: Reported, samples: list[PolicyReport], *, impatient: bool = False
    ) -> StatusWrite | KubeError | None:
        """Write one status, and add a sample; `impatient`: without waiting for what may work later.

        None where that ended by a defect.
        """
        case, handled = reported
        within = 0.0 if impatient else _WRITE_WITHIN
        with bound(policy=case.declared.name, target=case.declared.scope):
            try:
                before = self.status_before(case.declared, case.now)
                after = self._status_of(before, case, handled)
                samples.append(_sample(case, after))
                outcome = await self._write(case.declared, before, after, within)
                if outcome is StatusWrite.OVERTAKEN:
                    before = self.status_before(case.declared, case.now)
                    after = self._status_of(before, case, handled)
                    outcome = await self._write(case.declared, before, after, within)
            except KubeError as error:
                logger.warning("The status could not be written; trying again: %s", error)
                return error
            except Exception:
                # One policy's trouble is its own: no other goes without its status for it.
                logger.exception("Writing the status failed unexpectedly (a bug in the operator)")
                return None
            return outcome

    def status_before(self, declared: Declared, now: int) -> SuppressionPolicyStatus:
        """Return the status as it was last read, or written since; `now`: µs, after which nothing was."""
        return read_status(SuppressionPolicyStatus, self._document(declared), datetime_of(now))

    def _document(self, declared: Declared) -> Object:
        """Return the document with the status that was written after it had been listed."""
        return self._newest.current(declared.document)

    async def _write(
        self,
        declared: Declared,
        before: SuppressionPolicyStatus,
        after: SuppressionPolicyStatus,
        within: float,
    ) -> StatusWrite:
        status, document = after.to_api(), self._document(declared)
        outcome = await write_status(
            self._context.client,
            SUPPRESSION_POLICIES,
            document,
            status,
            leading=self._leading,
            within=within,
            stored=self._newest.stored,
            writers=self._context.writers,
        )
        if outcome is not StatusWrite.WRITTEN:
            return outcome
        told = transitions([each.to_api() for each in before.conditions], status.get("conditions", []))
        for change in told:
            if change.type in _TOLD and not _is_dull(change):
                await self._tell(ObjectRef.of(SUPPRESSION_POLICIES, document), change)
        return outcome

    async def _tell(self, ref: ObjectRef, change: Transition) -> None:
        bad = change.status == ("False" if change.type == READY else "True") and change.reason not in _CALM
        level = logging.WARNING if bad else logging.INFO
        said = (change.type, change.status, change.reason, change.message)
        logger.log(level, "%s: %s is %s: %s: %s", ref, *said)
        await self._context.events.post(
            ref,
            "Warning" if bad else "Normal",
            reason=change.reason,
            action="Suppress",
            note=f"{change.type}: {change.message}",
        )


def _is_dull(change: Transition) -> bool:
    """Whether something that is mostly false, is false for the first time, or not known."""
    return change.type != READY and change.status != "True" and change.before != "True"


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

"""Findings of what was remediated: RESOLVED once it is verified, NEW if it fails again or was undone."""

import logging
from collections.abc import Mapping, Sequence

from posture.api.remediation_rule import RemediationRuleSpec
from posture.aws.client.errors import AwsError
from posture.domain.exceptions.policy import namespace_of
from posture.domain.grants import NotGranted, Verb, may_use_identity
from posture.domain.remediation.journal import State
from posture.domain.time import HOUR, datetime_of
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.reconcile.context import Context
from posture.remediation.engine.entries import Change, JournalEntry
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.moves import Told
from posture.remediation.engine.workflow import FindingsWorkflow
from posture.remediation.survey import Picture

logger = logging.getLogger(__name__)

_RESOLVED_WITHIN = 24 * HOUR


class FindingsSettling:
    """Settles the findings of one hub's remediations, by what the journal and the survey say."""

    def __init__(
        self, context: Context, hub: Hub, journal: RemediationJournal, workflow: FindingsWorkflow, told: Told
    ) -> None:
        self._context = context
        self._hub = hub
        self._journal = journal
        self._workflow = workflow
        self._told = told

    async def settle(
        self,
        own: Sequence[JournalEntry],
        specs: Mapping[str, RemediationRuleSpec],
        picture: Picture | None,
    ) -> bool:
        """Set findings to RESOLVED where success is verified, and to NEW what failed again or was undone.

        `own`: the journal. `specs`: of the rules that can be read, by namespace/name. Returns whether
        something is left to be set. Raises nothing.
        """
        left = False
        for each in own:
            try:
                await self._settle_of(each, specs.get(each.entry.rule), picture)
            except (AwsError, KubeError) as error:
                logger.warning(
                    "The workflow of the findings of remediation %s is set later: %s", each.name, error
                )
                left = True
        return left

    async def _settle_of(
        self, entry: JournalEntry, spec: RemediationRuleSpec | None, picture: Picture | None
    ) -> None:
        status, now, state = entry.status, self._hub.now(), entry.entry.state
        finished = entry.entry.finished_at
        if not self._is_granted(entry):
            return
        if state is State.SUCCEEDED and status.resolved_at is None:
            recent = finished is not None and now - finished < _RESOLVED_WITHIN and entry.is_verified
            if spec is not None and spec.resolve_findings and recent and await self._workflow.resolve(entry):
                await self._note(entry, now, resolved_at=datetime_of(now))
            return
        if status.resolved_at is None or status.reverted_at is not None:
            return
        if state is State.UNDONE:
            why = f"Remediation {entry.name} was undone: it is as it was before."
            if await self._workflow.reopen(entry, None, why) is not False:
                await self._note(entry, now, reverted_at=datetime_of(now))
        elif state is State.SUCCEEDED and finished is not None and _fails_again(entry, finished, picture):
            why = f"It fails again after remediation {entry.name}: something has set it back."
            if await self._workflow.reopen(entry, finished, why):
                await self._note(entry, now, reverted_at=datetime_of(now))
                await self._told(entry, State.SUCCEEDED, why)

    def _is_granted(self, entry: JournalEntry) -> bool:
        """Whether the namespace may still remediate in the account: its findings are nobody's else to set."""
        granted = self._context.config.current().granted
        identity = may_use_identity(granted, namespace_of(entry.name), self._hub.key.role_arn)
        if isinstance(identity, NotGranted):
            return False
        return identity.why_not(Verb.REMEDIATE, entry.entry.resource.account_id) is None

    async def _note(self, entry: JournalEntry, now: int, **fields: object) -> None:
        state = entry.entry.state
        if state is None:
            return
        said = next((each.message for each in entry.status.conditions if each.type == "Complete"), "")
        await self._journal.change(entry, Change(state, said, now, fields))


def _fails_again(entry: JournalEntry, finished: int, picture: Picture | None) -> bool:
    """Whether a product has looked at the resource since, and found it failing."""
    surveyed = picture.rules.get(entry.entry.rule) if picture is not None else None
    if surveyed is None:
        return False
    return any(
        each.resource == entry.entry.resource and each.looked_at > finished for each in surveyed.candidates
    )

"""How far the run of an entry is, and what comes next for it: read from Automation, and of the resource."""

import logging
from typing import NamedTuple

from posture.api.remediation import Remediation
from posture.aws.client.errors import AwsError
from posture.domain.exceptions.policy import namespace_of
from posture.domain.remediation.automation import AutomationSaid, RunPhase, RunProgress
from posture.domain.remediation.journal import State
from posture.domain.remediation.runs import RunFacts, RunStep, next_run_step
from posture.hubs.hub import Hub
from posture.reconcile.context import Context
from posture.remediation.actions.contract import Refused, Situation
from posture.remediation.automation import follow
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.entries import JournalEntry
from posture.remediation.engine.live import is_right
from posture.remediation.member import MemberReader
from posture.remediation.witnesses import witness_of

logger = logging.getLogger(__name__)


class RunLook(NamedTuple):
    """The next step, and what it was decided by. `right`: whether the resource is; None: nobody can tell."""

    step: RunStep
    progress: RunProgress | None = None
    right: bool | None = None


class RunLooks:
    """Looks at the runs of one hub. It writes nothing."""

    def __init__(self, context: Context, hub: Hub, accounts: Accounts) -> None:
        self._context = context
        self._hub = hub
        self._accounts = accounts

    async def at(self, entry: JournalEntry, shows_within: int) -> RunLook:
        """Look at the run of an entry. Raises nothing."""
        remediation = entry.remediation
        if remediation is None:
            return RunLook(next_run_step(entry.entry, RunFacts(self._hub.now(), 0)))
        status = entry.status
        facts = RunFacts(
            self._hub.now(),
            said_of(remediation).timeout,
            status.execution_id or "",
            status.undo_execution_id or "",
            frozen=self._context.config.current().frozen,
            shows_within=shows_within,
        )
        present = {State.RUNNING: facts.execution, State.UNDOING: facts.undo_execution}.get(
            entry.entry.state or State.SKIPPED
        )
        if not present:
            return RunLook(next_run_step(entry.entry, facts))
        reader = self._reader(entry, remediation)
        try:
            progress = await follow(reader, present)
        except (AwsError, Refused) as error:
            step = next_run_step(entry.entry, facts)
            return RunLook(step._replace(message=f"{step.message} {error}"))
        right = None
        if progress.phase is RunPhase.SUCCEEDED and entry.entry.state is State.RUNNING:
            right = await self.is_right(entry)
        facts = facts._replace(progress=progress, still_wrong=right is False)
        return RunLook(next_run_step(entry.entry, facts), progress, right)

    async def is_right(self, entry: JournalEntry) -> bool | None:
        """Say whether the resource of an entry is right now; None where nobody can tell. Raises nothing."""
        remediation = entry.remediation
        if remediation is None:
            return None
        spec, resource = remediation.spec, entry.entry.resource
        controls = frozenset(each.control for each in (spec.finding, *spec.findings))
        witness = witness_of(resource.type, controls)
        if witness is None or not witness.judges:
            return None
        try:
            protected = await self._accounts.protected(self._context.config.current())
            situation = Situation(self._hub.now(), controls, protected=protected)
            return await is_right(witness, self._reader(entry, remediation), resource, situation)
        except (AwsError, Refused) as error:
            logger.warning("Whether %s is right after its run cannot be read: %s", resource.name, error)
        except Exception:
            logger.exception("Reading %s failed unexpectedly (a bug in the operator)", resource.name)
        return None

    def _reader(self, entry: JournalEntry, remediation: Remediation) -> MemberReader:
        namespace, role_name = namespace_of(entry.name), remediation.spec.role_name
        return self._accounts.reader(namespace, entry.entry.resource, role_name)


def said_of(remediation: Remediation) -> AutomationSaid:
    """Return what is run for an entry whose action is a document; ValueError for another one."""
    said = remediation.spec.action.ssm_automation
    if said is None:
        raise ValueError("the action of this remediation is no document")
    return said.plain()

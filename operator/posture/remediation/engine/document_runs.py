"""Carries the run of a document from state to state: begin, follow, stop, undo. Each is journalled before it.

What comes next is decided by `posture.domain.remediation.runs` from the journal and what Automation says.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from posture.api.remediation import Remediation
from posture.aws.client.errors import AwsError, Throttled
from posture.domain.exceptions.policy import namespace_of
from posture.domain.grants import Mode, NotGranted, may_use_identity
from posture.domain.remediation.automation import RunSubject, run_of
from posture.domain.remediation.journal import State
from posture.domain.remediation.reasons import Outcome, Reason
from posture.domain.remediation.runs import RunAct, RunStep, is_fresh
from posture.domain.time import datetime_of
from posture.hubs.hub import Hub
from posture.reconcile.context import Context
from posture.remediation.actions.contract import Refused, SubWrite, outcome_is_unknown, reason_of
from posture.remediation.automation import start, stop
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.asking import Ask, rest_of
from posture.remediation.engine.clearance import Clearance
from posture.remediation.engine.documents import Whoever, allowed_run
from posture.remediation.engine.entries import Change, JournalEntry, stored
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.moves import Moves, session_of
from posture.remediation.engine.run_looks import RunLook, RunLooks, said_of
from posture.remediation.member import MemberWriter, OutOfTime
from posture.remediation.survey import Picture

logger = logging.getLogger(__name__)

_STEPS = 4


class DocumentRuns:
    """Carries out the remediations of one hub whose action is a document, for the holder of its Lease.

    `seconds_left`: how long a write may last now; 0: nothing may be written. `lease_left`: the same for a
    call that only stops what goes on. Methods raise KubeError.
    """

    def __init__(
        self,
        context: Context,
        hub: Hub,
        journal: RemediationJournal,
        accounts: Accounts,
        clearance: Clearance,
        moves: Moves,
        *,
        seconds_left: Callable[[], float],
        lease_left: Callable[[], float],
    ) -> None:
        self._context = context
        self._hub = hub
        self._journal = journal
        self._accounts = accounts
        self._clearance = clearance
        self.moves = moves
        self._seconds_left = seconds_left
        self._lease_left = lease_left
        self._looks = RunLooks(context, hub, accounts)

    async def begin(
        self, entry: JournalEntry, ask: Ask, sub: SubWrite, picture: Picture
    ) -> JournalEntry | None:
        """Note that a run begins, and start it; None: nothing was started, and the entry is gone again."""
        left = self._seconds_left()
        if left <= 0:
            return entry
        now = self._hub.now()
        fields = {"before": stored([sub]), "attempts": 1, "started_at": datetime_of(now)}
        change = Change(State.RUNNING, f"It {sub.summary}.", now, fields)
        entry = await self._journal.change(entry, change, within=left)
        refusal = await self._cleared(entry, ask, picture)
        if refusal is not None:
            await self.moves.withdraw(entry, refusal.message)
            return None
        return await self._start(entry)

    async def advance(
        self, entry: JournalEntry, picture: Picture | None, cycle_began: int, shows_within: int
    ) -> bool:
        """Take the next steps for an entry; whether it is to be looked at again at once.

        `shows_within`: how long a change may take to show (`verify.timeout`, µs).
        """
        current = entry
        for _ in range(_STEPS):
            looked = await self._looks.at(current, shows_within)
            step = looked.step
            if step.act in {RunAct.NOTHING, RunAct.WAIT, RunAct.ASK}:
                await self._tell(current, step)
                return step.act is RunAct.WAIT and is_fresh(current.entry, self._hub.now())
            if self._lease_left() <= 0:
                return True
            moved = await self._take(current, looked, picture, cycle_began)
            if moved is None:
                return step.act is not RunAct.BEGIN and is_fresh(current.entry, self._hub.now())
            current = moved
        return True

    async def _take(
        self, entry: JournalEntry, looked: RunLook, picture: Picture | None, cycle_began: int
    ) -> JournalEntry | None:
        """Take a step; None: there is no further one for now."""
        match looked.step.act:
            case RunAct.START:
                return await self._start_again(entry, picture, cycle_began)
            case RunAct.UNDO:
                return await self._undo(entry)
            case RunAct.STOP:
                return await self._stop(entry, looked.step.message)
            case RunAct.SETTLE:
                return await self._settle(entry, looked)
        # Nothing was started: it is planned and made anew.
        await self._journal.remove([entry])
        return None

    async def _tell(self, entry: JournalEntry, step: RunStep) -> None:
        """Tell how far it is, or that a person must decide, where that is news."""
        if step.act is RunAct.ASK:
            await self.moves.stand(entry, step.message, step.state)
        elif step.act is RunAct.WAIT:
            await self._note(entry, step.message)

    async def _note(self, entry: JournalEntry, message: str) -> None:
        """Tell how far it is, where that is news."""
        state = entry.entry.state
        said = any(each.type == "Complete" and each.message == message for each in entry.status.conditions)
        if state is not None and state is not State.AWAITING_APPROVAL and not said:
            await self._journal.change(entry, Change(state, message, self._hub.now()))

    async def _settle(self, entry: JournalEntry, looked: RunLook) -> JournalEntry:
        to, message = looked.step.state or State.FAILED, looked.step.message
        if to is State.UNDOING:
            return await self.moves.begin_undo(entry)
        fields: dict[str, Any] = {}
        if to is State.SUCCEEDED and looked.progress is not None:
            fields["after"] = {"status": looked.progress.status, "verified": looked.right is True}
            checked = "The live resource is right." if looked.right else "Its findings will tell its effect."
            message = f"{message} {checked}"
        return await self.moves.finish(entry, to, message, fields)

    async def _cleared(self, entry: JournalEntry, ask: Ask, picture: Picture) -> Outcome | None:
        """Say why the run of an entry may not be started now; None: it may."""
        if entry.remediation is not None:
            try:
                # Credentials may take their time: nothing is looked at before they are there.
                await self._writer(entry, entry.remediation).reach()
            except Refused as refused:
                return Outcome(refused.reason, f"{refused.message}.")
            except AwsError as error:
                return Outcome(reason_of(error), f"{error}")
        cleared = await self._clearance.of(rest_of(ask, entry), picture)
        if isinstance(cleared, Outcome):
            return cleared
        planned = tuple(each.summary for each in cleared.subs)
        if planned != tuple(each.summary for each in entry.subs):
            return Outcome(Reason.PENDING, "What would be run has changed since it was planned.")
        return None

    async def _start_again(
        self, entry: JournalEntry, picture: Picture | None, cycle_began: int
    ) -> JournalEntry | None:
        """Start a run that may have been started; while it may not be started now, it stays unknown.

        Where the resource is right by now there is nothing to start: as for a write, the live state decides.
        """
        if await self._looks.is_right(entry):
            message = "Its execution is not known. The live resource is right."
            return await self.moves.finish(entry, State.SUCCEEDED, message, {"after": {"verified": True}})
        surveyed = picture.rules.get(entry.entry.rule) if picture is not None else None
        candidates = surveyed.candidates if surveyed is not None else ()
        candidate = next((each for each in candidates if each.resource == entry.entry.resource), None)
        if picture is None or candidate is None:
            return None
        ask = Ask(entry.entry.rule, candidate, entry.entry.name, cycle_began)
        refusal = await self._cleared(entry, ask, picture)
        if refusal is not None:
            await self._note(
                entry, f"Whether it was started is not known, and it may not be: {refusal.message}"
            )
            return None
        return await self._start(entry)

    async def _start(self, entry: JournalEntry) -> JournalEntry | None:
        """Send the start of a run that was cleared, and note its execution; None: looked at again later."""
        remediation = entry.remediation
        if remediation is None or self._seconds_left() <= 0:
            return None
        said = said_of(remediation)
        run = run_of(said.document, _subject(entry, remediation), entry.uid)
        try:
            execution_id = await start(self._writer(entry, remediation), run)
        except (AwsError, Refused, OutOfTime) as error:
            return await self._not_started(entry, error)
        return await self._started(entry, {"execution_id": execution_id}, execution_id)

    async def _undo(self, entry: JournalEntry) -> JournalEntry | None:
        """Start the run that undoes, as far as it is granted now, whatever has become of the rule."""
        remediation, left = entry.remediation, self._seconds_left()
        if remediation is None or left <= 0 or self._context.writers.yields(namespace_of(entry.name)):
            return None
        document = said_of(remediation).undo
        self._context.config.reload_if_changed()
        config, namespace = self._context.config.current(), namespace_of(entry.name)
        identity = may_use_identity(config.granted, namespace, self._hub.key.role_arn)
        if isinstance(identity, NotGranted):
            await self.moves.stand(entry, f"{identity.message}: {identity.advice}", None)
            return None
        if document is None or config.frozen:
            return None
        if await self.moves.gives_way(entry):
            return None
        whoever = Whoever(identity, remediation.spec.role_name, Mode.ENFORCE)
        subject = _subject(entry, remediation)._replace(execution_id=entry.status.execution_id or "")
        writer = self._writer(entry, remediation)
        try:
            run = await allowed_run(writer, whoever, document, subject, entry.uid)
        except Refused as refused:
            await self.moves.stand(entry, f"It is not undone: {refused.message}.", None)
            return None
        except AwsError as error:
            await self._note(entry, f"Its undo is tried again: {error}")
            return None
        if entry.status.started_at is None:
            now = self._hub.now()
            fields = {"attempts": (entry.entry.attempts or 0) + 1, "started_at": datetime_of(now)}
            change = Change(State.UNDOING, f"{document.name} undoes it.", now, fields)
            entry = await self._journal.change(entry, change, within=left)
        try:
            execution_id = await start(writer, run)
        except (AwsError, Refused, OutOfTime) as error:
            return await self._not_started(entry, error)
        return await self._started(entry, {"undo_execution_id": execution_id}, execution_id)

    async def _started(
        self, entry: JournalEntry, fields: Mapping[str, Any], execution_id: str
    ) -> JournalEntry:
        state = entry.entry.state or State.RUNNING
        message = f"Execution {execution_id} was started."
        return await self._journal.change(entry, Change(state, message, self._hub.now(), fields))

    async def _not_started(self, entry: JournalEntry, error: Exception) -> JournalEntry | None:
        """Note why a start gave no execution; None: it is sent again."""
        passes = isinstance(error, OutOfTime | Throttled) or (
            isinstance(error, AwsError) and outcome_is_unknown(error)
        )
        if passes:
            logger.warning("The start for remediation %s is sent again: %s", entry.name, error)
            return None
        return await self.moves.finish(entry, State.FAILED, f"It could not be started: {error}")

    async def _stop(self, entry: JournalEntry, why: str) -> JournalEntry | None:
        """Have the run that is under way cancelled; what it comes to is followed."""
        remediation = entry.remediation
        if remediation is None or self._context.writers.yields(namespace_of(entry.name)):
            return None
        undoing = entry.entry.state is State.UNDOING
        execution = entry.status.undo_execution_id if undoing else entry.status.execution_id
        writer = self._writer(entry, remediation, self._lease_left)
        try:
            await stop(writer, execution or "")
        except (AwsError, Refused, OutOfTime) as error:
            logger.warning("Stopping the run of remediation %s is tried again: %s", entry.name, error)
            return None
        await self.moves.told(entry, entry.entry.state or State.RUNNING, f"Its run is stopped. {why}")
        return entry

    def _writer(
        self,
        entry: JournalEntry,
        remediation: Remediation,
        seconds_left: Callable[[], float] | None = None,
    ) -> MemberWriter:
        return self._accounts.writer(
            namespace_of(entry.name),
            entry.entry.resource,
            remediation.spec.role_name,
            session=session_of(entry),
            seconds_left=seconds_left or self._seconds_left,
        )


def is_a_run(entry: JournalEntry) -> bool:
    """Whether the action of an entry is the run of a document."""
    return entry.remediation is not None and entry.remediation.spec.action.ssm_automation is not None


def _subject(entry: JournalEntry, remediation: Remediation) -> RunSubject:
    finding = remediation.spec.finding
    return RunSubject(entry.entry.resource, finding.id, finding.control)

"""Carries one remediation from state to state: begin, write, verify, undo. Each step is journalled before it.

What comes next is decided by `posture.domain.remediation.recovery` from the journal and the live state, after
a crash as after each step. A write whose answer was lost is looked up, and not repeated while it may show.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from posture.api.remediation import Remediation
from posture.aws.client.errors import AwsError, Throttled
from posture.domain.exceptions.policy import namespace_of
from posture.domain.grants import Builtin, Mode, NotGranted, may_use_identity
from posture.domain.remediation.candidates import Candidate
from posture.domain.remediation.journal import State
from posture.domain.remediation.plan import Planned
from posture.domain.remediation.reasons import Decision, Outcome, Reason
from posture.domain.remediation.recovery import Act, Live, Run, Step, next_step
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Rule, plan_hash
from posture.domain.text import counted
from posture.domain.time import SECOND, datetime_of
from posture.hubs.hub import Hub
from posture.kube.errors import Conflict
from posture.kube.resources import Object
from posture.reconcile.context import Context
from posture.remediation.actions.contract import (
    Action,
    ChangedSince,
    LiveState,
    Refused,
    SubWrite,
    outcome_is_unknown,
)
from posture.remediation.actions.registry import builtin_actions
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.clearance import Ask, Clearance
from posture.remediation.engine.document_runs import DocumentRuns, is_a_run
from posture.remediation.engine.journal import (
    Change,
    JournalEntry,
    RemediationJournal,
    has_status,
    stored,
)
from posture.remediation.engine.live import LiveResources
from posture.remediation.engine.moves import session_of
from posture.remediation.member import OutOfTime
from posture.remediation.survey import Picture

logger = logging.getLogger(__name__)

SHOWS_WITHIN = 30 * SECOND
"""For so long (µs) a write that may have been made is looked for before it is made again: as long as a call
of whoever held the Lease before may last."""
_STEPS = 4


class _Stop(NamedTuple):
    """Why a run goes on no further. `unknown`: a call was sent, and nobody knows whether it was done."""

    outcome: Outcome
    failed: bool = False
    unknown: bool = False


class Executor:
    """Carries out the remediations of one hub, one after the other, for the holder of its Lease.

    `seconds_left`: how long a write may last now; 0: nothing may be written. Methods raise KubeError.
    """

    def __init__(
        self,
        context: Context,
        hub: Hub,
        journal: RemediationJournal,
        accounts: Accounts,
        live: LiveResources,
        clearance: Clearance,
        runs: DocumentRuns,
        *,
        seconds_left: Callable[[], float],
    ) -> None:
        self._context = context
        self._hub = hub
        self._journal = journal
        self._accounts = accounts
        self._live = live
        self._clearance = clearance
        self._seconds_left = seconds_left
        self._moves = runs.moves
        self._runs = runs
        self.told = runs.moves.told
        self._wrote: set[str] = set()

    async def ask(self, rule: Object, planned: Planned, subs: Sequence[SubWrite], terms: Rule) -> None:
        """Ask a person to approve what is planned: an entry that waits."""
        now = self._hub.now()
        entry = await self._made(rule, planned, subs, terms, planned.plan_hash, now)
        if entry is None or has_status(entry.document):
            return
        message = "Somebody with the right to approve it must: posture approve, or spec.approval."
        entry = await self._journal.change(
            entry, Change(State.AWAITING_APPROVAL, message, now, {"attempts": 0})
        )
        await self.told(entry, State.AWAITING_APPROVAL, message)

    async def begin(
        self,
        rule: Object,
        planned: Planned,
        request: JournalEntry | None,
        picture: Picture,
        cycle_began: int,
    ) -> Outcome | None:
        """Carry out what is planned, if it still may be; else return why not.

        `request`: the entry that a person approved, where that is needed.
        """
        name = f"{rule['metadata']['namespace']}/{rule['metadata']['name']}"
        ask = Ask(
            name, planned.candidate, planned.entry, cycle_began, request.entry.plan_hash if request else ""
        )
        cleared = await self._clearance.of(ask, picture)
        if isinstance(cleared, Outcome):
            return cleared
        now, resource = self._hub.now(), planned.candidate.resource
        entry = request
        if entry is None:
            terms = cleared.terms.rule
            made_of = plan_hash(terms, resource, (each.summary for each in cleared.subs))
            entry = await self._made(
                rule, planned, cleared.subs, terms, made_of, now, managed_by=cleared.managed_by
            )
            if entry is None:
                return Outcome(Reason.PENDING, "Its entry in the journal is being made.")
        if (other := await self._earlier(entry, now)) is not None:
            await self._moves.withdraw(entry, f"Remediation {other.name} goes on.")
            return Outcome(Reason.PENDING, "Another rule remediates it.")
        if is_a_run(entry):
            entry = await self._runs.begin(entry, ask, cleared.subs[0], picture)
        else:
            entry = await self._run(entry, ask, cleared.subs, range(len(cleared.subs)), picture)
        if entry is not None:
            await self.advance(entry, picture, cycle_began)
        return None

    async def advance(self, entry: JournalEntry, picture: Picture | None, cycle_began: int) -> bool:
        """Take the next steps for an entry; whether more will follow of themselves."""
        if is_a_run(entry):
            return await self._runs.advance(entry, picture, cycle_began, self._timeout(entry))
        current: JournalEntry | None = entry
        for _ in range(_STEPS):
            if current is None:
                return False
            step, state = await self._next(current)
            if step.act in {Act.NOTHING, Act.WAIT}:
                return step.act is Act.WAIT
            if step.act is Act.ASK:
                await self._moves.stand(current, step.message, step.state)
                return False
            if self._seconds_left() <= 0:
                return True
            if step.act is Act.SETTLE:
                current = await self._settle(current, step, state)
            elif step.act is Act.BEGIN:
                # Nothing was written, and nothing is stored: it is planned and made anew.
                await self._journal.remove([current])
                return False
            elif step.act is Act.WRITE:
                current = await self._write_on(current, step, picture, cycle_began)
            else:
                current = await self._restore(current, step)
        return True

    async def _next(self, entry: JournalEntry) -> tuple[Step, LiveState | None]:
        """Return the next step, and the state that it was decided by, where there was any to read."""
        action, remediation, now = _action_of(entry), entry.remediation, self._hub.now()
        lives: Sequence[Live] = ()
        state, why = None, ""
        if entry.entry.stored and action is not None and remediation is not None:
            reader = self._accounts.reader(
                namespace_of(entry.name), entry.entry.resource, remediation.spec.role_name
            )
            lives, state, why = await self._live.compare(action, reader, entry.entry.resource, entry.subs)
        run = Run(now, self._timeout(entry), entry.uid in self._wrote)
        step = next_step(entry.entry, lives, run)
        if why:
            step = step._replace(message=f"{step.message} {why}".strip())
        began = entry.entry.started_at
        may_show = began is not None and now < began + SHOWS_WITHIN and bool(entry.entry.attempts)
        if step.act in {Act.WRITE, Act.RESTORE} and may_show and not _undo_is_new(entry):
            return Step(Act.WAIT, "Whether the last call was made is being looked up."), state
        return step, state

    def _timeout(self, entry: JournalEntry) -> int:
        return self.timeouts.get(entry.entry.rule, 300 * SECOND)

    timeouts: Mapping[str, int] = {}
    """How long a change may take to show (`verify.timeout`, µs), by the rule's namespace/name."""

    async def _made(
        self,
        rule: Object,
        planned: Planned,
        subs: Sequence[SubWrite],
        terms: Rule,
        made_of: str,
        now: int,
        *,
        managed_by: str = "",
    ) -> JournalEntry | None:
        """Make the entry; None where one of its name is there, which the next pass looks at."""
        if self._seconds_left() <= 0:
            return None
        spec, namespace = _spec(rule, planned.candidate, subs, terms, made_of), rule["metadata"]["namespace"]
        try:
            return await self._journal.create(namespace, planned.entry, spec, now, managed_by=managed_by)
        except Conflict:
            return None

    async def _earlier(self, entry: JournalEntry, now: int) -> JournalEntry | None:
        """Return an entry for the same resource that goes on and was made before: of two one gives way."""
        own = _order(entry)
        for each in await self._journal.of_resource(entry.entry.resource, now):
            if each.uid != entry.uid and each.entry.is_going and _order(each) < own:
                return each
        return None

    async def _run(
        self,
        entry: JournalEntry,
        ask: Ask,
        subs: Sequence[SubWrite],
        places: Sequence[int],
        picture: Picture,
    ) -> JournalEntry | None:
        """Store what is to be written with the state before, then write; None: the entry is gone again."""
        left = self._seconds_left()
        if left <= 0:
            return entry
        now, attempts = self._hub.now(), (entry.entry.attempts or 0) + 1
        fields = {"before": stored(subs), "attempts": attempts, "started_at": datetime_of(now)}
        message = f"{counted(len(places), 'write', 'writes')} to {entry.entry.resource.name}."
        entry = await self._journal.change(entry, Change(State.RUNNING, message, now, fields), within=left)
        self._wrote.discard(entry.uid)
        for made, place in enumerate(places):
            stop = await self._write(entry, ask, subs[place], picture)
            if stop is not None:
                return await self._stopped(entry, stop, made, len(subs))
        self._wrote.add(entry.uid)
        return entry

    async def _write(self, entry: JournalEntry, ask: Ask, sub: SubWrite, picture: Picture) -> _Stop | None:
        """Clear one sub-write, and make it."""
        cleared = await self._clearance.of(ask._replace(hash_of=""), picture)
        if isinstance(cleared, Outcome):
            if cleared.reason is Reason.ALREADY_COMPLIANT:
                return None
            return _Stop(cleared)
        wrong = {each.name: each for each in cleared.subs}
        if sub.name not in wrong:
            return None
        if not _alike(wrong[sub.name], sub):
            return _Stop(Outcome(Reason.PENDING, f"{sub.name} has changed since it was planned."))
        action, resource = _known_action(entry), entry.entry.resource
        writer = self._accounts.writer(
            namespace_of(entry.name),
            resource,
            cleared.terms.rule.role_name,
            session=session_of(entry),
            seconds_left=self._seconds_left,
        )
        try:
            await action.write(writer, resource, sub)
        except OutOfTime as error:
            return _Stop(Outcome(Reason.PENDING, f"{error}."))
        except Refused as refused:
            return _stop_by_refusal(refused)
        except AwsError as error:
            return _stop_by(error)
        except Exception as error:
            logger.exception("Writing to %s failed unexpectedly (a bug in the operator)", resource.name)
            message = f"A bug in the operator ({type(error).__name__}) ended it."
            return _Stop(Outcome(Reason.UNREADABLE, message), unknown=True)
        return None

    async def _stopped(
        self, entry: JournalEntry, stop: _Stop, made: int, planned: int
    ) -> JournalEntry | None:
        """Note that a run has ended before its end; None where its entry is none any more."""
        nothing_written = made == 0 and entry.entry.attempts == 1 and not stop.unknown
        if stop.failed:
            message = (
                stop.outcome.message if planned == 1 else f"{_so_far(made, planned)} {stop.outcome.message}"
            )
            return await self._finish(entry, State.FAILED, message)
        if nothing_written:
            await self._moves.withdraw(entry, stop.outcome.message)
            return None
        if stop.unknown or stop.outcome.decision is Decision.WAIT:
            return entry
        return await self._finish(entry, State.FAILED, f"{_so_far(made, planned)} {stop.outcome.message}")

    async def _write_on(
        self, entry: JournalEntry, step: Step, picture: Picture | None, cycle_began: int
    ) -> JournalEntry | None:
        """Make what is left of the writes of an entry."""
        rule = entry.entry.rule
        surveyed = picture.rules.get(rule) if picture is not None else None
        candidate = (
            next((each for each in surveyed.candidates if each.resource == entry.entry.resource), None)
            if surveyed
            else None
        )
        if picture is None:
            return entry
        if candidate is None:
            message = "No finding of it that the rule selects fails any more, or the rule is gone."
            stop = _Stop(Outcome(Reason.ALREADY_HANDLED, message))
            return await self._stopped(entry, stop, len(entry.subs) - len(step.subs), len(entry.subs))
        ask = Ask(rule, candidate, entry.entry.name, cycle_began)
        return await self._run(entry, ask, entry.subs, step.subs, picture)

    async def _restore(self, entry: JournalEntry, step: Step) -> JournalEntry | None:
        """Put back what was before, each thing that is still as it was written."""
        remediation, left = entry.remediation, self._seconds_left()
        if remediation is None or left <= 0:
            return entry
        refusal = self._why_not_undo(entry, remediation)
        if self._context.config.current().frozen or self._context.writers.yields(namespace_of(entry.name)):
            return entry
        if refusal is not None:
            await self._moves.stand(entry, f"{refusal.message}: {refusal.advice}", None)
            return None
        now, resource = self._hub.now(), entry.entry.resource
        fields = {"attempts": (entry.entry.attempts or 0) + 1, "started_at": datetime_of(now)}
        message = f"{counted(len(step.subs), 'thing is', 'things are')} put back as before."
        entry = await self._journal.change(entry, Change(State.UNDOING, message, now, fields), within=left)
        self._wrote.discard(entry.uid)
        writer = self._accounts.writer(
            namespace_of(entry.name),
            resource,
            remediation.spec.role_name,
            session=session_of(entry),
            seconds_left=self._seconds_left,
        )
        action = _known_action(entry)
        for place in reversed(step.subs):
            try:
                await action.undo(writer, resource, entry.subs[place])
            except OutOfTime:
                return entry
            except ChangedSince as changed:
                return await self._finish(entry, State.FAILED, f"Not undone: {changed}.")
            except Refused as refused:
                message = f"Not undone: {refused.message}."
                return await self._finish(entry, State.FAILED, message)
            except AwsError as error:
                if outcome_is_unknown(error) or isinstance(error, Throttled):
                    logger.warning("Undoing %s is looked at again: %s", entry.name, error)
                    return entry
                return await self._finish(entry, State.FAILED, f"Not undone: {error}")
        self._wrote.add(entry.uid)
        return entry

    def _why_not_undo(self, entry: JournalEntry, remediation: Remediation) -> NotGranted | None:
        """Say what the grants lack for an undo: the same as for a write. The rule may be gone."""
        self._context.config.reload_if_changed()
        config, namespace = self._context.config.current(), namespace_of(entry.name)
        identity = may_use_identity(config.granted, namespace, self._hub.key.role_arn)
        if isinstance(identity, NotGranted):
            return identity
        action = _known_action(entry)
        account_id, role_name = entry.entry.resource.account_id, remediation.spec.role_name
        return identity.why_not_remediate(account_id, role_name, Mode.ENFORCE, Builtin(action.name))

    async def _settle(self, entry: JournalEntry, step: Step, state: LiveState | None) -> JournalEntry | None:
        """Note the state that a step leads to."""
        to = step.state or State.FAILED
        fields: dict[str, Any]
        if to is State.UNDOING:
            return await self._moves.begin_undo(entry)
        fields = {}
        if to is State.SUCCEEDED and state is not None:
            fields["after"] = {"parts": {each.name: state.parts.get(each.name) for each in entry.subs}}
        message = step.message or (
            f"{_so_far(len(entry.subs), len(entry.subs))} The live resource is as it should be."
            if to is State.SUCCEEDED
            else "The live resource is as it was before."
        )
        return await self._finish(entry, to, message, fields)

    async def _finish(
        self, entry: JournalEntry, to: State, message: str, fields: Mapping[str, Any] | None = None
    ) -> JournalEntry:
        self._wrote.discard(entry.uid)
        return await self._moves.finish(entry, to, message, fields)


def _action_of(entry: JournalEntry) -> Action | None:
    if entry.remediation is None or entry.remediation.spec.action.builtin is None:
        return None
    return builtin_actions().get(entry.remediation.spec.action.builtin.name)


def _known_action(entry: JournalEntry) -> Action:
    action = _action_of(entry)
    if action is None:
        raise ValueError(f"remediation {entry.name} names no action of this version")
    return action


def _undo_is_new(entry: JournalEntry) -> bool:
    """Whether an undo has not sent anything yet: what was written before has been verified."""
    return entry.entry.state is State.UNDOING and entry.status.started_at is None


def _order(entry: JournalEntry) -> tuple[int, str]:
    return entry.entry.created_at, entry.uid


def _alike(one: SubWrite, other: SubWrite) -> bool:
    """Compare as the journal keeps them: it makes lists of tuples."""
    return json.dumps(one.to_json(), sort_keys=True) == json.dumps(other.to_json(), sort_keys=True)


def _stop_by_refusal(refused: Refused) -> _Stop:
    """Return what a refusal of the write itself comes to: nothing was written; perhaps it is later."""
    later = refused.reason.decision is Decision.WAIT
    return _Stop(Outcome(refused.reason, f"{refused.message}."), failed=not later)


def _stop_by(error: AwsError) -> _Stop:
    if outcome_is_unknown(error):
        return _Stop(Outcome(Reason.UNREADABLE, f"{error}"), unknown=True)
    if isinstance(error, Throttled):
        return _Stop(Outcome(Reason.THROTTLED, f"{error}"))
    return _Stop(Outcome(Reason.ACCESS_DENIED, f"{error}"), failed=True)


def _so_far(made: int, planned: int) -> str:
    if made == planned:
        return f"{counted(made, 'write was', 'writes were')} made."
    return f"{made} of {counted(planned, 'write was', 'writes were')} made."


def _spec(
    rule: Object, candidate: Candidate, subs: Sequence[SubWrite], terms: Rule, made_of: str
) -> dict[str, Any]:
    """Return the spec of an entry."""
    findings = [
        {"id": each.id, "productArn": each.product_arn, "control": each.control}
        for each in candidate.findings
    ]
    key: ResourceKey = candidate.resource
    return {
        "ruleRef": {
            "name": rule["metadata"]["name"],
            "uid": rule["metadata"]["uid"],
            "digest": terms.digest,
        },
        "targetRef": dict(rule["spec"]["targetRef"]),
        "action": rule["spec"]["action"],
        "resource": {
            "type": key.type,
            "id": key.id,
            "accountId": key.account_id,
            "region": key.region,
        },
        "roleName": terms.role_name,
        "finding": findings[0],
        "findings": findings,
        "writes": [{"name": each.name, "summary": each.summary} for each in subs],
        "planHash": made_of,
    }

"""Carries one remediation from state to state: begin, write, verify, undo. Each step is journalled before it.

What comes next is decided by `posture.domain.remediation.recovery` from the journal and the live state, after
a crash as after each step. A write whose answer was lost is looked up, and not repeated while it may show.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from posture.domain.exceptions.policy import namespace_of
from posture.domain.remediation.candidates import Candidate
from posture.domain.remediation.journal import State
from posture.domain.remediation.plan import Planned
from posture.domain.remediation.reasons import Outcome, Reason
from posture.domain.remediation.recovery import Act, Live, Run, Step, next_step
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Rule, plan_hash
from posture.domain.time import SECOND
from posture.hubs.hub import Hub
from posture.kube.errors import Conflict
from posture.kube.resources import Object
from posture.reconcile.context import Context
from posture.remediation.actions.contract import LiveState, SubWrite
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.asking import Ask
from posture.remediation.engine.clearance import Clearance
from posture.remediation.engine.document_runs import DocumentRuns, is_a_run
from posture.remediation.engine.entries import Change, JournalEntry, has_status
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.live import LiveResources
from posture.remediation.engine.moves import action_named, so_far
from posture.remediation.engine.undoing import Undoing
from posture.remediation.engine.writing import Writing
from posture.remediation.survey import Picture

logger = logging.getLogger(__name__)

SHOWS_WITHIN = 30 * SECOND
"""For so long (µs) a write that may have been made is looked for before it is made again: as long as a call
of whoever held the Lease before may last."""
_STEPS = 4


class Ways(NamedTuple):
    """How entries are carried out: by runs of documents, or by writes, which can be put back."""

    runs: DocumentRuns
    writing: Writing
    undoing: Undoing


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
        ways: Ways,
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
        self._moves = ways.runs.moves
        self._runs, self._undoing = ways.runs, ways.undoing
        self.writing = ways.writing
        self.told = self._moves.told

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
        approved = request.entry.plan_hash if request is not None and request.entry.is_approved else ""
        ask = Ask(name, planned.candidate, planned.entry, cycle_began, hash_of=approved, approved=approved)
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
        # Of two that are made at the same moment at least one sees the other, and neither can tell whether it
        # is seen: whoever sees one gives way.
        if others := await self._journal.others_of(entry, now):
            await self._moves.withdraw(entry, f"Remediation {others[0].name} goes on.")
            return Outcome(Reason.PENDING, "Another remediation of it goes on.")
        if is_a_run(entry):
            entry = await self._runs.begin(entry, ask, cleared.subs[0], picture)
        else:
            entry = await self.writing.begin(entry, ask, cleared.subs, picture)
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
                return not self._context.config.current().frozen
            if step.act is Act.SETTLE:
                current = await self._settle(current, step, state)
            elif step.act is Act.BEGIN:
                # Nothing was written, and nothing is stored: it is planned and made anew.
                await self._journal.remove([current])
                return False
            elif step.act is Act.WRITE:
                current = await self.writing.go_on(current, step, picture, cycle_began)
            else:
                current = await self._undoing.restore(current, step)
        return True

    async def _next(self, entry: JournalEntry) -> tuple[Step, LiveState | None]:
        """Return the next step, and the state that it was decided by, where there was any to read."""
        action, remediation, now = action_named(entry), entry.remediation, self._hub.now()
        lives: Sequence[Live] = ()
        state, why = None, ""
        if entry.entry.stored and action is not None and remediation is not None:
            reader = self._accounts.reader(
                namespace_of(entry.name), entry.entry.resource, remediation.spec.role_name
            )
            lives, state, why = await self._live.compare(action, reader, entry.entry.resource, entry.subs)
        run = Run(now, self._timeout(entry), entry.uid in self._moves.answered)
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
            f"{so_far(len(entry.subs), len(entry.subs))} The live resource is as it should be."
            if to is State.SUCCEEDED
            else "The live resource is as it was before."
        )
        return await self._moves.finish(entry, to, message, fields)


def _undo_is_new(entry: JournalEntry) -> bool:
    """Whether an undo has not sent anything yet: what was written before has been verified."""
    return entry.entry.state is State.UNDOING and entry.status.started_at is None


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

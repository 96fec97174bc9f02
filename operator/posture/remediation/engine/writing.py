"""Makes the writes of an entry: stored before, cleared as the last thing before each, and each sent once."""

import json
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from posture.aws.client.errors import AwsError, Throttled
from posture.domain.exceptions.policy import namespace_of
from posture.domain.remediation.journal import State
from posture.domain.remediation.reasons import Decision, Outcome, Reason
from posture.domain.remediation.recovery import Step
from posture.domain.text import counted
from posture.domain.time import datetime_of
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.pace import steady
from posture.remediation.actions.contract import Refused, SubWrite, outcome_is_unknown
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.asking import Ask, rest_of
from posture.remediation.engine.clearance import Clearance, Cleared
from posture.remediation.engine.entries import Change, JournalEntry, stored
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.moves import Moves, action_named, session_of, so_far
from posture.remediation.member import OutOfTime
from posture.remediation.survey import Picture

logger = logging.getLogger(__name__)

FRESH = 5.0
"""Seconds for which what was looked at is believed: a look that took longer is taken again."""
_LOOKS = 3
# What is otherwise before long. Nobody knows when a window opens, or a limit leaves room: an entry does not
# wait for that in the middle of its writes.
_PASSING = frozenset({Reason.PENDING, Reason.THROTTLED})


class _Stop(NamedTuple):
    """Why a run goes on no further. `unknown`: a call was sent, and nobody knows whether it was done."""

    outcome: Outcome
    failed: bool = False
    unknown: bool = False


class Writing:
    """Writes for the entries of one hub; `seconds_left`: see `Executor`. Methods raise KubeError.

    `acting`: the rules, by namespace/name, that are declared, granted and not suspended, and that enforce.
    """

    def __init__(
        self,
        hub: Hub,
        journal: RemediationJournal,
        accounts: Accounts,
        clearance: Clearance,
        moves: Moves,
        *,
        seconds_left: Callable[[], float],
    ) -> None:
        self._hub = hub
        self._journal = journal
        self._accounts = accounts
        self._clearance = clearance
        self._moves = moves
        self._seconds_left = seconds_left
        self.acting: frozenset[str] = frozenset()

    async def begin(
        self, entry: JournalEntry, ask: Ask, subs: Sequence[SubWrite], picture: Picture
    ) -> JournalEntry | None:
        """Write all; None: nothing was written, and the entry is gone again."""
        return await self._run(entry, ask, subs, range(len(subs)), picture)

    async def go_on(
        self, entry: JournalEntry, step: Step, picture: Picture | None, cycle_began: int
    ) -> JournalEntry | None:
        """Make what is left of the writes of an entry; None: not now."""
        rule = entry.entry.rule
        surveyed = picture.rules.get(rule) if picture is not None else None
        if rule not in self.acting:
            return await self._end(entry, step, "The rule is gone, or is not carried out any more.")
        if picture is None or surveyed is None:
            return None
        candidate = next(
            (each for each in surveyed.candidates if each.resource == entry.entry.resource), None
        )
        if candidate is None:
            return await self._end(entry, step, "No finding of it that the rule selects fails any more.")
        ask = Ask(rule, candidate, entry.entry.name, cycle_began)
        cleared = await self._clearance.of(rest_of(ask, entry), picture)
        if isinstance(cleared, Outcome):
            if cleared.reason in _PASSING:
                return None
            return await self._end(entry, step, cleared.message)
        return await self._run(entry, ask, entry.subs, step.subs, picture)

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
        self._moves.answered.discard(entry.uid)
        entry = await self._journal.change(entry, Change(State.RUNNING, message, now, fields), within=left)
        sent, before = 0, len(subs) - len(places)
        for place in places:
            stop = await self._write(entry, rest_of(ask, entry), subs[place], picture)
            if stop is None:
                sent += 1
            elif stop.outcome.reason is not Reason.ALREADY_COMPLIANT:
                return await self._stopped(entry, stop, before + sent)
        if not sent and attempts == 1:
            message = "It was put right before anything was written."
            return await self._stopped(entry, _Stop(Outcome(Reason.ALREADY_COMPLIANT, message)), 0)
        self._moves.answered.add(entry.uid)
        return entry

    async def _write(self, entry: JournalEntry, ask: Ask, sub: SubWrite, picture: Picture) -> _Stop | None:
        """Clear one sub-write, and make it; None: it was sent, and answered."""
        action, resource = action_named(entry), entry.entry.resource
        if action is None or entry.remediation is None:
            return _Stop(Outcome(Reason.NOT_SUPPORTED, "This version does not know the action."))
        writer = self._accounts.writer(
            namespace_of(entry.name),
            resource,
            entry.remediation.spec.role_name,
            session=session_of(entry),
            seconds_left=self._seconds_left,
        )
        try:
            # Credentials may take their time: nothing is looked at before they are there.
            await writer.reach()
            cleared = await self._cleared(ask, picture)
            if isinstance(cleared, Outcome):
                return _Stop(cleared)
            if (stop := _differs(entry, cleared, sub)) is not None:
                return stop
            await action.write(writer, resource, sub)
        except OutOfTime as error:
            return _Stop(Outcome(Reason.PENDING, f"{error}."))
        except Refused as refused:
            return _stop_by_refusal(refused)
        except AwsError as error:
            return _stop_by(error)
        except KubeError:
            raise
        except Exception as error:
            logger.exception("Writing to %s failed unexpectedly (a bug in the operator)", resource.name)
            message = f"A bug in the operator ({type(error).__name__}) ended it."
            return _Stop(Outcome(Reason.UNREADABLE, message), unknown=True)
        return None

    async def _cleared(self, ask: Ask, picture: Picture) -> Cleared | Outcome:
        """Clear a write by a look that is fresh: what was read long ago says nothing of now."""
        for _ in range(_LOOKS):
            began = steady()
            cleared = await self._clearance.of(ask, picture)
            if isinstance(cleared, Outcome) or steady() - began <= FRESH:
                return cleared
        return Outcome(Reason.THROTTLED, f"To look at it took longer than {FRESH:g} s, again and again.")

    async def _stopped(self, entry: JournalEntry, stop: _Stop, made: int) -> JournalEntry | None:
        """Note that a run has ended before its end; None where its entry is none any more.

        `made`: how many of the entry's writes are made.
        """
        said = so_far(made, len(entry.subs))
        if stop.failed:
            message = stop.outcome.message if len(entry.subs) == 1 else f"{said} {stop.outcome.message}"
            return await self._moves.finish(entry, State.FAILED, message)
        if made == 0 and entry.entry.attempts == 1 and not stop.unknown:
            await self._moves.withdraw(entry, stop.outcome.message)
            return None
        if stop.unknown or stop.outcome.decision is Decision.WAIT:
            return entry
        return await self._moves.finish(entry, State.FAILED, f"{said} {stop.outcome.message}")

    async def _end(self, entry: JournalEntry, step: Step, why: str) -> JournalEntry:
        """Note that what is left of an entry is not written any more."""
        made = len(entry.subs) - len(step.subs)
        if made:
            return await self._moves.finish(entry, State.FAILED, f"{so_far(made, len(entry.subs))} {why}")
        return await self._moves.finish(
            entry, State.SKIPPED, f"Nothing of it shows, and it is not tried again. {why}"
        )


def _differs(entry: JournalEntry, cleared: Cleared, sub: SubWrite) -> _Stop | None:
    """Say why a sub-write of an entry is none of those that would be made now."""
    rule = cleared.terms.rule
    if rule.action.name != entry.action:
        return _Stop(Outcome(Reason.ALREADY_HANDLED, f"The rule asks for {rule.action.name} now."))
    wrong = next((each for each in cleared.subs if each.name == sub.name), None)
    if wrong is None:
        return _Stop(Outcome(Reason.ALREADY_COMPLIANT, f"{sub.name} is not to be written any more."))
    if not _alike(wrong, sub):
        return _Stop(Outcome(Reason.PENDING, f"{sub.name} has changed since it was planned."))
    return None


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

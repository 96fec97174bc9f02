"""Moves of journal entries that every kind of action has: its end, its withdrawal, a question to a person."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from posture.domain.remediation.journal import State
from posture.domain.text import counted
from posture.domain.time import datetime_of
from posture.hubs.hub import Hub
from posture.remediation.actions.contract import Action
from posture.remediation.actions.registry import builtin_actions
from posture.remediation.engine.entries import Change, JournalEntry
from posture.remediation.engine.journal import RemediationJournal

_RULE_IN_SESSION = 19

Told = Callable[[JournalEntry, State, str], Awaitable[None]]
"""Tells people that an entry has come to a state, with what is to be said of it."""


class Moves:
    """Moves entries of one hub, and tells of it. Methods raise KubeError.

    `answered`: uids of entries of whose last run this very process has had all answers: what does not show
    yet will, or has failed. Of all others nobody knows whether the last call was made.
    """

    def __init__(self, hub: Hub, journal: RemediationJournal, told: Told) -> None:
        self._hub = hub
        self._journal = journal
        self.told = told
        self.answered: set[str] = set()

    async def finish(
        self, entry: JournalEntry, to: State, message: str, fields: Mapping[str, Any] | None = None
    ) -> JournalEntry:
        """Note an end."""
        self.answered.discard(entry.uid)
        now = self._hub.now()
        change = Change(to, message, now, {"finished_at": datetime_of(now), **(fields or {})})
        entry = await self._journal.change(entry, change)
        await self.told(entry, to, message)
        return entry

    async def gives_way(self, entry: JournalEntry) -> bool:
        """Whether another remediation of the resource is carried out before this one is undone.

        What was written last is undone first.
        """
        own = entry.entry.created_at, entry.uid
        return any(
            other.entry.state is not State.UNDOING or (other.entry.created_at, other.uid) > own
            for other in await self._journal.others_of(entry, self._hub.now())
        )

    async def begin_undo(self, entry: JournalEntry) -> JournalEntry:
        """Note that a person asked for an undo, of which nothing was sent yet."""
        fields = {"started_at": None, "finished_at": None}
        change = Change(State.UNDOING, "A person asked for the state before.", self._hub.now(), fields)
        return await self._journal.change(entry, change)

    async def withdraw(self, entry: JournalEntry, why: str) -> None:
        """Take back an entry for which nothing was written; what a person approved waits again."""
        if entry.remediation is not None and entry.remediation.spec.approval is not None:
            fields = {"before": None, "attempts": 0, "started_at": None}
            change = Change(State.AWAITING_APPROVAL, why, self._hub.now(), fields)
            await self._journal.change(entry, change)
            return
        await self._journal.remove([entry])

    async def stand(self, entry: JournalEntry, message: str, to: State | None) -> None:
        """Note that a person must decide; once. `to`: the state that it comes to; None: it stays."""
        if to is not None:
            await self.finish(entry, to, message)
            return
        state = entry.entry.state
        if state is None or any(
            each.type == "Stalled" and each.message == message for each in entry.status.conditions
        ):
            return
        await self._journal.change(entry, Change(state, message, self._hub.now(), stands="NotUndone"))


def session_of(entry: JournalEntry) -> str:
    """Name what is done so that CloudTrail tells the rule and the entry."""
    rule = entry.entry.rule.partition("/")[2]
    return f"{rule[:_RULE_IN_SESSION].rstrip('.')}-{entry.entry.name}"


def action_named(entry: JournalEntry) -> Action | None:
    """Return the builtin action of an entry; None where it has none that this version knows."""
    if entry.remediation is None or entry.remediation.spec.action.builtin is None:
        return None
    return builtin_actions().get(entry.remediation.spec.action.builtin.name)


def so_far(made: int, planned: int) -> str:
    """Say how many of the writes of an entry were made."""
    if made == planned:
        return f"{counted(made, 'write was', 'writes were')} made."
    return f"{made} of {counted(planned, 'write was', 'writes were')} made."

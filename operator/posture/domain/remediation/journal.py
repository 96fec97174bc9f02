"""Entries of the journal of remediations: their names, what they say, and which need not be kept.

Times are integer microseconds since the Unix epoch, UTC. A moment or a number that an entry should say and
that cannot be read is None; nothing is ever concluded from that in favour of a write.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import DAY

# 128 bits: no two are alike by chance.
_NAME_DIGITS = 32


class State(StrEnum):
    """How far a remediation is: the reason of its condition `Complete`."""

    AWAITING_APPROVAL = "AwaitingApproval"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    UNDOING = "Undoing"
    UNDONE = "Undone"


_FINISHED = frozenset({State.SUCCEEDED, State.FAILED, State.SKIPPED, State.UNDONE})


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry as far as decisions need it."""

    name: str
    rule: str
    """As namespace/name."""
    resource: ResourceKey
    state: State | None
    """None where it cannot be read."""
    created_at: int
    """By the API server."""
    plan_hash: str
    started_at: int | None = None
    """Of the last run, which may be that of an undo."""
    finished_at: int | None = None
    """Of the same run."""
    attempts: int | None = 0
    """Runs that began to write."""
    writes: int | None = 1
    """The sub-writes of its plan."""
    stored: bool = False
    """The state before is stored."""
    restores: bool = False
    """And the action can restore it."""
    undo: bool = False
    """A person asks for that."""
    rule_digest: str = ""
    """`Rule.digest` when it was made; empty: not known."""
    approved: str = ""
    """The plan hash that a person approved; empty: none."""

    @property
    def is_approved(self) -> bool:
        """Whether a person approved exactly this plan."""
        return bool(self.plan_hash) and self.approved == self.plan_hash

    @property
    def is_finished(self) -> bool:
        """Whether nothing more happens of itself."""
        return self.state in _FINISHED

    @property
    def is_going(self) -> bool:
        """Whether its resource may be written to at any moment; so it is where the state cannot be read."""
        return not self.is_finished and self.state is not State.AWAITING_APPROVAL

    @property
    def has_written(self) -> bool:
        """Whether it has written, or may have."""
        never = self.state in {State.AWAITING_APPROVAL, State.SKIPPED}
        return self.attempts != 0 if never else True

    @property
    def times(self) -> int:
        """How often it has written to its resource, or may have: an undo is a write too."""
        return 2 if self.state in {None, State.UNDOING, State.UNDONE} else 1

    @property
    def ended_at(self) -> int:
        """When it finished; when it was made where it does not say that."""
        return self.created_at if self.finished_at is None else self.finished_at

    def wrote_since(self, moment: int) -> bool:
        """Whether it has, or may have, written after a moment.

        One that goes on has, and so has one whose end cannot be read, or is ahead of now.
        """
        if not self.has_written:
            return False
        if not self.is_finished or self.finished_at is None:
            return True
        return max(self.finished_at, self.started_at or 0) > moment


class Journal:
    """The entries of a namespace, by rule and by resource, the first that was made first."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_rule: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_resource: defaultdict[ResourceKey, list[Entry]] = defaultdict(list)
        for entry in sorted(entries, key=lambda entry: (entry.created_at, entry.name)):
            self._by_rule[entry.rule].append(entry)
            self._by_resource[entry.resource].append(entry)

    def of_rule(self, rule: str) -> Sequence[Entry]:
        """Return the entries of a rule, by its namespace/name, whichever rule had that name."""
        return self._by_rule.get(rule, ())

    def of_resource(self, resource: ResourceKey) -> Sequence[Entry]:
        """Return the entries for a resource, of whatever rule."""
        return self._by_resource.get(resource, ())


class History(NamedTuple):
    """How many finished entries of a rule are kept, and how long, in microseconds."""

    limit: int
    keep_for: int


def entry_name(rule_uid: str, resource: ResourceKey, occurrence: str) -> str:
    """Name the entry for one occurrence: the same after a crash, so that it cannot be made twice.

    `occurrence`: what `next_name` counts by.
    """
    digest = sha256(json.dumps([rule_uid, *resource, occurrence]).encode()).hexdigest()
    return f"remediation-{digest[:_NAME_DIGITS]}"


def next_name(rule_uid: str, resource: ResourceKey, entries: Iterable[Entry]) -> str:
    """Name the next entry for a resource. `entries`: those of the same rule and resource that there are.

    An occurrence is known by the entry before it. Numbers would begin anew where entries were removed, and
    nothing that a finding says tells one failure from the next: one that fails again before it is looked at
    again keeps all its times.
    """
    listed = sorted(entries, key=lambda entry: (entry.created_at, entry.name))
    taken = {entry.name for entry in listed}
    name = entry_name(rule_uid, resource, listed[-1].name if listed else "")
    # Entries of one second are in no order: the last is the one that none follows.
    while name in taken:
        name = entry_name(rule_uid, resource, name)
    return name


def removable(entries: Iterable[Entry], history: History, per_resource: int, now: int) -> list[str]:
    """Return the names of entries of one rule that need not be kept any longer, the oldest first.

    Kept in any case are those that have not finished, those that a cap may count (within a day, or within
    `per_resource` µs), those that finished within a day (until Security Hub has looked again they tell that
    nothing is to be done), and those whose undo was asked for. `limit` removes none that can be undone, nor
    one that a person undid or called off, which keeps it from being done again: `keep_for` ends these.
    """
    finished = [entry for entry in entries if entry.is_finished]
    finished.sort(key=lambda entry: (entry.ended_at, entry.name), reverse=True)
    latest: dict[ResourceKey, str] = {}
    for entry in finished:
        if entry.has_written:
            latest.setdefault(entry.resource, entry.name)
    removed = []
    for place, entry in enumerate(finished):
        if _is_needed(entry, now - max(DAY, per_resource), now - DAY):
            continue
        # What was done to the resource later is undone first.
        undoable = entry.restores and latest.get(entry.resource) == entry.name
        refused = entry.undo or entry.state is State.UNDONE
        over = place >= history.limit and not undoable and not refused
        if over or entry.ended_at <= now - history.keep_for:
            removed.append(entry.name)
    return removed[::-1]


def _is_needed(entry: Entry, counted_since: int, fresh_since: int) -> bool:
    undoing = entry.undo and entry.restores and entry.state in {State.SUCCEEDED, State.FAILED}
    return undoing or entry.ended_at > fresh_since or entry.wrote_since(counted_since)

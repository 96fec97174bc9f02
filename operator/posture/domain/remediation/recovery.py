"""What comes next for an entry of the journal: after each step, and after a crash at any of them.

| died | the entry says | and so |
|---|---|---|
| before the state before was stored | Running, nothing stored | nothing was written: begin, with all guards |
| before, in or after a call, before it was noted | Running, stored | the live state tells which were made |
| before the end was noted | Running, all as after | done |
| in an undo | Undoing | the same, towards the state before |

The live state is told of each sub-write by itself. What is neither as before nor as after was changed by
somebody else: it is not written to, and a person is asked. Before each write that a step tells of stand all
guards of a first write. Times are microseconds.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from posture.domain.remediation.journal import Entry, State

MAX_ATTEMPTS = 5
"""Runs that may begin to write, and as many for an undo."""


class Live(StrEnum):
    """How what a sub-write is about is now, compared with what the entry stored.

    `GONE`: it does not exist any longer. `UNKNOWN`: not readable, throttled, denied.
    """

    BEFORE = "Before"
    AFTER = "After"
    OTHER = "Other"
    GONE = "Gone"
    UNKNOWN = "Unknown"


class Act(StrEnum):
    """What is to be done.

    `BEGIN`: read everything again, store the state before, then write. `WRITE`, `RESTORE`: the sub-writes of
    the step. `SETTLE`: note the step's state. `WAIT`: look again later. `ASK`: note the step's state, if any,
    and say that a person must decide. `NOTHING`: it is over.
    """

    BEGIN = "Begin"
    WRITE = "Write"
    RESTORE = "Restore"
    SETTLE = "Settle"
    WAIT = "Wait"
    ASK = "Ask"
    NOTHING = "Nothing"


class Step(NamedTuple):
    """The next step."""

    act: Act
    message: str = ""
    state: State | None = None
    """To be noted; None: it stays."""
    subs: tuple[int, ...] = ()
    """Which sub-writes, by their places."""


class Run(NamedTuple):
    """When it is, how long a change may take to show (`verify.timeout`), and whether we just made it.

    `wrote`: this very process has had the answers to its calls since it noted the last attempt. After a crash
    it is False: whether they were made is not known.
    """

    now: int
    timeout: int
    wrote: bool = False


def next_step(entry: Entry, live: Sequence[Live], run: Run) -> Step:
    """Decide the next step. `live`: of each sub-write; empty where nothing is stored or nothing was read."""
    match entry.state:
        case None:
            return Step(Act.ASK, "Its state cannot be read: nothing is done for it.")
        case State.AWAITING_APPROVAL:
            return _of_waiting(entry)
        case State.RUNNING:
            return _of_undone_while_running(entry, live, run) if entry.undo else _of_running(entry, live, run)
        case State.UNDOING:
            return _of_undoing(entry, live, run)
        case State.SUCCEEDED | State.FAILED:
            return _of_undo_asked(entry, live) if entry.undo else Step(Act.NOTHING)
    return Step(Act.NOTHING)


def _of_waiting(entry: Entry) -> Step:
    if entry.attempts != 0:
        return Step(Act.ASK, "It may have written, although it waits for an approval.", State.FAILED)
    if entry.undo:
        return Step(Act.SETTLE, "It was called off before anything was written.", State.SKIPPED)
    return Step(Act.BEGIN) if entry.is_approved else Step(Act.WAIT, "A person is to approve it.")


def _of_running(entry: Entry, live: Sequence[Live], run: Run) -> Step:
    if not entry.stored:
        if entry.attempts == 0:
            return Step(Act.BEGIN)
        return Step(Act.ASK, "It may have written, and the state before is not there.", State.FAILED)
    if unclear := _unclear(live):
        return unclear
    pending = _places(live, Live.BEFORE)
    if not pending:
        return _of_all_written(entry, live)
    if run.wrote:
        if _may_still_show(entry, run):
            return Step(Act.WAIT, "The change does not show yet.")
        return Step(Act.ASK, "The change did not show in time: verify.timeout.", State.FAILED)
    if not _may_try(entry, MAX_ATTEMPTS):
        return Step(Act.ASK, "It was tried too often without an end.", State.FAILED)
    return Step(Act.WRITE, subs=pending)


def _of_all_written(entry: Entry, live: Sequence[Live]) -> Step:
    if Live.AFTER not in live:
        return Step(Act.SETTLE, "The resource is gone.", State.SKIPPED)
    if entry.attempts == 0:
        return Step(Act.SETTLE, "It was put right before anything was written.", State.SKIPPED)
    return Step(Act.SETTLE, "", State.SUCCEEDED)


def _of_undone_while_running(entry: Entry, live: Sequence[Live], run: Run) -> Step:
    if entry.attempts == 0:
        return Step(Act.SETTLE, "It was called off before anything was written.", State.SKIPPED)
    if unclear := _unclear(live):
        return unclear
    if Live.AFTER in live:
        return _undoing(entry)
    # A call that was under way when somebody died, or whose change does not show yet, may still come.
    if _may_still_show(entry, run):
        return Step(Act.WAIT, "What was begun may still show.")
    return _of_all_restored(entry, live)


def _of_undo_asked(entry: Entry, live: Sequence[Live]) -> Step:
    if not entry.has_written or entry.attempts == 0:
        return Step(Act.NOTHING, "Nothing was written, so there is nothing to undo.")
    if not entry.stored or not entry.restores:
        return Step(Act.ASK, "The state before cannot be restored by the operator.")
    unclear = _unclear(live)
    if unclear:
        # One that has failed, at its undo or before, has said so.
        return unclear._replace(state=unclear.state if entry.state is State.SUCCEEDED else None)
    if Live.AFTER in live:
        return _undoing(entry)
    return _of_all_restored(entry, live)


def _of_undoing(entry: Entry, live: Sequence[Live], run: Run) -> Step:
    if not entry.stored or not entry.restores:
        return Step(Act.ASK, "The state before cannot be restored by the operator.", State.FAILED)
    if unclear := _unclear(live):
        return unclear
    pending = _places(live, Live.AFTER)
    if not pending:
        return _of_all_restored(entry, live)
    if run.wrote:
        if _may_still_show(entry, run):
            return Step(Act.WAIT, "The restored state does not show yet.")
        return Step(Act.ASK, "The restored state did not show in time: verify.timeout.", State.FAILED)
    if not _may_try(entry, 2 * MAX_ATTEMPTS):
        return Step(Act.ASK, "The undo was tried too often without an end.", State.FAILED)
    return Step(Act.RESTORE, subs=pending)


def _undoing(entry: Entry) -> Step:
    if not entry.restores:
        return Step(Act.ASK, "The state before cannot be restored by the operator.", _failed(entry))
    if not _may_try(entry, 2 * MAX_ATTEMPTS):
        return Step(Act.ASK, "The undo was tried too often without an end.", _failed(entry))
    return Step(Act.SETTLE, "", State.UNDOING)


def _failed(entry: Entry) -> State | None:
    """Return FAILED for one that must not go on; what has finished stays as it is."""
    return None if entry.is_finished else State.FAILED


def _of_all_restored(entry: Entry, live: Sequence[Live]) -> Step:
    if Live.BEFORE in live:
        return Step(Act.SETTLE, "", State.UNDONE)
    return Step(Act.ASK, "The resource is gone: there is nothing to restore.", _failed(entry))


def _unclear(live: Sequence[Live]) -> Step | None:
    """Return the step where the live state allows no other; None: each is as before, as after, or gone."""
    if not live or Live.UNKNOWN in live:
        return Step(Act.WAIT, "The resource cannot be read now.")
    if Live.OTHER in live:
        message = (
            "Somebody has changed it meanwhile: it is neither as before nor as after, and is left as it is."
        )
        return Step(Act.ASK, message, State.FAILED)
    return None


def _places(live: Sequence[Live], wanted: Live) -> tuple[int, ...]:
    return tuple(place for place, each in enumerate(live) if each is wanted)


def _may_still_show(entry: Entry, run: Run) -> bool:
    """Whether a change may take longer to show."""
    since = entry.started_at
    return since is not None and run.now < since + run.timeout


def _may_try(entry: Entry, most: int) -> bool:
    return entry.attempts is not None and entry.attempts < most

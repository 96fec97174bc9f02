"""What comes next for an entry whose action is the run of a document: after each step, and after a crash.

Unlike a call, a run goes on by itself, and who started it may die meanwhile. What it did, only Automation can
tell; so nothing follows from the resource, and all from the run:

| the entry says | and so |
|---|---|
| Running, nothing begun | nothing was sent: begin, with all guards |
| Running, begun, no execution | it was sent or not: sent again, the same token gives the same run |
| Running, an execution | Automation says how far it is; it is stopped where it must not go on |
| Undoing | the same, of the document that undoes |

A run is not cut short: one that is stopped ends the step that it is at, and what it did stays. That is told,
and undone where a person asks for it. Times are microseconds.
"""

from enum import StrEnum
from typing import NamedTuple

from posture.domain.remediation.automation import RunPhase, RunProgress
from posture.domain.remediation.journal import Entry, State
from posture.domain.time import MINUTE

_CANCELLING = "Cancelling"
_STAYS = "What it did until then stays."
_MAY_HAVE_RUN = "Whether it was started is not known: look for it among the account's Automation executions."


class RunAct(StrEnum):
    """What is to be done.

    `BEGIN`: read everything again, note that it begins, then start the run. `START`, `UNDO`: start the run,
    or that of the undo; again where it may have been started. `STOP`: stop what is under way. `SETTLE`,
    `ASK`: note the step's state, if any, `ASK` for a person to decide. `WAIT`: look again later.
    """

    BEGIN = "Begin"
    START = "Start"
    UNDO = "Undo"
    STOP = "Stop"
    SETTLE = "Settle"
    WAIT = "Wait"
    ASK = "Ask"
    NOTHING = "Nothing"


class RunStep(NamedTuple):
    """The next step. `state`: to be noted; None: it stays."""

    act: RunAct
    message: str = ""
    state: State | None = None


class RunFacts(NamedTuple):
    """What is known beside the entry.

    `execution`, `undo_execution`: ids that the journal has; empty: none. `progress`: of the run that is under
    way, the undo's while it is undone; None: not readable now. `frozen`: nothing may be written. `timeout`:
    how long a run may take. `still_wrong`: a read of the resource says that a run that succeeded has not put
    it right, which may take `shows_within` to show; where nobody can tell it is False.
    """

    now: int
    timeout: int
    execution: str = ""
    undo_execution: str = ""
    progress: RunProgress | None = None
    frozen: bool = False
    still_wrong: bool = False
    shows_within: int = 0


def next_run_step(entry: Entry, facts: RunFacts) -> RunStep:
    """Decide the next step."""
    match entry.state:
        case None:
            return RunStep(RunAct.ASK, "Its state cannot be read: nothing is done for it.")
        case State.AWAITING_APPROVAL:
            return _of_waiting(entry)
        case State.RUNNING:
            return _of_running(entry, facts)
        case State.UNDOING:
            return _of_undoing(entry, facts)
        case State.SUCCEEDED | State.FAILED if entry.undo:
            return _of_undo_asked(entry, facts)
    return RunStep(RunAct.NOTHING)


def is_fresh(entry: Entry, now: int) -> bool:
    """Whether a run was begun so lately that it is looked at again at once: most end within a minute."""
    return entry.started_at is not None and now < entry.started_at + MINUTE


def _of_waiting(entry: Entry) -> RunStep:
    if entry.attempts != 0:
        return RunStep(RunAct.ASK, "It may have run, although it waits for an approval.", State.FAILED)
    if entry.undo:
        return RunStep(RunAct.SETTLE, "It was called off before anything was started.", State.SKIPPED)
    return RunStep(RunAct.BEGIN) if entry.is_approved else RunStep(RunAct.WAIT, "A person is to approve it.")


def _of_running(entry: Entry, facts: RunFacts) -> RunStep:
    if entry.attempts == 0:
        if entry.undo:
            return RunStep(RunAct.SETTLE, "It was called off before anything was started.", State.SKIPPED)
        return RunStep(RunAct.BEGIN)
    if not facts.execution:
        if entry.undo or entry.attempts is None or _is_over_time(entry, facts):
            return RunStep(RunAct.ASK, _MAY_HAVE_RUN, State.FAILED)
        if facts.frozen:
            return RunStep(RunAct.WAIT, "Whether it was started is not known while writes are frozen.")
        return RunStep(RunAct.START)
    step = _of_a_run(entry, facts, State.SUCCEEDED)
    if step.act is RunAct.WAIT and entry.undo and _may_be_stopped(facts):
        return RunStep(RunAct.STOP, "A person asked for the state before.")
    return step


def _of_undo_asked(entry: Entry, facts: RunFacts) -> RunStep:
    if not entry.has_written or entry.attempts == 0:
        return RunStep(RunAct.NOTHING, "Nothing was started, so there is nothing to undo.")
    if facts.undo_execution:
        return RunStep(RunAct.NOTHING, "Its undo has ended.")
    if not entry.restores:
        return RunStep(
            RunAct.ASK, "The rule names no document that undoes it: spec.action.ssmAutomation.undoDocument."
        )
    if not facts.execution:
        return RunStep(RunAct.ASK, _MAY_HAVE_RUN)
    return RunStep(RunAct.SETTLE, "", State.UNDOING)


def _of_undoing(entry: Entry, facts: RunFacts) -> RunStep:
    if facts.undo_execution:
        return _of_a_run(entry, facts, State.UNDONE)
    if not entry.restores or not facts.execution:
        return RunStep(RunAct.ASK, "It cannot be undone by the operator.", State.FAILED)
    if facts.frozen:
        return RunStep(RunAct.WAIT, "It is not undone while writes are frozen.")
    if entry.started_at is not None and _is_over_time(entry, facts):
        return RunStep(RunAct.ASK, _MAY_HAVE_RUN, State.FAILED)
    return RunStep(RunAct.UNDO)


def _of_a_run(entry: Entry, facts: RunFacts, done: State) -> RunStep:
    """Decide by how far the run is that is under way; `done`: the state when it has succeeded."""
    progress = facts.progress
    if progress is None:
        return RunStep(RunAct.WAIT, "Its run cannot be read now.")
    match progress.phase:
        case RunPhase.SUCCEEDED if facts.still_wrong and done is State.SUCCEEDED:
            return _of_no_effect(progress, facts)
        case RunPhase.SUCCEEDED:
            return RunStep(RunAct.SETTLE, f"{progress.says}.", done)
        case RunPhase.FAILED:
            return RunStep(RunAct.SETTLE, f"{progress.says}. {_STAYS}", State.FAILED)
        case RunPhase.STOPPED:
            return RunStep(RunAct.SETTLE, f"{progress.says}: it was stopped. {_STAYS}", State.FAILED)
        case RunPhase.LOST if _is_over_time(entry, facts):
            return RunStep(RunAct.ASK, "Automation knows of no such run any longer.", State.FAILED)
    if _may_be_stopped(facts):
        if facts.frozen:
            return RunStep(RunAct.STOP, "Writes are frozen.")
        if _is_over_time(entry, facts):
            return RunStep(RunAct.STOP, "It takes longer than spec.action.ssmAutomation.timeout.")
    return RunStep(RunAct.WAIT, f"{progress.says}.")


def _of_no_effect(progress: RunProgress, facts: RunFacts) -> RunStep:
    if progress.ended_at is not None and facts.now < progress.ended_at + facts.shows_within:
        return RunStep(RunAct.WAIT, f"{progress.says}, and the change does not show yet.")
    return RunStep(RunAct.SETTLE, f"{progress.says}, and the resource is as wrong as before.", State.FAILED)


def _may_be_stopped(facts: RunFacts) -> bool:
    """Whether a run is known to be under way, and not being stopped already."""
    progress = facts.progress
    return progress is not None and progress.phase is RunPhase.GOING and progress.status != _CANCELLING


def _is_over_time(entry: Entry, facts: RunFacts) -> bool:
    """Whether a run has taken as long as it may; one without a beginning has."""
    return entry.started_at is None or facts.now >= entry.started_at + facts.timeout

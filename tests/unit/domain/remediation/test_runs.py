"""Whatever dies at whatever step, a document runs once, its end is told, and frozen it is stopped."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest

from posture.domain.remediation.automation import NOT_FOUND, RunProgress
from posture.domain.remediation.journal import State
from posture.domain.remediation.runs import RunAct, RunFacts, RunStep, is_fresh, next_run_step
from posture.domain.time import MINUTE
from tests.support.examples import seeds
from tests.support.oracle.remediation_scenes import NOW, entry

TIMEOUT = 100
FINISHED = {State.SUCCEEDED, State.FAILED, State.SKIPPED, State.UNDONE}
GOING, CANCELLING = "InProgress", "Cancelling"
STARTS = {RunAct.BEGIN, RunAct.START, RunAct.UNDO}


class Died(Exception):  # noqa: N818 -- of whoever carries it out
    """The process ends."""


class Automation:
    """AWS: a run for each token, that goes on by itself."""

    def __init__(self, polls: int, end: str) -> None:
        self.runs: dict[str, str] = {}
        self.starts: Counter[str] = Counter()
        self.since_stop: Counter[str] = Counter()
        self._left: dict[str, int] = {}
        self._polls = polls
        self._end = end

    def start(self, token: str) -> str:
        self.starts[token] += 1
        if token not in self.runs:
            self.runs[token] = GOING
            self._left[token] = self._polls
        return f"id-{token}"

    def stop(self, execution: str) -> None:
        token = execution.removeprefix("id-")
        assert self.runs[token] == GOING
        self.runs[token] = CANCELLING

    def passes(self) -> None:
        for token, status in self.runs.items():
            if status == CANCELLING:
                self.runs[token] = "Cancelled"
            elif status == GOING and self._left[token] == 0:
                self.runs[token] = self._end
            else:
                self._left[token] -= 1

    def get(self, execution: str) -> RunProgress | None:
        token = execution.removeprefix("id-")
        return RunProgress(self.runs[token], "D", "1") if execution else None


class World:
    """Automation, an entry of the journal, and whoever carries it out."""

    def __init__(self, die: Callable[[], bool], *, polls: int = 2, end: str = "Success") -> None:
        self.automation = Automation(polls, end)
        self.entry = entry(
            State.RUNNING, attempts=0, started_at=None, finished_at=None, stored=False, restores=True
        )
        self.execution = self.undo_execution = ""
        self.now = NOW
        self.frozen = False
        self.steps = 0
        self.undo_at = self.freeze_at = 0
        self._die = die

    def _note(self, **changes: Any) -> None:
        self._may_die()
        self.entry = replace(self.entry, **changes)
        self._may_die()

    def _may_die(self) -> None:
        if self._die():
            raise Died

    def facts(self) -> RunFacts:
        present = self.undo_execution if self.entry.state is State.UNDOING else self.execution
        return RunFacts(
            self.now,
            TIMEOUT,
            self.execution,
            self.undo_execution,
            self.automation.get(present),
            frozen=self.frozen,
        )

    def step(self) -> RunStep:
        self.steps += 1
        self.now += 1
        if self.steps == self.undo_at:
            self.entry = replace(self.entry, undo=True)
        if self.steps == self.freeze_at:
            self.frozen = True
        step = next_run_step(self.entry, self.facts())
        try:
            self._carry_out(step)
        except Died:
            self.now += TIMEOUT // 10
        self.automation.passes()
        return step

    def _carry_out(self, step: RunStep) -> None:
        match step.act:
            case RunAct.BEGIN if not self.frozen:
                self._note(stored=True, attempts=1, started_at=self.now)
                self._start()
            case RunAct.START:
                self._start()
            case RunAct.UNDO:
                if self.entry.started_at is None:
                    self._note(attempts=(self.entry.attempts or 0) + 1, started_at=self.now)
                self._may_die()
                found = self.automation.start("undo")
                self._may_die()
                self.undo_execution = found
            case RunAct.STOP:
                self._may_die()
                self.automation.stop(self.undo_execution or self.execution)
                self._may_die()
            case RunAct.SETTLE | RunAct.ASK if step.state is not None:
                undoing = {"started_at": None} if step.state is State.UNDOING else {}
                finished = self.now if step.state in FINISHED else None
                self._note(state=step.state, finished_at=finished, **undoing)

    def _start(self) -> None:
        self._may_die()
        found = self.automation.start("run")
        self._may_die()
        self.execution = found

    def run(self, most: int = 400) -> State | None:
        for _ in range(most):
            step = self.step()
            later = max(self.undo_at, self.freeze_at)
            noted = step.state in {None, self.entry.state}
            if step.act in {RunAct.NOTHING, RunAct.ASK} and noted and self.steps >= later:
                return self.entry.state
        raise AssertionError(f"it never ends: {step}")


def dying_at(*moments: int) -> Callable[[], bool]:
    counter: Iterator[int] = iter(range(10_000))
    return lambda: next(counter) in moments


def never() -> bool:
    return False


@pytest.mark.parametrize(
    ("end", "state"),
    [("Success", State.SUCCEEDED), ("Failed", State.FAILED), ("TimedOut", State.FAILED)],
)
def test_a_document_runs_once_and_its_end_is_told_wherever_it_dies(end: str, state: State) -> None:
    for first, second in product(range(10), repeat=2):
        world = World(dying_at(first, first + second), end=end)
        assert world.run() is state
        assert world.automation.runs == {"run": end}
        assert world.automation.starts["run"] <= 3


def test_an_undo_asked_for_at_any_step_ends_the_same_wherever_it_dies() -> None:
    for asked, first, second in product(range(1, 9), range(14), range(6)):
        world = World(dying_at(first, first + second))
        world.undo_at = asked
        state = world.run()
        runs = world.automation.runs
        if state is State.UNDONE:
            assert runs["undo"] == "Success"
            assert runs["run"] in {"Success", "Cancelled"}
        elif state is State.SKIPPED:
            assert runs == {}
        else:
            # Died between the start and its note, and called off before anybody could look.
            assert state is State.FAILED
            assert world.execution == ""
            assert "undo" not in runs


def test_once_frozen_nothing_is_started_and_what_goes_on_is_stopped() -> None:
    for frozen, first, undo in product(range(1, 12), range(-1, 12), (0, 4)):
        world = World(dying_at(first), polls=4)
        world.freeze_at, world.undo_at = frozen, undo
        while world.steps < frozen - 1:
            world.step()
        before = world.automation.starts.total()
        for _ in range(8):
            world.step()
        assert world.automation.starts.total() == before
        if world.undo_execution or (world.execution and world.entry.state is not State.UNDOING):
            assert GOING not in world.automation.runs.values()
            assert world.entry.state in {State.SUCCEEDED, State.FAILED, State.UNDONE, State.UNDOING}


@pytest.mark.parametrize(("began", "fresh"), [(None, False), (NOW - MINUTE, False), (NOW - MINUTE + 1, True)])
def test_what_was_begun_lately_is_looked_at_again_at_once(began: int | None, fresh: bool) -> None:
    assert is_fresh(entry(State.RUNNING, started_at=began, finished_at=None), NOW) is fresh


def test_a_run_that_takes_too_long_is_stopped_and_failed() -> None:
    world = World(never, polls=10**6)
    assert world.run() is State.FAILED
    assert world.automation.runs == {"run": "Cancelled"}
    assert NOW + TIMEOUT <= world.now <= NOW + TIMEOUT + 10


def test_an_undo_that_failed_is_not_begun_again() -> None:
    world = World(never)
    world.automation._end = "Success"
    world.undo_at = 5
    while world.entry.state is not State.UNDOING:
        world.step()
    world.automation._end = "Failed"
    assert world.run() is State.FAILED
    assert world.automation.starts == {"run": 1, "undo": 1}
    assert world.step().act is RunAct.NOTHING


def test_what_cannot_be_undone_says_what_the_rule_lacks() -> None:
    done = entry(State.SUCCEEDED, attempts=1, undo=True, restores=False)
    step = next_run_step(done, RunFacts(NOW, TIMEOUT, "id"))
    assert (step.act, step.state) == (RunAct.ASK, None)
    assert "undoDocument" in step.message


def test_a_run_that_automation_does_not_know_is_waited_for_and_then_asked_about() -> None:
    lost = RunProgress(NOT_FOUND, "", "")
    going = entry(State.RUNNING, attempts=1, started_at=NOW, finished_at=None)
    facts = RunFacts(NOW + 1, TIMEOUT, "id", progress=lost)
    assert next_run_step(going, facts).act is RunAct.WAIT
    late = next_run_step(going, facts._replace(now=NOW + TIMEOUT))
    assert (late.act, late.state) == (RunAct.ASK, State.FAILED)
    assert next_run_step(going, facts._replace(frozen=True)).act is RunAct.WAIT


@pytest.mark.parametrize(
    ("ended_at", "act", "noted"),
    [
        (NOW - 9, RunAct.WAIT, None),
        (NOW - 10, RunAct.SETTLE, State.FAILED),
        (None, RunAct.SETTLE, State.FAILED),
    ],
)
def test_a_success_that_does_not_show_is_none(ended_at: int | None, act: RunAct, noted: State | None) -> None:
    done = RunProgress("Success", "D", "1", ended_at=ended_at)
    facts = RunFacts(NOW, TIMEOUT, "e", progress=done, still_wrong=True, shows_within=10)
    step = next_run_step(entry(State.RUNNING, attempts=1, started_at=NOW - 50, finished_at=None), facts)
    assert (step.act, step.state) == (act, noted)
    undoing = entry(State.UNDOING, attempts=2, started_at=NOW - 50, finished_at=None)
    assert next_run_step(undoing, facts._replace(undo_execution="u")).state is State.UNDONE


@pytest.mark.parametrize("status", ["PendingApproval", "Waiting", "SomethingNew", "RunbookInProgress"])
def test_whatever_is_no_end_is_waited_for(status: str) -> None:
    going = entry(State.RUNNING, attempts=1, started_at=NOW, finished_at=None)
    step = next_run_step(going, RunFacts(NOW, TIMEOUT, "id", progress=RunProgress(status, "D", "1")))
    assert step == RunStep(RunAct.WAIT, f"D version 1 is {status}.")


@pytest.mark.parametrize(
    ("state", "changes", "act", "noted"),
    [
        (None, {}, RunAct.ASK, None),
        (State.AWAITING_APPROVAL, {"attempts": 1}, RunAct.ASK, State.FAILED),
        (State.AWAITING_APPROVAL, {"attempts": 0, "undo": True}, RunAct.SETTLE, State.SKIPPED),
        (State.AWAITING_APPROVAL, {"attempts": 0}, RunAct.WAIT, None),
        (State.AWAITING_APPROVAL, {"attempts": 0, "approved": "p"}, RunAct.BEGIN, None),
        (State.RUNNING, {"attempts": None}, RunAct.ASK, State.FAILED),
        (State.SUCCEEDED, {"undo": False}, RunAct.NOTHING, None),
        (State.SKIPPED, {"undo": True}, RunAct.NOTHING, None),
        (State.UNDONE, {"undo": True}, RunAct.NOTHING, None),
        (State.UNDOING, {"restores": False}, RunAct.ASK, State.FAILED),
    ],
)
def test_other_entries(
    state: State | None, changes: dict[str, Any], act: RunAct, noted: State | None
) -> None:
    given = {"attempts": 1, "plan_hash": "p", "restores": True, **changes}
    step = next_run_step(entry(state, **given), RunFacts(NOW, TIMEOUT))
    assert (step.act, step.state) == (act, noted)


@seeds(300)
def test_no_step_starts_or_stops_where_it_must_not(seed: int) -> None:
    chosen = Random(seed)
    one = entry(
        chosen.choice([None, *State]),
        attempts=chosen.choice([None, 0, 1, 2]),
        started_at=chosen.choice([None, NOW - TIMEOUT, NOW]),
        undo=chosen.random() < 0.5,
        restores=chosen.random() < 0.7,
        plan_hash="p",
        approved=chosen.choice(["", "p", "q"]),
    )
    statuses = [GOING, CANCELLING, "Cancelled", "Success", "Failed", NOT_FOUND]
    progress = chosen.choice([None, *(RunProgress(status, "D", "1") for status in statuses)])
    facts = RunFacts(
        NOW,
        TIMEOUT,
        chosen.choice(["", "e"]),
        chosen.choice(["", "u"]),
        progress,
        frozen=chosen.random() < 0.5,
    )
    step = next_run_step(one, facts)
    if step.act in STARTS:
        assert one.state in {State.RUNNING, State.AWAITING_APPROVAL, State.UNDOING}
        assert not facts.frozen or step.act is RunAct.BEGIN
    if step.act is RunAct.BEGIN:
        assert one.attempts == 0
        assert not one.undo
        assert one.state is State.RUNNING or one.is_approved
    if step.act is RunAct.START:
        assert not facts.execution
        assert not one.undo
    if step.act is RunAct.UNDO:
        assert one.restores
        assert facts.execution
        assert not facts.undo_execution
    if step.act is RunAct.STOP:
        assert progress is not None
        assert progress.status == GOING
    if step.state is State.SUCCEEDED:
        assert (progress and progress.status, one.state) == ("Success", State.RUNNING)
    if step.state is State.UNDONE:
        assert (progress and progress.status, one.state) == ("Success", State.UNDOING)
        assert facts.undo_execution

"""Whatever dies at whatever step, it ends as if nothing had, and no other's change is written over."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from posture.domain.remediation.journal import Entry, State
from posture.domain.remediation.recovery import MAX_ATTEMPTS, Act, Live, Run, Step, next_step
from tests.support.examples import seeds
from tests.support.oracle.remediation_scenes import NOW, entry

TIMEOUT = 300
FINISHED = {State.SUCCEEDED, State.FAILED, State.SKIPPED, State.UNDONE}
BEFORE, AFTER, OTHER, GONE, UNKNOWN = Live


class Died(Exception):  # noqa: N818 -- of whoever carries it out
    """The process ends."""


class World:
    """Settings that change only by calls, an entry in the journal, and whoever carries it out."""

    def __init__(self, subs: int, die: Callable[[], bool], *, undo_at: int | None = None) -> None:
        self.live = [BEFORE] * subs
        self.entry = entry(State.RUNNING, attempts=0, started_at=None, finished_at=None)
        self.now = NOW
        self.foreign_overwritten = 0
        self._die = die
        self._wrote = False
        self._steps = 0
        self._undo_at = undo_at

    def _note(self, **changes: object) -> None:
        self._may_die()
        self.entry = replace(self.entry, **changes)  # type: ignore[arg-type]
        self._may_die()

    def _may_die(self) -> None:
        if self._die():
            self._wrote = False
            raise Died

    def _call(self, place: int, expected: Live, to: Live) -> None:
        self._may_die()
        self.foreign_overwritten += self.live[place] is not expected
        self.live[place] = to
        self._may_die()

    def step(self) -> Step:
        """Carry out one step as the executor does: journal first, then the call."""
        self._steps += 1
        self.now += 1
        if self._steps == self._undo_at:
            self.entry = replace(self.entry, undo=True)
        seen = self.live if self.entry.stored else []
        step = next_step(self.entry, seen, Run(self.now, TIMEOUT, wrote=self._wrote))
        try:
            self._carry_out(step)
        except Died:
            # Whoever takes over waits until no call of the dead can still be under way.
            self.now += TIMEOUT
        return step

    def _carry_out(self, step: Step) -> None:
        attempts = (self.entry.attempts or 0) + 1
        match step.act:
            case Act.BEGIN:
                self._note(state=State.RUNNING, stored=True, restores=True)
            case Act.WRITE | Act.RESTORE:
                expected, to = (BEFORE, AFTER) if step.act is Act.WRITE else (AFTER, BEFORE)
                self._note(attempts=attempts, started_at=self.now)
                for place in step.subs:
                    self._call(place, expected, to)
                self._wrote = True
            case Act.SETTLE | Act.ASK if step.state is not None:
                self._wrote = False
                self._note(state=step.state, finished_at=self.now if step.state in FINISHED else None)
            case Act.WAIT:
                self.now += TIMEOUT


def run(world: World) -> State | None:
    """Carry out steps until nothing more is to be done."""
    for _ in range(200):
        if world.step().act in {Act.NOTHING, Act.ASK}:
            break
    else:
        raise AssertionError("it never ends")
    return world.entry.state


def dying_at(*moments: int) -> Callable[[], bool]:
    counter: Iterator[int] = iter(range(10_000))
    return lambda: next(counter) in moments


@pytest.mark.parametrize("subs", [1, 3])
def test_it_ends_the_same_wherever_it_dies_once_or_twice(subs: int) -> None:
    for first, second in product(range(18), repeat=2):
        world = World(subs, dying_at(first, second))
        assert run(world) is State.SUCCEEDED
        assert world.live == [AFTER] * subs
        assert world.foreign_overwritten == 0


@pytest.mark.parametrize("subs", [1, 3])
def test_an_undo_asked_for_at_any_step_ends_the_same_wherever_it_dies(subs: int) -> None:
    for asked, first, second in product(range(1, 9), range(18), range(6)):
        world = World(subs, dying_at(first, first + second), undo_at=asked)
        while asked > world._steps:
            world.step()
        assert run(world) in {State.UNDONE, State.SKIPPED}
        assert world.live == [BEFORE] * subs
        assert world.foreign_overwritten == 0
        if world.entry.state is State.SKIPPED:
            assert world.entry.attempts == 0


@seeds(150)
def test_what_somebody_else_changes_meanwhile_stays(seed: int) -> None:
    random = Random(seed)
    world = World(3, lambda: random.random() < 0.1, undo_at=random.choice([None, 2, 4, 7]))
    foreign: set[int] = set()
    for _ in range(30):
        if random.random() < 0.15:
            place = random.randrange(3)
            world.live[place] = random.choice([OTHER, GONE])
            foreign.add(place)
        world.step()
        assert all(world.live[place] in {OTHER, GONE} for place in foreign)
    state = run(world)
    assert world.foreign_overwritten == 0
    if state is State.SUCCEEDED:
        # Only what was there when it ended can have been put right.
        assert BEFORE not in world.live
    if state is State.UNDONE:
        assert AFTER not in world.live


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("undo", [False, True])
@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("attempts", [None, 0, 1, 2 * MAX_ATTEMPTS])
def test_no_step_writes_where_it_must_not(
    state: State | None, undo: bool, stored: bool, attempts: int | None
) -> None:
    for live in [(), *product(Live, repeat=1), *product(Live, repeat=2)]:
        for restores, wrote, later in product((False, True), (False, True), (0, TIMEOUT)):
            one = entry(
                state,
                undo=undo,
                stored=stored,
                restores=restores and stored,
                attempts=attempts,
                started_at=NOW,
            )
            step = next_step(one, live, Run(NOW + later, TIMEOUT, wrote=wrote))
            _may_write(step, one, live, wrote=wrote)
            _may_settle(step, one, live)
            _may_ask(step, one, live)


def _may_write(step: Step, one: Entry, live: tuple[Live, ...], *, wrote: bool) -> None:
    if step.act in {Act.WRITE, Act.RESTORE}:
        # Stored first; only what is as it was or as we left it; and all of the resource is understood.
        expected = BEFORE if step.act is Act.WRITE else AFTER
        assert one.stored
        assert not wrote
        assert set(live) <= {BEFORE, AFTER, GONE}
        assert [live[place] for place in step.subs] == [expected] * len(step.subs) != []
        assert expected not in [each for n, each in enumerate(live) if n not in step.subs]
        assert one.attempts is not None
        assert one.state is (State.RUNNING if step.act is Act.WRITE else State.UNDOING)
        assert step.act is Act.RESTORE or not one.undo
        assert step.act is Act.WRITE or one.restores
    if step.act is Act.BEGIN:
        assert one.state in {State.RUNNING, State.AWAITING_APPROVAL}
        assert not one.undo


def _may_settle(step: Step, one: Entry, live: tuple[Live, ...]) -> None:
    if step.state is State.SUCCEEDED:
        assert AFTER in live
        assert set(live) <= {AFTER, GONE}
        assert one.attempts != 0
    if step.state is State.UNDONE:
        assert BEFORE in live
        assert set(live) <= {BEFORE, GONE}
    if step.state is State.SKIPPED:
        assert one.attempts == 0 or set(live) == {GONE}
    if step.state is State.UNDOING:
        assert (one.undo, one.restores, AFTER in live) == (True, True, True)


def _may_ask(step: Step, one: Entry, live: tuple[Live, ...]) -> None:
    if one.state in {State.SKIPPED, State.UNDONE}:
        assert step.act is Act.NOTHING
    if UNKNOWN in live and one.stored and one.state in {State.RUNNING, State.UNDOING}:
        assert step.state in {None, State.SKIPPED, State.FAILED}
    if one.is_finished:
        # What it was stays told until an undo has really begun, or is refused for what somebody has changed.
        changed = {State.FAILED} if one.state is State.SUCCEEDED and OTHER in live else set()
        assert step.state in {None, State.UNDOING, State.UNDONE} | changed
    if step.act is Act.ASK:
        assert step.message
        assert step.state in {None, State.FAILED}
    if one.state is None:
        assert step.act is Act.ASK


def test_an_approval_of_another_plan_begins_nothing() -> None:
    waiting = entry(State.AWAITING_APPROVAL, attempts=0, plan_hash="a" * 16)
    for approved, act in (("", Act.WAIT), ("b" * 16, Act.WAIT), ("a" * 16, Act.BEGIN)):
        assert next_step(replace(waiting, approved=approved), (), Run(NOW, TIMEOUT)).act is act
    unplanned = replace(waiting, plan_hash="", approved="")
    assert next_step(unplanned, (), Run(NOW, TIMEOUT)).act is Act.WAIT


def test_a_change_has_its_time_to_show_and_no_more() -> None:
    one = entry(State.RUNNING, stored=True, attempts=1, started_at=NOW)
    for later, act in ((0, Act.WAIT), (TIMEOUT - 1, Act.WAIT), (TIMEOUT, Act.ASK)):
        assert next_step(one, [BEFORE], Run(NOW + later, TIMEOUT, wrote=True)).act is act

"""Random histories: once all is quiet, Security Hub is as the oracle says, and stays so."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.exceptions.finding_plan import FindingAct
from tests.support.examples import examples
from tests.support.oracle.suppression import World, differs, expected
from tests.support.oracle.suppression_histories import Happening, happenings, scenes
from tests.support.oracle.suppression_hub import SecurityHub
from tests.support.oracle.suppression_product import INTERVAL, LATER, Operator

RUN, CRASH = "run", "crash"
_STEPS = st.lists(
    st.one_of(
        happenings(), happenings(), happenings(), st.just(RUN), st.tuples(st.just(CRASH), st.integers(0, 2))
    ),
    max_size=14,
)


def assert_as_declared(hub: SecurityHub, world: World, operator: Operator) -> None:
    before = deepcopy(hub.records)
    wanted = expected(world, before)
    operator.run(world)
    wrong = {
        id_: why
        for id_, record in hub.records.items()
        if (why := differs(record, before[id_], wanted[id_], world))
    }
    assert not wrong, wrong
    assert all(record.written <= before[id_].written + 1 for id_, record in hub.records.items())


def assert_quiet(world: World, operator: Operator) -> None:
    planned = operator.plan(world)
    assert planned.writes == ()
    for name, outcome in planned.outcomes.items():
        assert outcome.waiting == 0
        assert outcome.matched == world.matched(name, operator.hub.records.values())


@examples(600)
@given(scenes(), st.booleans(), _STEPS)
def test_once_quiet_it_is_as_declared(
    scene: tuple[SecurityHub, World],
    settled: bool,
    steps: list[Happening | str | tuple[str, int]],
) -> None:
    hub, world = deepcopy(scene)
    operator = Operator(hub)
    if settled:
        operator.run(world)
    for step in steps:
        if callable(step):
            step(hub, world)
        elif isinstance(step, tuple):
            operator.run(world, crash_after=step[1])
        else:
            operator.run(world)
    world.now += LATER
    assert_as_declared(hub, world, operator)
    assert_quiet(world, operator)


@examples(200)
@given(scenes(), st.lists(happenings(), max_size=6))
def test_what_a_lost_memory_changes_is_nothing(
    scene: tuple[SecurityHub, World], steps: list[Happening]
) -> None:
    """A reinstalled operator ends in the same state as the one that never stopped."""
    hub, world = deepcopy(scene)
    operator = Operator(hub)
    operator.run(world)
    for step in steps:
        step(hub, world)
    world.now += LATER
    again = deepcopy(hub)
    operator.run(world)
    Operator(again).run(world)
    assert hub.records == again.records


@examples(200)
@given(scenes(), st.lists(happenings(clock=False), max_size=6))
def test_until_it_is_exact_nothing_ends(scene: tuple[SecurityHub, World], steps: list[Happening]) -> None:
    hub, world = deepcopy(scene)
    operator = Operator(hub)
    for step in steps:
        step(hub, world)
    carefully = operator.plan(world, exact=False).writes
    assert {write.act for write in carefully} <= {FindingAct.SUPPRESS, FindingAct.SUPPRESS_AGAIN}
    assert set(carefully) <= set(operator.plan(world).writes)


@examples(25)
@given(scenes(), st.sampled_from(("NEW", "NOTIFIED", "RESOLVED")), st.booleans(), st.booleans())
def test_no_finding_flaps_under_an_automation(
    scene: tuple[SecurityHub, World],
    workflow: str,
    wipes: bool,
    notes: bool,
) -> None:
    """A rule that undoes every suppression at once, the mark too perhaps, costs few writes in a day."""
    hub, world = deepcopy(scene)
    operator = Operator(hub)
    for _ in range(288):
        operator.run(world)
        for id_, record in hub.records.items():
            if record.held:
                hub.person_sets(id_, workflow)
                if wipes:
                    record.fields.clear()
                if notes:
                    record.note = "reopened by a rule"
        world.now += INTERVAL
    assert all(record.written <= 12 for record in hub.records.values())

"""Whatever happens in whatever order: only what policies turned off is turned on, and all of that."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.support.control_histories import NAMES, Happening, Operator, happenings, held, rules
from tests.support.examples import examples
from tests.support.oracle.controls import PLACES, Cloud, Place, Rule


@examples(400)
@given(st.lists(happenings(), min_size=2, max_size=14))
def test_histories_end_as_declared_and_never_touch_a_persons(history: Sequence[Happening]) -> None:
    cloud = Cloud()
    operator = Operator(cloud)
    for happen in history:
        happen(operator)
        # Time passes between any two things, if only a little.
        cloud.now += 1
    operator.settle()
    assert cloud.unsettled(operator.reads()) == []
    assert {name: set(record) for name, record in operator.records.items()} == held(cloud)
    assert operator.plan().switches == ()


@examples(200)
@given(st.lists(happenings(), min_size=2, max_size=14))
def test_when_all_policies_end_nothing_of_theirs_is_left(history: Sequence[Happening]) -> None:
    cloud = Cloud()
    operator = Operator(cloud)
    for happen in history:
        happen(operator)
        cloud.now += 1
    for rule in cloud.rules.values():
        rule.deleted = rule.deleted or cloud.now
        rule.granted = ["111111111111", "222222222222"]
    operator.settle()
    assert cloud.rules == {}
    assert set(cloud.holders.values()) <= {"a person"}


@examples(200)
@given(
    st.lists(st.sampled_from(PLACES), unique=True),
    rules(),
    st.lists(happenings(), max_size=6),
)
def test_what_people_said_of_a_control_that_was_on_is_said_again(
    said: Sequence[Place], rule: Rule, history: Sequence[Happening]
) -> None:
    cloud = Cloud()
    operator = Operator(cloud)
    for place in said:
        cloud.person(place, on=True, why=f"It is fixed, see [posture.dev {place[1]}]")
    cloud.rules[NAMES[0]] = rule
    operator.run()
    for happen in history:
        happen(operator)
        cloud.now += 1
    for each in cloud.rules.values():
        each.deleted = each.deleted or cloud.now
        each.granted = ["111111111111", "222222222222"]
    operator.settle()
    assert cloud.overwritten() == []

"""What is raised to a minimum: never lowered, never more than is asked, and right after that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.remediation.actions.contract import Action, LiveState, Refused, Situation, Verdict
from posture.remediation.actions.minimum import Minimum
from posture.remediation.actions.registry import builtin_actions
from tests.support.examples import examples

MINIMUMS = [each for each in builtin_actions().values() if isinstance(each, Minimum)]
CALM = {"status": "available", "engine": "postgres", "cluster": None, "replicaOf": None, "waits": False}
DAYS = st.one_of(st.none(), st.integers(0, 4000))


def asked(action: Minimum, days: int | None) -> Situation:
    parameters = {} if days is None else {action.control_parameter: [str(days)]}
    return Situation(0, frozenset(), parameters)


def state(action: Minimum, days: int | None) -> LiveState:
    return LiveState({action.part: days}, {**CALM, "class": "STANDARD"})


def test_they_are_these() -> None:
    assert [each.name for each in MINIMUMS] == [
        "cloudwatch-log-group-raise-retention",
        "rds-cluster-raise-backup-retention",
        "rds-instance-raise-backup-retention",
        "redshift-raise-snapshot-retention",
    ]


@given(st.sampled_from(MINIMUMS), DAYS, st.data())
@examples(300)
def test_it_is_raised_to_what_is_asked_if_it_is_less(
    action: Minimum, present: int | None, data: st.DataObject
) -> None:
    days = data.draw(st.one_of(st.none(), st.sampled_from(sorted(action.allowed))))
    least = action.default if days is None else days
    verdict = action.judge(state(action, present), {}, asked(action, days))
    if present is None or present >= least:
        assert verdict == Verdict()
        return
    (written,) = verdict.wrong
    assert (written.before, written.after) == (present, least)
    assert str(least) in written.summary
    assert action.judge(state(action, least), {}, asked(action, days)) == Verdict()


@given(st.sampled_from(MINIMUMS), st.one_of(st.integers(-10, 5000).map(str), st.text(max_size=4)))
@examples(300)
def test_what_nobody_can_ask_for_is_refused(action: Minimum, said: str) -> None:
    situation = Situation(0, frozenset(), {action.control_parameter: [said]})
    known: Action = action
    if said in {str(each) for each in action.allowed}:
        assert known.judge(state(action, 0), {}, situation).wrong
        return
    with pytest.raises(Refused, match="makes no sense"):
        known.judge(state(action, 0), {}, situation)

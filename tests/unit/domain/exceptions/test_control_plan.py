"""What is planned for single controls, and what is remembered of them."""

from dataclasses import replace

import pytest

from posture.domain.exceptions import marks
from posture.domain.exceptions.attempts import Attempts, attempted
from posture.domain.exceptions.control_plan import control_plan
from posture.domain.exceptions.control_status import MAX_ACCOUNTS, MAX_ENTRIES, fits, recorded_entries
from posture.domain.exceptions.control_switches import (
    Association,
    ControlAct,
    ControlPlan,
    DeclaredControls,
    KnownControls,
    with_undone,
)
from posture.domain.exceptions.declaration import PolicyIdentity, TargetKnown
from posture.domain.exceptions.finding_plan import Timing
from posture.domain.exceptions.marks import ControlMark
from posture.domain.exceptions.policy import Release, Terms
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from tests.support.control_histories import INTERVAL, OWNER, STATUSES, Operator, place_of, policy_of
from tests.support.oracle.controls import ALPHA, BETA, DAY, PLACES, START, Cloud, Rule

HERE = PLACES[0]
PLACE = place_of(HERE)
NAME = "security/a"
RULE = Rule([], ["S3.1"], [ALPHA], START + 30 * DAY, "It is done another way here")
ON = Association(enabled=True)


def planned(
    live: Association,
    *,
    rule: Rule | None = RULE,
    record: dict[TurnedOff, ControlStatus] | None = None,
    attempts: Attempts | None = None,
    known: TargetKnown | None = None,
    adopted: frozenset[str] = frozenset(),
    exact: bool = True,
) -> ControlPlan:
    """Plan for one place and at most one policy."""
    policies = {} if rule is None else {NAME: policy_of(NAME, rule, START)}
    declared = DeclaredControls(
        policies, PolicyIdentity(OWNER, adopted), lambda *_: True, known or TargetKnown()
    )
    seen = KnownControls({PLACE: live}, {NAME: record or {}}, STATUSES if exact else None)
    return control_plan(declared, seen, Timing(START, INTERVAL, attempts or {}))


def off(owner: str = OWNER, policy: str = NAME, rule: Rule = RULE) -> Association:
    """A control that an operator turned off for a policy."""
    terms = policy_of(policy, rule, START).terms
    return Association(enabled=False, reason=marks.turning_off(terms, owner, ControlStatus.FAILED))


def test_it_is_turned_off_with_the_status_that_it_has() -> None:
    (switch,) = planned(ON).switches
    assert (switch.act, switch.enabled, switch.was) == (ControlAct.TURN_OFF, False, STATUSES[PLACE])
    mark = marks.read_control_mark(switch.reason)
    assert mark == ControlMark(OWNER, NAME, STATUSES[PLACE])
    assert RULE.text in switch.reason
    assert "security@example.com" in switch.reason


def test_nothing_is_turned_off_while_findings_are_not_known_exactly() -> None:
    made = planned(ON, exact=False)
    assert made.switches == ()
    assert made.outcomes[NAME].waiting == 1
    expired = replace(RULE, expires=START)
    assert [each.act for each in planned(off(), rule=expired, exact=False).switches] == [ControlAct.TURN_ON]


def test_what_is_off_as_declared_needs_nothing() -> None:
    made = planned(off())
    assert made.switches == ()
    assert made.records == {NAME: {PLACE: ControlStatus.FAILED}}
    assert (made.outcomes[NAME].matched, made.outcomes[NAME].suppressed) == (1, 1)


def test_a_new_justification_is_written_and_the_status_then_kept() -> None:
    (switch,) = planned(off(), rule=replace(RULE, text="It is another thing altogether")).switches
    assert (switch.act, switch.was) == (ControlAct.REFRESH, ControlStatus.FAILED)


def test_the_mark_of_an_adopted_operator_is_rewritten_and_that_of_another_left() -> None:
    (switch,) = planned(off("old"), adopted=frozenset({"old"})).switches
    assert switch.act is ControlAct.REFRESH
    assert planned(off("old")).switches == ()
    assert planned(off("old"), rule=None).switches == ()


def test_what_a_person_turned_on_again_is_drift_and_done_again_with_back_off() -> None:
    record = {PLACE: ControlStatus.FAILED}
    first = planned(ON, record=record)
    assert [each.act for each in first.switches] == [ControlAct.TURN_OFF_AGAIN]
    assert first.outcomes[NAME].drift == 1
    attempts = attempted(with_undone({}, first.undone, START), first.switches, START)
    again = planned(ON, record=record, attempts=attempts)
    assert again.switches == ()
    assert [each.act for each in again.held] == [ControlAct.TURN_OFF_AGAIN]
    assert (again.outcomes[NAME].waiting, again.outcomes[NAME].drift) == (1, 1)
    assert again.records == {NAME: {}}
    # Nothing remembers that it was off any more, but for the attempts.
    assert planned(ON, attempts=attempts).outcomes[NAME].drift == 1


def test_drift_keeps_the_status_then_where_there_is_no_data_now() -> None:
    record = {PLACE: ControlStatus.FAILED}
    declared = DeclaredControls({NAME: policy_of(NAME, RULE, START)}, PolicyIdentity(OWNER), lambda *_: True)
    (switch,) = control_plan(
        declared, KnownControls({PLACE: ON}, {NAME: record}, {}), Timing(START, INTERVAL)
    ).switches
    assert switch.was is ControlStatus.FAILED


@pytest.mark.parametrize(
    ("known", "acts"),
    [
        (TargetKnown(), [ControlAct.TURN_ON]),
        (TargetKnown(elsewhere=frozenset({NAME})), []),
        (TargetKnown(namespaces=frozenset({"storage"})), []),
    ],
)
def test_what_a_policy_that_is_gone_turned_off(known: TargetKnown, acts: list[ControlAct]) -> None:
    assert [each.act for each in planned(off(), rule=None, known=known).switches] == acts


def test_what_a_retained_policy_that_is_gone_turned_off_is_only_let_go_of() -> None:
    retained = off(rule=replace(RULE, retain=True))
    (switch,) = planned(retained, rule=None).switches
    assert (switch.act, switch.enabled) == (ControlAct.UNMARK, False)
    assert marks.read_control_mark(switch.reason) is None


def test_what_was_turned_off_before_a_crash_is_remembered_though_the_policy_narrows() -> None:
    cloud = Cloud()
    operator = Operator(cloud)
    cloud.rules[NAME] = replace(RULE, accounts=[ALPHA, BETA])
    operator.run(cut=3)
    assert len(cloud.holders) == 3
    cloud.rules[NAME] = replace(RULE, controls=["EC2.2"])
    operator.settle()
    assert all(place[1] == "EC2.2" for place in cloud.holders)


def test_a_hand_over_has_no_gap_and_keeps_the_status_then() -> None:
    cloud = Cloud()
    operator = Operator(cloud)
    cloud.rules = {NAME: replace(RULE), "security/b": replace(RULE)}
    operator.run()
    cloud.now += 1
    assert set(cloud.holders.values()) == {NAME}
    cloud.rules[NAME].deleted = cloud.now
    switches = operator.run().switches
    assert {each.act for each in switches} == {ControlAct.HAND_OVER}
    assert {each.place: each.was for each in switches} == {
        place: was for place, was in STATUSES.items() if place.control == "S3.1" and place.account_id == ALPHA
    }
    assert list(cloud.rules) == ["security/b"]


def test_without_the_grant_what_is_off_stays_off_and_is_counted() -> None:
    declared = DeclaredControls(
        {NAME: policy_of(NAME, replace(RULE, expires=START), START)}, PolicyIdentity(OWNER), lambda *_: False
    )
    made = control_plan(declared, KnownControls({PLACE: off()}, {}, STATUSES), Timing(START, INTERVAL))
    assert made.switches == ()
    assert made.outcomes[NAME].forbidden == 1
    assert made.records == {NAME: {PLACE: ControlStatus.FAILED}}


def test_too_many_controls_for_a_status_are_not_turned_off() -> None:
    many = {
        TurnedOff("fsbp/v/1.0.0", "S3.1", f"{number:012}", "eu-west-1"): ON
        for number in range(MAX_ACCOUNTS + 1)
    }
    policy = replace(policy_of(NAME, RULE, START), accounts=lambda _: True)
    declared = DeclaredControls({NAME: policy}, PolicyIdentity(OWNER), lambda *_: True)
    made = control_plan(declared, KnownControls(many, {}, {}), Timing(START, INTERVAL))
    assert made.switches == ()
    assert made.outcomes[NAME].over
    fewer = dict(list(many.items())[1:])
    assert (
        len(control_plan(declared, KnownControls(fewer, {}, {}), Timing(START, INTERVAL)).switches)
        == MAX_ACCOUNTS
    )


def test_a_record_is_kept_by_entries() -> None:
    failed, passed = ControlStatus.FAILED, ControlStatus.PASSED
    record = {
        TurnedOff("s", "S3.1", BETA, "eu-west-1"): failed,
        TurnedOff("s", "S3.1", ALPHA, "eu-west-1"): failed,
        TurnedOff("s", "S3.1", "333333333333", "eu-west-1"): passed,
    }
    assert recorded_entries(record) == {
        ("s", "S3.1", "eu-west-1", failed): [ALPHA, BETA],
        ("s", "S3.1", "eu-west-1", passed): ["333333333333"],
    }
    assert fits(record)
    regions = {TurnedOff("s", "S3.1", ALPHA, f"r-{number}"): failed for number in range(MAX_ENTRIES + 1)}
    assert not fits(regions)


@pytest.mark.parametrize("status", list(marks.SPELLED))
@pytest.mark.parametrize("retain", [True, False])
def test_a_reason_at_every_greatest_length_bears_its_mark(status: ControlStatus, retain: bool) -> None:
    owner, policy = "o" * 63, f"{'n' * 63}/{'p' * 253}"
    terms = Terms(policy, "j" * 250, "a" * 100, START, START, reference="r" * 100, retain=retain)
    reason = marks.turning_off(terms, owner, status)
    assert len(reason) <= marks.MAX_REASON
    assert reason.endswith("…")
    assert marks.read_control_mark(reason) == ControlMark(owner, policy, status, retain)


def test_the_reason_of_a_control_that_was_on_is_kept_and_given_back() -> None:
    said = Association(enabled=True, reason="Fixed, see [1]")
    (switch,) = planned(said).switches
    mark = marks.read_control_mark(switch.reason)
    assert mark == ControlMark(OWNER, NAME, STATUSES[PLACE], before=said.reason)
    there = Association(enabled=False, reason=switch.reason)
    assert planned(there).switches == ()
    (refreshed,) = planned(there, rule=replace(RULE, text="It is another thing altogether")).switches
    assert refreshed.act is ControlAct.REFRESH
    there = Association(enabled=False, reason=refreshed.reason)
    (back,) = planned(there, rule=replace(RULE, expires=START)).switches
    assert (back.act, back.reason) == (ControlAct.TURN_ON, said.reason)
    # Whoever turns it on by hand may leave our reason there.
    (again,) = planned(Association(enabled=True, reason=switch.reason)).switches
    assert again.reason == switch.reason


def test_the_reason_of_before_outlives_a_hand_over() -> None:
    terms = policy_of(NAME, RULE, START).terms
    there = marks.turning_off(terms, OWNER, ControlStatus.FAILED, "Fixed")
    rules = {NAME: replace(RULE, expires=START), "security/b": RULE}
    policies = {name: policy_of(name, rule, START) for name, rule in rules.items()}
    declared = DeclaredControls(policies, PolicyIdentity(OWNER), lambda *_: True)
    seen = KnownControls({PLACE: Association(enabled=False, reason=there)}, {}, STATUSES)
    (switch,) = control_plan(declared, seen, Timing(START, INTERVAL)).switches
    mark = marks.read_control_mark(switch.reason)
    assert switch.act is ControlAct.HAND_OVER
    assert mark is not None
    assert (mark.policy, mark.before) == ("security/b", "Fixed")


def test_a_long_reason_of_before_is_cut() -> None:
    terms = Terms("a/b", "j" * 250, "a", START, START)
    reason = marks.turning_off(terms, "o", ControlStatus.FAILED, "y" * 2000)
    assert len(reason) == marks.MAX_REASON
    mark = marks.read_control_mark(reason)
    assert mark is not None
    assert mark.before.rstrip("…") == "y" * (len(mark.before) - 1)
    ours = marks.turning_on("a/b", Release.DELETED)
    assert marks.said_while_on(ours) == ""


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "Our own choice",
        "[posture.dev owner= policy=a/b was=Failed] x",
        "see [posture.dev owner=prod policy=a/b was=Failed]",
        marks.left_off("security/a"),
    ],
)
def test_other_reasons_bear_none(reason: str) -> None:
    assert marks.read_control_mark(reason) is None

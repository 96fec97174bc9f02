"""The planner's rules that a random history rarely singles out, one by one."""

from copy import deepcopy
from dataclasses import replace

import pytest

from posture.domain.exceptions.declaration import Declaration, PolicyIdentity
from posture.domain.exceptions.finding_plan import (
    MAX_BATCH,
    FindingAct,
    FindingPlan,
    PolicyOutcome,
    Timing,
    batches,
    finding_plan,
)
from posture.domain.exceptions.survey import survey
from posture.domain.findings import Workflow
from tests.support.oracle.suppression import DAY, OWNER, Record, Rule, World
from tests.support.oracle.suppression_histories import ONE, START, TWO
from tests.support.oracle.suppression_hub import SecurityHub
from tests.support.oracle.suppression_product import INTERVAL, Operator, finding_of, policy_of

A, B = "security/a", "security/b"
NO_ROOM = {f"key-{n:02}": "x" for n in range(48)}


def rule(name: str = A, **changes: object) -> Rule:
    return replace(Rule(name, "alpha", ["S3.1"], [], [], START + 30 * DAY), **changes)  # type: ignore[arg-type]


def records(n: int = 1, **changes: object) -> dict[str, Record]:
    return {str(i): replace(Record(str(i), "S3.1", ONE, fields={}), **changes) for i in range(n)}  # type: ignore[arg-type]


class Scene:
    """A hub, what is declared for it, and the operator."""

    def __init__(self, found: dict[str, Record], *rules: Rule) -> None:
        self.hub = SecurityHub(deepcopy(found), merges=True, refuses_blanks=False, passing_resolves=False)
        self.world = World(START, {each.name: each for each in rules})
        self.operator = Operator(self.hub)

    def run(self, later: int = 0) -> FindingPlan:
        self.world.now += later
        return self.operator.run(self.world)

    def outcome(self, name: str = A) -> PolicyOutcome:
        return self.operator.plan(self.world).outcomes[name]

    def acts(self) -> list[tuple[FindingAct, str]]:
        return [(write.act, write.policy) for write in self.operator.plan(self.world).writes]

    @property
    def record(self) -> Record:
        return self.hub.records["0"]


def test_two_policies_hand_over_without_a_gap_and_both_count() -> None:
    scene = Scene(records(workflow="NOTIFIED", theirs="NOTIFIED"), rule(A), rule(B))
    scene.run()
    assert (scene.outcome(A).matched, scene.outcome(B).matched) == (1, 1)
    assert (scene.outcome(A).suppressed, scene.outcome(B).suppressed) == (1, 0)
    scene.world.rules[A].deleted = START
    (write,) = scene.run().writes
    assert (write.act, write.policy, write.change.workflow) == (FindingAct.HAND_OVER, B, None)
    assert scene.record.fields["posture.dev/previous"] == "NOTIFIED"
    assert (scene.outcome(A).marked, scene.outcome(B).suppressed) == (0, 1)
    del scene.world.rules[B], scene.world.rules[A]
    scene.run()
    assert scene.record.workflow == "NOTIFIED"


def test_the_first_by_name_suppresses_whatever_the_targets() -> None:
    scene = Scene(records(), rule(A, target="beta"), rule(B))
    assert scene.acts() == [(FindingAct.SUPPRESS, A)]


def test_too_many_matches_keep_what_is_suppressed_and_suppress_nothing_new() -> None:
    scene = Scene(records(3), rule(most=3))
    scene.run()
    scene.hub.records |= {"3": Record("3", "S3.1", ONE)}
    assert scene.run().writes == ()
    outcome = scene.outcome()
    assert (outcome.over, outcome.matched, outcome.suppressed, outcome.planned) == (True, 4, 3, 0)
    scene.hub.provider("0", "PASSED", "ACTIVE")
    assert scene.acts() == [(FindingAct.REOPEN, A), (FindingAct.SUPPRESS, A)]


def test_a_policy_with_too_many_matches_inherits_nothing() -> None:
    scene = Scene(records(2), rule(A), rule(B, most=1))
    scene.run()
    scene.world.rules[A].deleted = START
    assert scene.acts() == [(FindingAct.REOPEN, A)] * 2


def test_a_frozen_policy_says_what_it_would_do() -> None:
    scene = Scene(records(4), rule())
    scene.run()
    scene.hub.records["9"] = Record("9", "S3.1", ONE)
    scene.hub.person_sets("0", "NEW")
    scene.world.rules[A].dry_run = True
    scene.world.rules[A].but_accounts = [TWO]
    scene.hub.records["1"].account = TWO
    assert scene.acts() == []
    outcome = scene.outcome()
    assert (outcome.would_suppress, outcome.would_reopen) == (2, 1)
    assert (outcome.matched, outcome.suppressed, outcome.marked) == (4, 3, 4)


def test_what_another_policy_suppresses_a_frozen_one_would_not() -> None:
    scene = Scene(records(), rule(A, suspended=True), rule(B))
    assert scene.outcome(A).would_suppress == 0
    assert scene.acts() == [(FindingAct.SUPPRESS, B)]


def test_too_many_matches_would_suppress_nothing() -> None:
    assert Scene(records(2), rule(dry_run=True, most=1)).outcome().would_suppress == 0


def test_a_finding_under_a_frozen_policy_that_somebody_reopened_is_anothers_to_suppress() -> None:
    scene = Scene(records(), rule(A), rule(B))
    scene.run()
    scene.world.rules[A].suspended = True
    assert scene.acts() == []
    scene.hub.person_sets("0", "NOTIFIED")
    assert scene.acts() == [(FindingAct.SUPPRESS, B)]


def test_without_a_grant_nothing_is_written_and_it_is_counted() -> None:
    scene = Scene(records(), rule())
    scene.world.forbidden.add(("security", ONE))
    assert scene.acts() == []
    assert scene.outcome().forbidden == 1
    scene.world.forbidden.clear()
    scene.run()
    scene.world.forbidden.add(("security", ONE))
    scene.world.rules[A].deleted = START
    assert scene.acts() == []
    assert scene.outcome().marked == 1


@pytest.mark.parametrize("gone", [False, True])
def test_what_is_retained_stays_suppressed_and_is_nobodys(*, gone: bool) -> None:
    """Gone: the object went while writes were frozen, and only the mark is left to say it."""
    scene = Scene(records(), rule(retain=True))
    scene.run()
    note = scene.record.note
    if gone:
        del scene.world.rules[A]
    else:
        scene.world.rules[A].deleted = START
    assert scene.acts() == [(FindingAct.UNMARK, A)]
    scene.run()
    assert (scene.record.workflow, scene.record.note) == ("SUPPRESSED", note)
    scene.world.rules[A] = rule()
    assert scene.acts() == []


def test_a_changed_text_is_written_once_without_touching_the_workflow() -> None:
    scene = Scene(records(), rule())
    scene.run()
    scene.world.rules[A].text = "A new and better justification"
    (write,) = scene.run().writes
    assert (write.act, write.change.workflow) == (FindingAct.REFRESH, None)
    assert "A new and better" in scene.record.note
    assert scene.acts() == []


@pytest.mark.parametrize(
    ("pair", "value"),
    [("owner", "old-cluster"), ("previous", "SUPPRESSED"), ("previous", ""), ("deletion-policy", "Retain")],
)
def test_a_mark_that_is_not_as_it_should_be_is_made_so(pair: str, value: str) -> None:
    scene = Scene(records(), rule())
    scene.run()
    whole = dict(scene.record.fields)
    scene.record.fields[f"posture.dev/{pair}"] = value
    scene.world.now += INTERVAL
    assert scene.acts() == [(FindingAct.REFRESH, A)]
    scene.run()
    assert {key: scene.record.fields[key] for key in whole} == whole
    assert scene.acts() == []


def test_a_policy_that_is_to_retain_says_so_on_what_it_suppressed() -> None:
    scene = Scene(records(), rule())
    scene.run()
    scene.world.rules[A].retain = True
    assert scene.acts() == [(FindingAct.REFRESH, A)]
    scene.run()
    assert scene.record.fields["posture.dev/deletion-policy"] == "Retain"


def test_what_passed_is_resolved_as_security_hub_would() -> None:
    scene = Scene(records(workflow="NOTIFIED", theirs="NOTIFIED"), rule())
    scene.run()
    scene.hub.provider("0", "PASSED", "ACTIVE")
    scene.run()
    assert scene.record.workflow == "RESOLVED"


def test_what_has_no_room_for_a_mark_is_not_suppressed_but_said() -> None:
    scene = Scene(records(fields=dict(NO_ROOM)), rule())
    assert scene.acts() == []
    outcome = scene.outcome()
    assert [finding.id for finding in outcome.full] == ["0"]
    assert (outcome.matched, outcome.planned) == (1, 0)


def test_an_heir_whose_mark_has_no_room_lets_the_finding_open() -> None:
    crowd = dict(list(NO_ROOM.items())[:47])
    scene = Scene(records(fields=crowd), rule(A), rule(B, retain=True))
    scene.run()
    assert len(scene.record.fields) == 50
    scene.world.rules[A].deleted = START
    assert scene.acts() == [(FindingAct.REOPEN, A)]


def test_drift_is_counted_and_waits_longer_each_time() -> None:
    scene = Scene(records(), rule())
    scene.run()
    written = []
    for poll in range(63):
        scene.hub.person_sets("0", "NEW")
        scene.run(INTERVAL)
        if scene.record.held:
            written.append(poll)
        assert scene.outcome().drift == 1
    assert written == [0, 2, 6, 14, 30, 62]
    assert scene.outcome().waiting == 0
    scene.hub.person_sets("0", "NEW")
    assert (scene.outcome().waiting, scene.outcome().planned) == (1, 0)
    scene.run(7 * 3600 * 1_000_000)
    assert scene.record.held
    scene.world.now += DAY - 1
    assert scene.outcome().drift == 1
    scene.world.now += 1
    assert scene.outcome().drift == 0


def test_an_end_is_never_held_back_by_what_was_tried_for_another_purpose() -> None:
    scene = Scene(records(), rule())
    for _ in range(5):
        scene.run(INTERVAL)
        scene.hub.person_sets("0", "NEW")
    scene.run(INTERVAL * 40)
    scene.world.rules[A].deleted = scene.world.now
    assert scene.acts() == [(FindingAct.REOPEN, A)]
    scene.run()
    scene.world.rules[A].deleted = None
    assert scene.acts() == [(FindingAct.SUPPRESS, A)]


def test_adopted_marks_become_our_own_and_other_peoples_stay() -> None:
    fields = {"posture.dev/policy": A, "posture.dev/previous": "NOTIFIED"}
    found = {
        str(n): Record(
            str(n), "S3.1", ONE, workflow="SUPPRESSED", fields={**fields, "posture.dev/owner": owner}
        )
        for n, owner in enumerate(("old-cluster", "other-cluster"))
    }
    found["0"].held, found["0"].kept_by = True, A
    scene = Scene(found, rule())
    assert scene.acts() == [(FindingAct.REFRESH, A)]
    scene.run()
    assert scene.record.fields["posture.dev/owner"] == OWNER
    assert scene.hub.records["1"].fields["posture.dev/owner"] == "other-cluster"
    del scene.world.rules[A]
    scene.run()
    assert [scene.hub.records[id_].workflow for id_ in "01"] == ["NOTIFIED", "SUPPRESSED"]


def test_writes_come_in_the_order_of_their_acts_in_calls_of_a_hundred() -> None:
    scene = Scene(records(), rule(A))
    scene.run()
    scene.hub.records |= {str(n): Record(str(n), "S3.1", ONE) for n in range(1, 252)}
    scene.hub.records["7"].fields["team"] = "x"
    scene.hub.provider("0", "PASSED", "ACTIVE")
    planned = scene.operator.plan(scene.world).writes
    assert [write.act for write in planned] == sorted(write.act for write in planned)
    calls = list(batches(planned))
    assert [len(call.writes) for call in calls] == [1, MAX_BATCH, MAX_BATCH, 50, 1]
    assert all(write.change == call.change for call in calls for write in call.writes)
    assert sorted(write for call in calls for write in call.writes) == sorted(planned)


def test_a_note_and_a_workflow_that_are_undone_in_turn_are_one_fight() -> None:
    scene = Scene(records(), rule())
    scene.run()
    written = scene.record.written
    for poll in range(32):
        if poll % 2:
            scene.hub.person_sets("0", "NEW")
        scene.hub.person_writes_note("0", "mine", "alice")
        scene.run(INTERVAL)
    assert scene.record.written - written <= 6


def test_the_previous_workflow_is_the_one_that_was_left_last() -> None:
    scene = Scene(records(), rule())
    scene.run()
    scene.hub.person_sets("0", "NOTIFIED")
    (write,) = scene.run(INTERVAL).writes
    assert (write.act, write.change.workflow) == (FindingAct.SUPPRESS_AGAIN, Workflow.SUPPRESSED)
    assert scene.record.fields["posture.dev/previous"] == "NOTIFIED"


TICKET = ('{"ticket": "SEC-482"}', "jira")


@pytest.mark.parametrize("merges", [True, False])
@pytest.mark.parametrize("ends", ["deleted", "expires", "narrows"])
def test_a_notified_finding_is_as_the_ticket_system_left_it(ends: str, *, merges: bool) -> None:
    there = records(workflow="NOTIFIED", theirs="NOTIFIED", note=TICKET[0], by=TICKET[1], their_note=TICKET)
    scene = Scene(there, rule())
    scene.hub.merges = merges
    scene.run()
    assert (scene.record.workflow, scene.record.by) == ("SUPPRESSED", "posture-operator")
    assert scene.record.remembered == TICKET
    declared = scene.world.rules[A]
    if ends == "deleted":
        declared.deleted = START
    elif ends == "expires":
        declared.expires = START + 1
    else:
        declared.but_accounts = [ONE]
    scene.run(1)
    assert (scene.record.workflow, scene.record.note, scene.record.by) == ("NOTIFIED", *TICKET)
    assert not scene.record.marked
    scene.world.rules = {}
    scene.run()
    assert scene.acts() == []


def test_what_others_write_while_it_is_suppressed_takes_the_place_of_what_was_before() -> None:
    scene = Scene(records(note="first", by="alice", their_note=("first", "alice")), rule())
    scene.run()
    scene.hub.person_writes_note("0", *TICKET)
    (write,) = scene.run(INTERVAL).writes
    assert (write.act, write.change.note_by) == (FindingAct.REFRESH, "posture-operator")
    assert scene.record.remembered == TICKET
    scene.hub.person_writes_note("0", "last", "bob")
    scene.world.rules[A].deleted = START
    (write,) = scene.run(INTERVAL).writes
    assert (write.act, write.change.note) == (FindingAct.REOPEN, None)
    assert (scene.record.note, scene.record.by) == ("last", "bob")


def test_a_policy_that_retains_leaves_the_note_before_where_it_is_kept() -> None:
    scene = Scene(records(note=TICKET[0], by=TICKET[1], their_note=TICKET), rule(retain=True))
    scene.run()
    scene.world.rules[A].deleted = START
    scene.run()
    assert (scene.record.workflow, scene.record.by) == ("SUPPRESSED", "posture-operator")
    assert scene.record.remembered == TICKET
    assert not scene.record.marked
    # Whoever reopens it by hand, and suppresses it by another policy, still has it back in the end.
    scene.hub.person_sets("0", "NEW")
    scene.world.rules = {B: rule(B)}
    scene.run()
    assert scene.record.remembered == TICKET
    scene.world.rules[B].deleted = START
    scene.run()
    assert (scene.record.note, scene.record.by) == TICKET


def test_without_room_for_the_note_before_nothing_is_suppressed() -> None:
    others = {f"key-{n:02}": "x" for n in range(46)}
    scene = Scene(records(note=TICKET[0], by=TICKET[1], their_note=TICKET, fields=others), rule())
    assert scene.run().writes == ()
    assert len(scene.outcome().full) == 1
    assert (scene.record.note, scene.record.workflow) == (TICKET[0], "NEW")


def test_what_would_do_harm_is_no_declaration() -> None:
    for owner in ("", " ", "-"):
        with pytest.raises(ValueError, match="name"):
            Declaration([], {}, identity=PolicyIdentity(owner), may_write=lambda *_: True)
    twice = [policy_of(rule(suspended=True), START)] * 2
    with pytest.raises(ValueError, match="same name"):
        Declaration(twice, {}, identity=PolicyIdentity(OWNER), may_write=lambda *_: True)
    with pytest.raises(ValueError, match="security/a is enforced without a target"):
        Declaration([policy_of(rule(), START)], {}, identity=PolicyIdentity(OWNER), may_write=lambda *_: True)


def test_a_frozen_policy_without_a_target_keeps_what_it_has() -> None:
    scene = Scene(records(), rule())
    scene.run()
    frozen = Declaration(
        [policy_of(rule(stalled=True), START)], {}, identity=PolicyIdentity(OWNER), may_write=lambda *_: True
    )
    found = survey([finding_of(scene.record)], frozen)
    assert finding_plan(frozen, found.tallies, found.cases, Timing(START, INTERVAL)).writes == ()

"""What a plan says of one resource, case by case."""

from collections.abc import Mapping
from typing import Any

import pytest

from posture.domain.findings import Severity
from posture.domain.grants import Mode
from posture.domain.remediation.journal import Entry, State
from posture.domain.remediation.plan import MAX_ENTRIES, plan
from posture.domain.remediation.reasons import Decision, Reason
from posture.domain.remediation.rule import (
    ActionSaid,
    Opening,
    OptOutTag,
    Seen,
    opting_out,
    plan_hash,
)
from posture.domain.time import DAY
from tests.support.oracle.remediation_scenes import BUCKETS, NOW, WIDE, entry
from tests.support.plans import ACTION, candidate, known, reason, rule

# Most are sound but for one thing: what decides shows where nothing before it does.


def test_the_list_is_short_and_the_totals_are_of_all() -> None:
    many = [
        candidate(resource=BUCKETS[0]._replace(id=f"b{n:04}"), severity=Severity(n % 5), failing_since=n)
        for n in range(500)
    ]
    got = plan(rule(), many, known(checked=5_000))
    assert len(got.entries) == MAX_ENTRIES
    assert got.totals == {Reason.PLANNED: 500}
    assert len(got.to_do) == 500
    assert [each.candidate.failing_since for each in got.entries] == [n for n in range(500) if n % 5 == 4][
        :50
    ]


@pytest.mark.parametrize("changes", [{"mode": Mode.DRY_RUN}, {"suspended": True}])
def test_a_dry_run_or_a_suspended_rule_tells_and_has_nothing_done(changes: Mapping[str, Any]) -> None:
    got = plan(
        rule(needs_approval=False, **changes),
        [candidate()],
        known(entry(State.AWAITING_APPROVAL, resource=BUCKETS[3])),
    )
    assert got.entries[0].outcome.reason is Reason.PLANNED
    assert "would" in got.entries[0].outcome.message
    assert (got.acts, got.to_do, got.to_ask, got.outdated) == (False, (), (), ())


def test_what_failed_again_after_it_was_put_right_is_done_again_and_what_was_undone_is_not() -> None:
    done = entry(finished_at=NOW - 10, started_at=NOW - 11)
    assert reason(candidate(looked_at=NOW - 10), known(done)) is Reason.ALREADY_HANDLED
    assert reason(candidate(looked_at=NOW - 9), known(done)) is Reason.PLANNED
    undone = entry(State.UNDONE, finished_at=NOW - 90 * DAY, started_at=NOW - 91 * DAY)
    assert reason(candidate(looked_at=NOW), known(undone)) is Reason.ALREADY_HANDLED


def test_what_was_undone_is_the_rules_again_once_its_findings_passed_or_the_rule_is_another_one() -> None:
    undone = entry(State.UNDONE, finished_at=NOW - 9, started_at=NOW - 10, undo=True, rule_digest="d")
    for one, digest, expected in (
        (candidate(), "d", Reason.ALREADY_HANDLED),
        (candidate(), "", Reason.ALREADY_HANDLED),
        (candidate(), "e", Reason.PLANNED),
        (candidate(turned_at=NOW - 9), "d", Reason.ALREADY_HANDLED),
        (candidate(turned_at=NOW - 8), "d", Reason.PLANNED),
    ):
        assert reason(one, known(undone), digest=digest) is expected
    # One whose undo has yet to be made is nobody's to write to.
    asked = entry(finished_at=NOW - 9, started_at=NOW - 10, undo=True, rule_digest="d")
    assert reason(candidate(turned_at=NOW), known(asked), digest="e") is Reason.ALREADY_HANDLED


def test_what_a_person_called_off_is_not_asked_for_again() -> None:
    called_off = entry(State.SKIPPED, attempts=0, undo=True, finished_at=NOW - 9 * DAY)
    assert reason(candidate(), known(called_off)) is Reason.ALREADY_HANDLED
    assert (
        reason(candidate(), known(entry(State.SKIPPED, attempts=0, finished_at=NOW - 9 * DAY)))
        is Reason.PLANNED
    )


def test_the_worst_come_first_and_of_unknown_age_last() -> None:
    three = [candidate(0, failing_since=None), candidate(1, failing_since=0), candidate(2, failing_since=9)]
    known_age = plan(rule(limits=WIDE._replace(per_cycle=1), delay=0), three, known())
    assert [each.candidate.resource for each in known_age.entries] == [BUCKETS[1], BUCKETS[2], BUCKETS[0]]
    assert [each.candidate.resource for each in known_age.to_do] == [BUCKETS[1]]
    severe = candidate(3, severity=Severity.CRITICAL, failing_since=NOW - DAY)
    assert plan(rule(), [*three, severe], known()).entries[0].candidate == severe


def test_sub_writes_are_counted_as_read_or_else_as_the_request_says() -> None:
    tight = rule(limits=WIDE._replace(per_cycle=2), needs_approval=True)
    request = entry(State.AWAITING_APPROVAL, attempts=0, plan_hash="a" * 16, approved="a" * 16, writes=3)
    assert plan(tight, [candidate()], known(request)).totals == {Reason.CAP_REACHED: 1}
    seen = {BUCKETS[0]: Seen(None, ("v", "w", "x"))}
    free = rule(limits=WIDE._replace(per_cycle=2))
    assert plan(free, [candidate()], known(seen=seen)).totals == {Reason.CAP_REACHED: 1}
    assert plan(free, [candidate()], known()).totals == {Reason.PLANNED: 1}


def test_another_rule_at_work_on_the_resource_is_waited_for() -> None:
    assert reason(candidate(), known(entry(State.RUNNING, rule="team/other"))) is Reason.PENDING
    assert reason(candidate(), known(entry(None, rule="team/other"))) is Reason.PENDING
    assert reason(candidate(), known(entry(State.AWAITING_APPROVAL, rule="team/other"))) is Reason.PLANNED


@pytest.mark.parametrize("unknown", ["failing", "scope"])
def test_an_unknown_moment_never_satisfies_a_delay_not_even_one_of_nothing(unknown: str) -> None:
    one = candidate(failing_since=None if unknown == "failing" else 5)
    at = known(in_scope_since=lambda _: None if unknown == "scope" else 5)
    assert reason(one, at, delay=0) is Reason.DELAYED


def test_coming_back_into_scope_starts_the_delay_anew() -> None:
    assert reason(candidate(), known(in_scope_since=lambda _: NOW - DAY + 1)) is Reason.DELAYED
    assert reason(candidate(), known(in_scope_since=lambda _: NOW - DAY)) is Reason.PLANNED


def test_a_window_is_open_until_its_end() -> None:
    for until, expected in (
        (NOW + 1, Reason.PLANNED),
        (NOW, Reason.OUTSIDE_WINDOW),
        (None, Reason.OUTSIDE_WINDOW),
    ):
        assert reason(candidate(), known(window=Opening(until, NOW + DAY))) is expected


def test_a_request_that_nothing_will_come_of_is_outdated_but_not_for_what_passes() -> None:
    request = entry(State.AWAITING_APPROVAL, attempts=0, plan_hash=plan_hash(rule(), BUCKETS[0], ["w"]))
    seen = {BUCKETS[0]: Seen(None, ("w",))}
    asking = rule(needs_approval=True)
    assert plan(asking, [candidate()], known(request, seen=seen)).outdated == ()
    assert plan(asking, [candidate()], known(request, policies_read=False)).outdated == ()
    assert plan(asking, [], known(request)).outdated == (request.name,)
    assert plan(asking, [candidate(suppressed="f")], known(request)).outdated == (request.name,)
    assert plan(rule(), [candidate()], known(request)).outdated == (request.name,)
    changed = plan(asking, [candidate()], known(request, seen={BUCKETS[0]: Seen(None, ("w", "v"))}))
    assert changed.outdated == (request.name,)
    assert changed.to_ask[0].plan_hash != request.plan_hash


def test_an_approval_lets_just_that_plan_be_done() -> None:
    seen = {BUCKETS[0]: Seen(None, ("w", "v"))}
    asked = plan(rule(needs_approval=True), [candidate()], known(seen=seen)).to_ask[0]
    request = entry(
        State.AWAITING_APPROVAL, attempts=0, name=asked.entry, plan_hash=asked.plan_hash, writes=2
    )
    for approved, does in (("", False), ("0" * 16, False), (asked.plan_hash, True)):
        journal = entry(**{**{n: getattr(request, n) for n in Entry.__slots__}, "approved": approved})
        got = plan(rule(needs_approval=True), [candidate()], known(journal, seen=seen))
        assert [each.entry for each in got.to_do] == [asked.entry] * does


def test_requests_for_approval_are_no_more_than_a_days_writes() -> None:
    many = [candidate(n) for n in range(9)]
    waiting = entry(State.AWAITING_APPROVAL, attempts=0, resource=BUCKETS[8])
    got = plan(rule(needs_approval=True, limits=WIDE._replace(per_day=3)), many, known(waiting))
    assert len(got.to_ask) == 2
    assert got.totals == {Reason.AWAITING_APPROVAL: 3, Reason.CAP_REACHED: 6}


def test_the_hash_is_of_what_is_done_and_of_nothing_else() -> None:
    base = plan_hash(rule(), BUCKETS[0], ["a", "b"])
    assert base == plan_hash(
        rule(delay=0, limits=WIDE._replace(per_day=1), suspended=True), BUCKETS[0], ["b", "a"]
    )
    swapped = ActionSaid("builtin", "x", parameters=(("a", ("1",)), ("b", ("2",))))
    other = ActionSaid("builtin", "x", parameters=(("b", ("2",)), ("a", ("1",))))
    assert plan_hash(rule(action=swapped), BUCKETS[0], []) == plan_hash(rule(action=other), BUCKETS[0], [])
    different = {
        base,
        plan_hash(rule(), BUCKETS[1], ["a", "b"]),
        plan_hash(rule(), BUCKETS[0], ["a"]),
        plan_hash(rule(), BUCKETS[0], ["ab"]),
        plan_hash(rule(uid="v"), BUCKETS[0], ["a", "b"]),
        plan_hash(rule(role_name="s"), BUCKETS[0], ["a", "b"]),
        plan_hash(rule(action=ACTION._replace(version="2")), BUCKETS[0], ["a", "b"]),
        plan_hash(rule(action=ACTION._replace(kind="ssmAutomation")), BUCKETS[0], ["a", "b"]),
        plan_hash(rule(action=ACTION._replace(parameters=(("a", ("1", "")),))), BUCKETS[0], ["a", "b"]),
        plan_hash(rule(action=ACTION._replace(parameters=())), BUCKETS[0], ["a", "b"]),
        plan_hash(rule(), BUCKETS[0]._replace(region="us-east-1"), ["a", "b"]),
    }
    assert len(different) == 11
    assert len(base) == 32
    assert set(base) <= set("0123456789abcdef")


def test_opt_out_tags_know_no_case_and_are_all_looked_at() -> None:
    tags = [("allowpublicaccess", "false"), ("AllowPublicAccess", "TRUE")]
    assert opting_out(tags, [OptOutTag("ALLOWPUBLICACCESS", ("True",))]) == "AllowPublicAccess=TRUE"
    assert opting_out(tags[:1], [OptOutTag("AllowPublicAccess", ("true",))]) == ""
    assert opting_out(tags[:1], [OptOutTag("AllowPublicAccess")]) == "allowpublicaccess=false"
    assert opting_out([], [OptOutTag("x")]) == opting_out(tags, []) == ""


def test_each_reason_of_the_design_has_its_decision() -> None:
    by_decision = {each: {r.value for r in Reason if r.decision is each} for each in Decision}
    assert by_decision[Decision.REMEDIATE] == {"Planned"}
    waits = "Delayed OutsideWindow CapReached AwaitingApproval Pending Throttled"
    assert by_decision[Decision.WAIT] == set(waits.split())
    skips = (
        "OptedOut OptOutUnreadable Suppressed PolicyUnreadable Excepted AlreadyCompliant NotSupported NotAws"
        " AccountMismatch ResourceGone InUse ManagedByAws ManagedByPolicy NotOwner NotGranted AccessDenied"
        " AlreadyHandled Unreadable"
    )
    assert by_decision[Decision.SKIP] == set(skips.split())

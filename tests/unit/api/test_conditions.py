from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.api.conditions import (
    READY,
    RECONCILING,
    STALLED,
    Condition,
    ConditionStatus,
    find_condition,
    ready,
    reconciling,
    set_condition,
    stalled,
    without_condition,
)
from posture.api.reasons.words import ConditionType

T0 = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_TYPES: list[ConditionType] = ["Ready", "Expired", "Drifted"]
_CHANGES = st.lists(st.tuples(st.sampled_from(_TYPES), st.sampled_from(list(ConditionStatus))), max_size=20)


def test_the_transition_time_stays_while_the_status_does() -> None:
    conditions = set_condition((), READY, TRUE, "Exact", "all good", T0, 1)
    conditions = set_condition(conditions, READY, TRUE, "InEffect", "better", T0 + timedelta(hours=1), 2)
    (condition,) = conditions
    assert condition.last_transition_time == T0
    assert (condition.reason, condition.message, condition.observed_generation) == (
        "InEffect",
        "better",
        2,
    )


def test_the_transition_time_moves_with_the_status() -> None:
    conditions = set_condition((), READY, TRUE, "Exact", "", T0, 1)
    conditions = set_condition(conditions, READY, UNKNOWN, "Syncing", "", T0 + timedelta(hours=1), 1)
    assert conditions[0].last_transition_time == T0 + timedelta(hours=1)


@given(_CHANGES)
def test_each_type_stands_once_in_its_first_place_since_its_last_change(
    changes: list[tuple[ConditionType, ConditionStatus]],
) -> None:
    conditions: tuple[Condition, ...] = ()
    since: dict[str, tuple[ConditionStatus, datetime]] = {}
    for minute, (kind, status) in enumerate(changes):
        now = T0 + timedelta(minutes=minute)
        conditions = set_condition(conditions, kind, status, "Exact", "", now, minute)
        if since.get(kind, (None,))[0] != status:
            since[kind] = (status, now)
    assert [(each.type, (each.status, each.last_transition_time)) for each in conditions] == list(
        since.items()
    )


def test_what_was_given_is_not_changed() -> None:
    before = set_condition((), READY, TRUE, "Exact", "", T0, 1)
    set_condition(before, READY, FALSE, "InvalidSpec", "", T0, 1)
    assert before[0].status is TRUE


def test_a_long_message_is_shortened_to_what_the_api_takes() -> None:
    (condition,) = set_condition((), READY, FALSE, "InvalidSpec", "x" * 100_000, T0, 1)
    assert len(condition.message) == 2048
    assert condition.message.endswith("x…")


def test_times_are_written_to_the_second_in_utc() -> None:
    now = datetime(2026, 11, 22, 8, 0, 0, 999_999, tzinfo=UTC).astimezone()
    (condition,) = set_condition((), READY, TRUE, "Exact", "", now, None)
    assert condition.to_api() == {
        "type": "Ready",
        "status": "True",
        "reason": "Exact",
        "message": "",
        "lastTransitionTime": "2026-11-22T08:00:00Z",
    }


@pytest.mark.parametrize(
    ("say", "statuses"),
    [(ready, (TRUE, FALSE, FALSE)), (reconciling, (FALSE, TRUE, FALSE)), (stalled, (FALSE, FALSE, TRUE))],
)
def test_kstatus_has_one_answer(say, statuses) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- one of three functions
    start = stalled((), "NotGranted", "add the grant", T0, 1)
    start = set_condition(start, "ScoreCurrent", FALSE, "NotGranted", "", T0, 1)
    after = say(start, "Connecting", "do this", T0 + timedelta(hours=1), 2)
    found = {each.type: each for each in after}
    assert tuple(found[kind].status for kind in (READY, RECONCILING, STALLED)) == statuses
    assert found["ScoreCurrent"].reason == "NotGranted"
    assert all(found[kind].observed_generation == 2 for kind in (READY, RECONCILING, STALLED))
    assert "do this" in (found[READY].message, found[STALLED].message)


def test_what_the_api_server_gives_back_is_no_change() -> None:
    now = T0.replace(microsecond=123_456)
    (condition,) = set_condition((), READY, TRUE, "Exact", "", now, 1)
    assert Condition.model_validate(condition.to_api()) == condition


def test_finds_and_removes() -> None:
    conditions = ready((), "Exact", "", T0, 1)
    assert find_condition(conditions, STALLED) is conditions[2]
    assert find_condition(conditions, "ScoreCurrent") is None
    assert find_condition(without_condition(conditions, READY), READY) is None


@pytest.mark.parametrize(
    ("holds", "status"),
    [(True, ConditionStatus.TRUE), (False, ConditionStatus.FALSE), (None, ConditionStatus.UNKNOWN)],
)
def test_a_truth_is_a_status(*, holds: bool | None, status: ConditionStatus) -> None:
    assert ConditionStatus.of(holds) is status

"""What goes into a status is made to fit: one that is refused would be refused for ever."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from posture.api.conditions import READY, Condition, ConditionStatus, set_condition
from posture.api.suppression_policy import SuppressionFailure, SuppressionPolicyStatus
from posture.api.targets.counts import StandardScore
from posture.api.targets.status import PostureTargetStatus, RejectedFinding, SyncSummary
from posture.api.types import Time
from tests.support.api.statuses import NOW
from tests.support.hostile import acts, texts

MOMENT: TypeAdapter[datetime] = TypeAdapter(Time)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0001-01-02T00:00:00Z", "0001-01-02T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59Z"),
        ("0999-06-01T12:00:00.999999+02:00", "0999-06-01T10:00:00Z"),
        ("2026-11-22T06:00:00.5Z", "2026-11-22T06:00:00Z"),
    ],
)
def test_a_time_of_any_year_is_written_as_kubernetes_reads_it(text: str, written: str) -> None:
    assert MOMENT.dump_python(MOMENT.validate_python(text), mode="json") == written


@given(st.datetimes(timezones=st.timezones()))
def test_every_time_has_four_digits_of_year(moment: datetime) -> None:
    written = MOMENT.dump_python(moment, mode="json")
    assert len(written) == len("2026-11-22T06:00:00Z")
    assert MOMENT.validate_python(written).tzinfo is not None


def test_a_copy_is_checked_as_a_new_one_is() -> None:
    status = PostureTargetStatus(score=69)
    copied = status.model_copy(update={"last_handled_request": "x" * 5000, "passed": 3})
    assert copied.last_handled_request == "x" * 1023 + "…"
    assert (copied.score, copied.passed) == (69, 3)
    assert "lastHandledRequest" not in status.to_api()
    with pytest.raises(ValidationError):
        status.model_copy(update={"score": 101})
    with pytest.raises(ValidationError):
        status.model_copy(update={"observed_generation": None})


def test_a_list_keeps_its_first_entries_and_of_those_that_are_alike_the_first() -> None:
    failures = [SuppressionFailure(id=f"{n % 30}", reason=f"R{n}") for n in range(60)]
    status = SuppressionPolicyStatus().model_copy(update={"failures": failures})
    assert [(each.id, each.reason) for each in status.failures] == [(f"{n}", f"R{n}") for n in range(20)]
    # Alike only since they were shortened.
    long = [StandardScore(standard="s" * 128 + str(n), passed=n, scored=9) for n in range(3)]
    assert [each.passed for each in PostureTargetStatus(standards=tuple(long)).standards] == [0]


@given(st.lists(st.sampled_from("abcdef"), max_size=40))
def test_order_is_kept(ids: list[str]) -> None:
    found = SyncSummary(rejected_findings=tuple(RejectedFinding(id=each, reason="r") for each in ids))
    assert [each.id for each in found.rejected_findings] == list(dict.fromkeys(ids))


def test_half_a_surrogate_pair_is_shown() -> None:
    (condition,) = set_condition((), READY, ConditionStatus.TRUE, "Exact", "a\ud800b" * 1024, NOW, 1)
    assert condition.message == (r"a\ud800b" * 1024)[:2047] + "…"
    condition.message.encode()
    status = PostureTargetStatus(last_handled_request="a\ud800b")
    assert status.last_handled_request == "a?b", "what is repeated as it is must still be sent"


@given(texts)
def test_no_text_of_a_status_acts_on_a_terminal(text: str) -> None:
    (condition,) = set_condition((), READY, ConditionStatus.TRUE, "Exact", text, NOW, 1)
    failure = SuppressionFailure(id=text, reason=text, message=text)
    standard = StandardScore(standard=text, passed=1, scored=2)
    shown = [condition.message, failure.id, failure.reason, failure.message, standard.standard]
    assert set().union(*map(acts, shown)) == set()
    assert failure.model_copy(update={"id": text}) == failure


def test_a_request_is_repeated_as_it_was_made() -> None:
    status = PostureTargetStatus().model_copy(update={"last_handled_request": "at \u200b once\n"})
    assert status.last_handled_request == "at \u200b once\n"


def test_a_condition_is_not_since_a_time_to_come() -> None:
    ahead = Condition(
        type=READY, status=ConditionStatus.TRUE, reason="Exact", last_transition_time=NOW.replace(year=2099)
    )
    (condition,) = set_condition((ahead,), READY, ConditionStatus.TRUE, "Exact", "", NOW, 1)
    assert condition.last_transition_time == NOW

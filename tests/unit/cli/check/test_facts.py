"""Facts about AWS, judged by what it answered: each can be confirmed, and each refuted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied, AwsError, InvalidRequest, Throttled, TokenRefused
from posture.cli.check import facts
from posture.cli.check.hub import judgement_of
from posture.cli.check.result import CheckStatus, Judgement
from posture.cli.check.setup import Answer

T = datetime(2026, 11, 20, tzinfo=UTC)


def error(kind: type[AwsError], code: str = "Code") -> AwsError:
    return kind("said", service="securityhub", operation="GetFindings", code=code, advice="do this")


def page(*hours: float, **others: Any) -> Answer:
    return {"Findings": [{"UpdatedAt": stamp(each), "Id": f"id-{each}", **others} for each in hours]}


def stamp(hours: float) -> str:
    return (T + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def word(verdict: Judgement) -> str:
    found = verdict.message.partition(":")[0]
    expected = {CheckStatus.OK: "confirmed", CheckStatus.WARNING: "refuted"}
    assert verdict.status in {*expected, CheckStatus.UNKNOWN}, "a fact fails nothing"
    if verdict.status in expected:
        assert found == expected[verdict.status]
        assert bool(verdict.advice) == (verdict.status is CheckStatus.WARNING)
    return expected.get(verdict.status, "unknown")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(InvalidRequest), "confirmed"),
        (error(TokenRefused), "confirmed"),
        (page(1), "refuted"),
        (error(Throttled), "unknown"),
        (error(AccessDenied), "unknown"),
    ],
)
def test_a_refusal_is_confirmed_by_one(answer: Answer, expected: str) -> None:
    assert word(facts.judge_refusal(answer, "this is refused")) == expected


@pytest.mark.parametrize(
    ("ascending", "descending", "expected"),
    [
        (page(1, 1, 2), page(3, 2, 2), "confirmed"),
        (page(1, 3, 2), page(3, 2), "refuted"),
        (page(1, 2), page(2, 3), "refuted"),
        (page(1), page(1), "unknown"),
        (page(), page(), "unknown"),
        (error(Throttled), page(2, 1), "unknown"),
    ],
)
def test_the_order_of_pages(ascending: Answer, descending: Answer, expected: str) -> None:
    assert word(facts.judge_sorting(ascending, descending)) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (page(1, 2), "confirmed"),
        (page(1, 2.5), "refuted"),
        (page(0.5), "refuted"),
        (page(), "refuted"),
        (error(Throttled), "unknown"),
    ],
)
def test_a_window_gives_what_is_in_it(answer: Answer, expected: str) -> None:
    assert word(facts.judge_window(answer, stamp(1), stamp(2))) == expected


def test_archived_findings_come_unasked() -> None:
    assert word(facts.judge_archived(["id-1", "id-2"], page(1, 2))) == "confirmed"
    assert word(facts.judge_archived(["id-1", "id-2"], page(1))) == "refuted"
    assert word(facts.judge_archived(["id-1"], error(Throttled))) == "unknown"


def test_filters_heed_case() -> None:
    assert word(facts.judge_case("id-1", page())) == "confirmed"
    assert word(facts.judge_case("id-1", page(1))) == "refuted"
    assert word(facts.judge_case("id-1", error(Throttled))) == "unknown"


def noted(*pairs: tuple[float, float | None]) -> Answer:
    """Make findings that were updated, and noted, in these hours."""
    return {
        "Findings": [
            {"UpdatedAt": stamp(updated)} | ({} if note is None else {"Note": {"UpdatedAt": stamp(note)}})
            for updated, note in pairs
        ]
    }


@pytest.mark.parametrize(
    ("answer", "by_filter", "keeps"),
    [
        (noted((1, 2), (5, 2)), "confirmed", "confirmed"),
        (noted((5, 2)), "confirmed", "unknown"),
        (noted((2, 2), (3, 3)), "confirmed", "unknown"),
        (noted((2, 2), (3, 3), (4, 4)), "confirmed", "refuted"),
        (noted((2, 2), (3, 3), (5, 4)), "confirmed", "unknown"),
        (noted((1, 2), (3, None)), "refuted", "confirmed"),
        (noted(), "unknown", "unknown"),
        (error(Throttled), "unknown", "unknown"),
    ],
)
def test_what_notes_tell(answer: Answer, by_filter: str, keeps: str) -> None:
    assert word(facts.judge_note_filter(answer)) == by_filter
    assert word(facts.judge_notes(answer)) == keeps


def archived_at(hours: float) -> dict[str, Any]:
    return {
        "UpdateTime": T + timedelta(hours=hours),
        "Updates": [{"UpdatedField": "RecordState", "OldValue": "ACTIVE", "NewValue": "ARCHIVED"}],
    }


REOPENED = {
    "UpdateTime": T + timedelta(hours=90),
    "Updates": [{"UpdatedField": "RecordState", "OldValue": "ARCHIVED", "NewValue": "ACTIVE"}],
}


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([(stamp(5), [archived_at(5)])], "confirmed"),
        ([(stamp(5), [archived_at(5.25)])], "confirmed"),
        ([(stamp(5), [archived_at(5.26)])], "refuted"),
        ([(stamp(5), [archived_at(5)]), (stamp(5), [archived_at(9), archived_at(1)])], "refuted"),
        ([(stamp(5), [REOPENED])], "unknown"),
        ([(stamp(5), [])], "unknown"),
        ([], "unknown"),
        ([(stamp(5), error(AccessDenied))], "unknown"),
    ],
)
def test_whether_archival_moves_the_update(findings: list[Any], expected: str) -> None:
    assert word(facts.judge_archival(findings)) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((3, 2, 2, 1), "confirmed"), ((1, 2), "refuted"), ((2, 2), "unknown"), ((), "unknown")],
)
def test_the_order_of_an_insight(counts: tuple[int, ...], expected: str) -> None:
    values = [{"GroupByAttributeValue": "x", "Count": each} for each in counts]
    assert word(facts.judge_insight({"InsightResults": {"ResultValues": values}})) == expected
    assert word(facts.judge_insight(error(AccessDenied))) == "unknown"


def test_exposures_are_asked_for_where_the_second_version_is_on() -> None:
    assert word(facts.judge_exposures(v2_on=True, answer=page(1))) == "refuted"
    for answer in (page(), error(Throttled), None):
        assert word(facts.judge_exposures(v2_on=True, answer=answer)) == "unknown"
    assert "does not arise" in facts.judge_exposures(v2_on=False, answer=None).message
    assert "not known" in facts.judge_exposures(v2_on=None, answer=None).message


def test_what_is_not_as_documented_tells_nothing() -> None:
    odd: list[tuple[Any, ...]] = [
        (facts.judge_sorting, {"Findings": [{"UpdatedAt": "yesterday"}]}, page(1)),
        (facts.judge_window, {"Findings": [{}]}, stamp(1), stamp(2)),
        (facts.judge_insight, {}),
    ]
    for judge, *answers in odd:
        verdict = judgement_of(judge, *answers)
        assert verdict.status is CheckStatus.UNKNOWN
        assert "not as AWS documents it" in verdict.message

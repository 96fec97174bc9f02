from datetime import UTC, datetime, timedelta

import pytest

from posture.api.conditions import Condition, Trouble, find_condition
from posture.targets.conditions import TargetSituation, assessed, refused

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXACT_AT = int(NOW.timestamp() * 1_000_000)
FINE = TargetSituation(
    suspended=False,
    connected=True,
    trouble=None,
    exact_at=EXACT_AT,
    progress_percent=100,
    suspicious=None,
    missing=(),
    enabled=("a/v/1",),
    scored=True,
    reporting=3,
    rejected=None,
    refreshed_every=timedelta(minutes=5),
)
DENIED = Trouble("AccessDenied", "Allow securityhub:GetFindings.")
AWAY = Trouble("AwsUnavailable", "HTTP 503.", terminal=False)


def said(conditions: tuple[Condition, ...]) -> dict[str, str]:
    return {c.type: f"{c.status.value}/{c.reason}" for c in conditions}


def test_an_old_score_is_told_to_be_renewed_while_all_findings_are_read_again() -> None:
    later = NOW + timedelta(minutes=11)
    conditions = assessed((), FINE._replace(progress_percent=40), later, 1)
    assert said(conditions)["ScoreCurrent"] == "False/Syncing"
    assert said(conditions)["Reconciling"] == "True/Syncing"
    current = find_condition(conditions, "ScoreCurrent")
    assert current is not None
    assert current.message == "The score is as of status.scoreTime. All findings are read again: 40 %."
    assert said(assessed((), FINE, later, 1))["ScoreCurrent"] == "False/PollOverdue"
    away = FINE._replace(progress_percent=40, trouble=AWAY)
    assert said(assessed((), away, later, 1))["ScoreCurrent"] == "False/AwsUnavailable"


@pytest.mark.parametrize(
    ("situation", "ready", "current", "reconciling", "stalled"),
    [
        (FINE, "True/SecurityHubAnswers", "True/Exact", False, False),
        (FINE._replace(connected=False, exact_at=None), "Unknown/Connecting", "False/Syncing", True, False),
        (FINE._replace(exact_at=None), "True/SecurityHubAnswers", "False/Syncing", True, False),
        (
            FINE._replace(exact_at=None, trouble=DENIED),
            "False/AccessDenied",
            "False/AccessDenied",
            False,
            True,
        ),
        (FINE._replace(trouble=AWAY), "False/AwsUnavailable", "True/Exact", True, False),
        (
            FINE._replace(suspicious="60 are gone"),
            "True/SecurityHubAnswers",
            "False/SweepSuspicious",
            False,
            False,
        ),
        (
            FINE._replace(missing=("b/v/1",)),
            "False/StandardNotEnabled",
            "False/StandardNotEnabled",
            False,
            True,
        ),
        (
            FINE._replace(scored=False, reporting=0),
            "True/SecurityHubAnswers",
            "False/NoFindings",
            False,
            False,
        ),
        (
            FINE._replace(scored=False, reporting=0, enabled=()),
            "True/SecurityHubAnswers",
            "False/NoStandards",
            False,
            False,
        ),
        (FINE._replace(scored=False), "True/SecurityHubAnswers", "False/NoData", False, False),
        (FINE._replace(suspended=True), "Unknown/Suspended", "False/Suspended", False, False),
    ],
)
def test_what_each_situation_says(
    situation: TargetSituation, ready: str, current: str, reconciling: bool, stalled: bool
) -> None:
    conditions = assessed((), situation, NOW, 1)
    told = said(conditions)
    assert (told["Ready"], told["ScoreCurrent"]) == (ready, current)
    assert told["Reconciling"].startswith(str(reconciling))
    assert told["Stalled"].startswith(str(stalled))
    assert all(condition.observed_generation == 1 for condition in conditions)


def test_what_is_waited_for_before_there_is_a_score_is_said() -> None:
    for percent, said_so in ((40, "sweep of all findings is under way: 40 %"), (100, "policies may have")):
        situation = FINE._replace(exact_at=None, progress_percent=percent)
        current = find_condition(assessed((), situation, NOW, 1), "ScoreCurrent")
        assert current is not None
        assert said_so in current.message


@pytest.mark.parametrize(("age", "status"), [(600, "True/Exact"), (601, "False/PollOverdue")])
def test_a_score_is_current_for_two_intervals_and_no_longer(age: int, status: str) -> None:
    conditions = assessed((), FINE, NOW + timedelta(seconds=age), 1)
    assert said(conditions)["ScoreCurrent"] == status


def test_an_old_score_says_why_it_is_old() -> None:
    late = NOW + timedelta(hours=1)
    current = find_condition(assessed((), FINE._replace(trouble=AWAY), late, 1), "ScoreCurrent")
    assert current is not None
    assert (current.status.value, current.reason) == ("False", "AwsUnavailable")
    assert "status.scoreTime" in current.message
    assert "HTTP 503" in current.message


def test_what_is_wrong_says_what_to_do() -> None:
    missing = find_condition(assessed((), FINE._replace(missing=("b/v/1",)), NOW, 1), "Ready")
    assert missing is not None
    assert "b/v/1" in missing.message
    assert "a/v/1" in missing.message


def test_findings_that_could_not_be_read_are_named_and_the_score_stays() -> None:
    rejected = FINE._replace(rejected="1 finding could not be read and is not counted: x: no Id")
    current = find_condition(assessed((), rejected, NOW, 1), "ScoreCurrent")
    assert current is not None
    assert current.status.value == "True"
    assert "x: no Id" in current.message


def test_a_refused_target_is_stalled_and_has_no_current_score() -> None:
    trouble = Trouble("NotGranted", "Add a grant.")
    told = said(refused((), trouble, NOW, 4))
    assert told == {
        "Ready": "False/NotGranted",
        "ScoreCurrent": "False/NotGranted",
        "Reconciling": "False/NotGranted",
        "Stalled": "True/NotGranted",
    }


def test_a_transition_time_moves_only_when_the_status_does() -> None:
    first = assessed((), FINE, NOW, 1)
    later = NOW + timedelta(minutes=1)
    again = assessed(first, FINE._replace(trouble=AWAY), later, 2)
    times = {condition.type: condition.last_transition_time for condition in again}
    assert times["ScoreCurrent"] == NOW
    assert times["Ready"] == later


@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        (FINE, "Syncing"),
        (FINE._replace(progress_percent=40), "Syncing"),
        (FINE._replace(connected=False, progress_percent=0), "Syncing"),
        (FINE._replace(withheld="A re-list is due"), "RelistDue"),
        (FINE._replace(trouble=AWAY), "AwsUnavailable"),
        (FINE._replace(suspended=True), "Suspended"),
    ],
)
def test_what_the_status_tells_is_never_current_however_fresh_it_is(
    situation: TargetSituation, reason: str
) -> None:
    for now in (NOW, NOW + timedelta(hours=1)):
        current = find_condition(assessed((), situation._replace(restored=True), now, 1), "ScoreCurrent")
        assert current is not None
        assert (current.status.value, current.reason) == ("False", reason)
        assert "as of status.scoreTime" in current.message

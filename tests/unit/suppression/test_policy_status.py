"""What a policy says of itself, case by case."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from posture.api.conditions import find_condition
from posture.api.suppression_policy import SuppressionPolicyStatus
from posture.aws.errors import AccessDenied, Retryable
from posture.config import Config
from posture.domain.moments import instant_of
from posture.domain.scores import Score
from posture.domain.suppression import Phase
from posture.domain.suppression_plan import Act, Change, Outcome, Write
from posture.domain.suppression_tries import FindingId
from posture.suppression.declared import Declared, declare
from posture.suppression.effect import Effect
from posture.suppression.policy_conditions import Case
from posture.suppression.policy_status import status_of
from posture.suppression.standing import HubState, Progress
from posture.suppression.writing import Refusal
from posture.target_conditions import Trouble

NOW = instant_of(datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
DAY = 24 * 3600 * 1_000_000
OUTCOME = Outcome(Phase.ENFORCING, 3, 3, 3, 0, 0, 0, 0, 0, 0, over=False, full=())
REFUSAL = Refusal(
    Write(FindingId("arn", "finding-1"), "1", Act.SUPPRESS, "security/logs", Change(None, None, ())),
    "InvalidInput",
    "Not so.",
)


def declared(**spec: Any) -> Declared:
    metadata = {
        "name": "logs",
        "namespace": "security",
        "uid": "u",
        "generation": 4,
        "creationTimestamp": "2026-11-01T00:00:00Z",
    }
    metadata |= spec.pop("metadata", {})
    document = {
        "metadata": metadata,
        "spec": {
            "targetRef": {"name": "organization"},
            "justification": "Retention is handled by lifecycle policies",
            "approvedBy": "security@example.com",
            "expiresAt": "2027-03-31T00:00:00Z",
            "suppressFindings": {"match": [{"controls": ["S3.11"]}]},
            **spec,
        },
    }
    return replace(declare(document, {}, Config(), NOW), trouble=None)


def progress(**changes: Any) -> Progress:
    fields = {name: changes.pop(name) for name in ("pending", "held", "refusals", "left") if name in changes}
    made = Progress(OUTCOME._replace(**changes), 0, 0, (), (), Effect(Score(9, 10), Score(8, 10)), NOW)
    return replace(made, **fields)


def case(of: Declared | None = None, how: Progress | None = None, now: int = NOW, **hub: Any) -> Case:
    return Case(of or declared(), how, HubState(**hub), None, now)


def said(of: Case, before: SuppressionPolicyStatus | None = None) -> dict[str, tuple[str, str]]:
    status = status_of(before or SuppressionPolicyStatus(), of, None)
    return {each.type: (each.status.value, each.reason) for each in status.conditions}


DENIED = AccessDenied("no", service="securityhub", operation="BatchUpdateFindings", code="AccessDenied")
LATER = Retryable("later", service="securityhub", operation="BatchUpdateFindings", code="500")


@pytest.mark.parametrize(
    ("of", "ready", "stalled"),
    [
        (case(how=progress()), ("True", "InEffect"), False),
        (case(), ("False", "Syncing"), False),
        (case(how=progress(over=True)), ("False", "TooManyMatches"), True),
        (case(how=progress(phase=Phase.FROZEN)), ("False", "TargetIncomplete"), True),
        (case(how=progress(forbidden=2)), ("False", "AccountsNotGranted"), True),
        (case(how=progress(full=(FindingId("a", "b"),))), ("False", "NoRoomForMark"), True),
        (case(how=progress(held=2)), ("False", "Writing"), False),
        (case(how=progress(held=2), frozen=True), ("False", "WritesFrozen"), False),
        (case(how=progress(), frozen=True), ("True", "InEffect"), False),
        (case(how=progress(refusals=(REFUSAL,))), ("False", "WritesRefused"), False),
        (case(how=progress(), error=DENIED), ("False", "AccessDenied"), True),
        (case(how=progress(), error=LATER), ("False", "AwsUnavailable"), False),
        (case(how=progress(), suspended=True), ("Unknown", "TargetSuspended"), False),
        (case(declared(suspend=True), progress()), ("Unknown", "Suspended"), False),
        (case(declared(mode="DryRun"), progress()), ("True", "DryRun"), False),
        (case(how=progress(matched=0), now=NOW + 8 * DAY), ("True", "MatchesNothing"), False),
        (case(declared(expiresAt="2026-11-01T00:00:00Z"), progress(marked=0)), ("False", "Expired"), True),
        (case(declared(expiresAt="2026-11-01T00:00:00Z"), progress()), ("False", "Expired"), False),
        (case(declared(expiresAt="2026-11-01T00:00:00Z")), ("False", "Expired"), False),
        (
            case(replace(declared(), trouble=Trouble("NotGranted", "no")), progress()),
            ("False", "NotGranted"),
            True,
        ),
        (
            case(declared(metadata={"deletionTimestamp": "2026-11-22T05:59:00Z"}), progress()),
            ("False", "Deleting"),
            False,
        ),
    ],
)
def test_ready_says_what_matters_most(of: Case, ready: tuple[str, str], stalled: bool) -> None:
    conditions = said(of)
    assert conditions["Ready"] == ready
    assert conditions["Stalled"][0] == str(stalled)
    assert (conditions["Reconciling"][0] == "True") == (ready[0] == "False" and not stalled)


def test_an_end_within_fourteen_days_is_said() -> None:
    for expires, soon in (("2026-12-06T05:59:00Z", True), ("2026-12-06T06:01:00Z", False)):
        status = status_of(SuppressionPolicyStatus(), case(declared(expiresAt=expires), progress()), None)
        condition = find_condition(status.conditions, "Ready")
        assert condition is not None
        assert ("expires soon" in condition.message) is soon


def test_a_review_is_due_an_interval_after_the_last_one() -> None:
    due = {"interval": "168h"}
    assert said(case(declared(review=due), progress()))["ReviewDue"] == ("True", "ReviewDue")
    reviewed = declared(review={**due, "reviewedAt": "2026-11-20T00:00:00Z"})
    assert said(case(reviewed, progress()))["ReviewDue"] == ("False", "Reviewed")
    assert said(case(how=progress()))["ReviewDue"] == ("False", "NoReview")
    status = status_of(SuppressionPolicyStatus(), case(reviewed, progress()), None)
    assert status.review_due_time == datetime(2026, 11, 27, tzinfo=UTC)


def test_a_moment_that_no_calendar_has_keeps_nothing_from_being_said() -> None:
    late = declared(review={"interval": "168h", "reviewedAt": "9999-12-31T00:00:00Z"})
    assert said(case(late, progress()))["ReviewDue"] == ("False", "Reviewed")
    status = status_of(SuppressionPolicyStatus(), case(late, progress()), None)
    assert status.to_api()["reviewDueTime"] == "9999-12-31T23:59:59Z"


def test_what_is_not_known_stays_as_it_was_told() -> None:
    first = status_of(SuppressionPolicyStatus(), case(how=progress(drift=2, refusals=(REFUSAL,))), "run-1")
    assert (first.matched, first.suppressed, first.drift, first.failed) == (3, 3, 2, 1)
    assert first.effect is not None
    assert (first.effect.score, first.effect.score_without) == (90.0, 80.0)
    assert [each.reason for each in first.failures] == ["InvalidInput"]
    assert said(case(how=progress(drift=2)))["Drifted"] == ("True", "SuppressionsUndone")
    later = status_of(first, case(), "run-1")
    assert (later.matched, later.failures, later.last_handled_request) == (3, first.failures, "run-1")
    assert said(case(), first)["Drifted"] == ("Unknown", "Syncing")


def test_the_last_match_is_told_to_the_hour_and_outlives_what_it_matched() -> None:
    first = status_of(SuppressionPolicyStatus(), case(how=progress()), None)
    assert first.last_matched_time == datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    soon = replace(progress(), at=NOW + DAY // 48)
    assert status_of(first, case(how=soon), None).last_matched_time == first.last_matched_time
    nothing = replace(progress(matched=0), at=NOW + DAY)
    assert status_of(first, case(how=nothing), None).last_matched_time == first.last_matched_time


def test_a_policy_that_matches_nothing_says_so_at_once() -> None:
    of = declared(metadata={"creationTimestamp": "2026-11-21T00:00:00Z"})
    status = status_of(SuppressionPolicyStatus(), case(of, progress(matched=0, suppressed=0)), None)
    ready = find_condition(status.conditions, "Ready")
    assert ready is not None
    assert (ready.reason, ready.message.split(";")[0]) == ("InEffect", "No finding matches now")

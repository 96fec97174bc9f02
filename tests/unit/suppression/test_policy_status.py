"""What a policy says of itself, case by case."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from posture.api.conditions import Trouble, find_condition
from posture.api.suppression_policy import SuppressionPolicyStatus
from posture.aws.client.errors import AccessDenied, Retryable
from posture.domain.exceptions.policy import Phase
from posture.domain.findings import FindingId
from posture.suppression.conditions import PolicyCase
from posture.suppression.status import policy_status
from tests.support.policies import DAY, NOW, REFUSAL, case, declared, progress


def said(of: PolicyCase, before: SuppressionPolicyStatus | None = None) -> dict[str, tuple[str, str]]:
    status = policy_status(before or SuppressionPolicyStatus(), of, None)
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
def test_ready_says_what_matters_most(of: PolicyCase, ready: tuple[str, str], stalled: bool) -> None:
    conditions = said(of)
    assert conditions["Ready"] == ready
    assert conditions["Stalled"][0] == str(stalled)
    assert (conditions["Reconciling"][0] == "True") == (ready[0] == "False" and not stalled)


def test_an_end_within_fourteen_days_is_said() -> None:
    for expires, soon in (("2026-12-06T05:59:00Z", True), ("2026-12-06T06:01:00Z", False)):
        status = policy_status(SuppressionPolicyStatus(), case(declared(expiresAt=expires), progress()), None)
        condition = find_condition(status.conditions, "Ready")
        assert condition is not None
        assert ("expires soon" in condition.message) is soon


def test_a_review_is_due_an_interval_after_the_last_one() -> None:
    due = {"interval": "168h"}
    assert said(case(declared(review=due), progress()))["ReviewDue"] == ("True", "ReviewDue")
    reviewed = declared(review={**due, "reviewedAt": "2026-11-20T00:00:00Z"})
    assert said(case(reviewed, progress()))["ReviewDue"] == ("False", "Reviewed")
    assert said(case(how=progress()))["ReviewDue"] == ("False", "NoReview")
    status = policy_status(SuppressionPolicyStatus(), case(reviewed, progress()), None)
    assert status.review_due_time == datetime(2026, 11, 27, tzinfo=UTC)


def test_a_moment_that_no_calendar_has_keeps_nothing_from_being_said() -> None:
    late = declared(review={"interval": "168h", "reviewedAt": "9999-12-31T00:00:00Z"})
    assert said(case(late, progress()))["ReviewDue"] == ("False", "Reviewed")
    status = policy_status(SuppressionPolicyStatus(), case(late, progress()), None)
    assert status.to_api()["reviewDueTime"] == "9999-12-31T23:59:59Z"


def test_what_is_not_known_stays_as_it_was_told() -> None:
    first = policy_status(
        SuppressionPolicyStatus(), case(how=progress(drift=2, refusals=(REFUSAL,))), "run-1"
    )
    assert (first.matched, first.suppressed, first.drift, first.failed) == (3, 3, 2, 1)
    assert first.effect is not None
    assert (first.effect.score, first.effect.score_without) == (90.0, 80.0)
    assert [each.reason for each in first.failures] == ["InvalidInput"]
    assert said(case(how=progress(drift=2)))["Drifted"] == ("True", "SuppressionsUndone")
    later = policy_status(first, case(), "run-1")
    assert (later.matched, later.failures, later.last_handled_request) == (3, first.failures, "run-1")
    assert said(case(), first)["Drifted"] == ("Unknown", "Syncing")


def test_the_last_match_is_told_to_the_hour_and_outlives_what_it_matched() -> None:
    first = policy_status(SuppressionPolicyStatus(), case(how=progress()), None)
    assert first.last_matched_time == datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    soon = replace(progress(), at=NOW + DAY // 48)
    assert policy_status(first, case(how=soon), None).last_matched_time == first.last_matched_time
    nothing = replace(progress(matched=0), at=NOW + DAY)
    assert policy_status(first, case(how=nothing), None).last_matched_time == first.last_matched_time


def test_a_policy_that_matches_nothing_says_so_at_once() -> None:
    of = declared(metadata={"creationTimestamp": "2026-11-21T00:00:00Z"})
    status = policy_status(SuppressionPolicyStatus(), case(of, progress(matched=0, suppressed=0)), None)
    ready = find_condition(status.conditions, "Ready")
    assert ready is not None
    assert (ready.reason, ready.message.split(";")[0]) == ("InEffect", "No finding matches now")

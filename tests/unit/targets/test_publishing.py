"""How publishing goes, as a target's status and its condition Published say it."""

from datetime import UTC, datetime, timedelta

import pytest

from posture.api.conditions import ConditionStatus, Trouble, find_condition, set_condition
from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import PUBLISHED, SCORE_CURRENT, PostureTargetStatus
from posture.domain.scoring.scores import Score
from posture.publish.reports import RestoredScores, Shown
from posture.publish.sink import Delivery
from posture.reconcile.access import Admitted
from posture.targets.publishing import current_until, publication_of, with_published
from tests.support.published import evaluation
from tests.support.rows import FSBP, GUARDDUTY, S3_1
from tests.support.running_target import KEY, TARGET

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
INTERVAL = timedelta(minutes=5)


def said(*deliveries: Delivery, before: PostureTargetStatus | None = None) -> PostureTargetStatus:
    names = [each.output for each in deliveries]
    return with_published(before or PostureTargetStatus(), names, deliveries, NOW)


def condition(status: PostureTargetStatus) -> tuple[str, str, str]:
    found = find_condition(status.conditions, PUBLISHED)
    assert found is not None
    return found.status.value, found.reason, found.message


def test_who_publishes_nowhere_is_told_nothing() -> None:
    before = said(Delivery("a", 1_000_000, 0))
    assert find_condition(before.conditions, PUBLISHED)
    after = with_published(before, [], [], NOW)
    assert (after.published, find_condition(after.conditions, PUBLISHED)) == ((), None)
    assert with_published(after, [], [], NOW) is after


def test_what_goes_is_true_and_the_same_status_stays_as_it_is() -> None:
    status = said(Delivery("a", SECONDS * 1_000_000, 0, note="3 metrics are left out."))
    assert condition(status)[:2] == ("True", "Published")
    assert "a: 3 metrics are left out." in condition(status)[2]
    assert status.published[0].to_api() == {
        "output": "a",
        "lastSuccessTime": "2026-11-30T12:00:00Z",
        "queued": 0,
    }
    assert (
        said(Delivery("a", SECONDS * 1_000_000, 0, note="3 metrics are left out."), before=status) is status
    )


def test_one_output_that_does_not_go_makes_it_false_and_says_which() -> None:
    trouble = Trouble("AccessDenied", "Allow cloudwatch:PutMetricData.")
    status = said(Delivery("a", 5_000_000, 0), Delivery("b", 5_000_000, 9, trouble))
    assert condition(status) == ("False", "AccessDenied", "b: Allow cloudwatch:PutMetricData.")
    assert [(each.output, each.queued, each.reason) for each in status.published] == [
        ("a", 0, None),
        ("b", 9, "AccessDenied"),
    ]


def test_nothing_sent_yet_is_unknown() -> None:
    status = said(Delivery("a", 5_000_000, 0), Delivery("b", None, 0))
    assert condition(status)[:2] == ("Unknown", "NothingSent")
    assert "to b:" in condition(status)[2]


def test_the_last_success_outlives_the_replica_that_had_it() -> None:
    before = said(Delivery("a", SECONDS * 1_000_000, 0))
    after = said(Delivery("a", None, 4), before=before)
    assert after.published[0].last_success_time == NOW
    assert condition(after)[0] == "True"


def test_a_success_is_never_still_to_come() -> None:
    """CloudWatch's clock and Security Hub's may differ by a second."""
    status = said(Delivery("a", (SECONDS + 2) * 1_000_000, 0))
    assert status.published[0].last_success_time == NOW


@pytest.mark.parametrize(
    ("status", "until"), [("True", 100_000_000 + 600_000_000), ("False", 0), ("Unknown", 0), (None, 0)]
)
def test_a_score_is_current_for_two_intervals_and_as_long_as_its_condition_says(
    status: str | None, until: int
) -> None:
    target = PostureTargetStatus()
    if status is not None:
        conditions = set_condition((), SCORE_CURRENT, ConditionStatus(status), "Exact", "", NOW, 1)
        target = target.model_copy(update={"conditions": conditions})
    shown = Shown((), "scope", evaluation(1), 100_000_000)
    assert current_until(target, shown, INTERVAL) == until
    assert current_until(target, RestoredScores("score_ratio", Score(1, 2), {}, {}, 5), INTERVAL) == 0
    assert current_until(target, None, INTERVAL) == 0


@pytest.mark.parametrize(
    ("status", "numbers"),
    [
        ({"standards": [1, 2], "workloads": [1], "workloadsOmitted": 40}, (2, 41)),
        ({}, (0, 0)),
        ({"standards": "x", "workloads": None, "workloadsOmitted": "y"}, (0, 0)),
        ("nonsense", (0, 0)),
    ],
)
def test_what_a_target_has_to_publish_is_read_from_whatever_its_status_is(
    status: object, numbers: tuple[int, int]
) -> None:
    document = {**TARGET, "spec": {**TARGET["spec"], "publish": [{"output": "a"}]}, "status": status}
    admitted = Admitted(parse(PostureTarget, {**document, "status": {}}), KEY, ("*",))
    found = publication_of(document, admitted)
    assert found[:-1] == ("u", "ns", "t", ("a",), *numbers, KEY)


def test_what_is_published_of_a_target_is_within_its_grant_its_accounts_and_its_standards() -> None:
    source = {"securityStandards": {"standards": [FSBP]}}
    products = ["Security Hub", "GuardDuty"]
    document = {**TARGET, "spec": {**TARGET["spec"], "source": source, "products": products}}
    scope = publication_of(document, Admitted(parse(PostureTarget, document), KEY, ("1111*",))).scope
    assert scope is not None
    assert scope.sees(S3_1, "111122223333")
    assert not scope.sees(S3_1, "444455556666")
    assert not scope.sees(S3_1._replace(standards=("another/v/1",)), "111122223333")
    assert scope.sees(GUARDDUTY, "111122223333")
    assert not scope.sees(GUARDDUTY, "444455556666")
    assert not scope.sees(GUARDDUTY._replace(product="Inspector"), "111122223333")
    # Whoever imports findings under the name of Security Hub is not Security Hub.
    assert not scope.sees(GUARDDUTY._replace(product="Security Hub"), "111122223333")

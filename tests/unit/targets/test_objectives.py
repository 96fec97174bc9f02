"""What is aimed at, in a target's status: what is overdue, and conditions that are never silent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posture.api.conditions import Condition, ConditionStatus, find_condition, set_condition
from posture.api.reasons.words import Named
from posture.api.targets.aims import Objectives
from posture.api.targets.status import PostureTargetStatus
from posture.domain.findings import Compliance, FailingSince, Severity
from posture.domain.objectives.failed import ResolveLimits
from posture.domain.objectives.overdue import Overdue, OverdueKey
from posture.domain.objectives.worst import ControlKey, FailedControls, WorstControl
from posture.domain.standards import ControlAssociation, Controls, Standard
from posture.domain.time import DAY, HOUR
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.families import FINDINGS_OVERDUE
from posture.publish.prometheus.sink import PrometheusSink
from posture.publish.prometheus.target_samples import overdue_samples
from posture.publish.reports import Shown, TargetHub, TargetReport
from posture.sources.failed_cache import FailedLimits
from posture.targets.objectives import overdue_fields, with_objectives, worst_fields
from tests.support.rows import FSBP, GUARDDUTY, finding
from tests.support.target_status import evaluation

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WITHIN = Objectives.model_validate({"resolveWithin": {"critical": "24h"}})
CONTROLS = Controls({FSBP: Standard(FSBP, "arn", {"S3.1": ControlAssociation("S3.1", enabled=True)})})
FOLLOWED = FailedLimits(30 * HOUR, ResolveLimits(critical=DAY, low=HOUR))
COUNTS = {
    OverdueKey("GuardDuty", "1", Severity.LOW): 1,
    OverdueKey("Security Hub", "1", Severity.CRITICAL): 2,
    OverdueKey("Security Hub", "2", Severity.CRITICAL): 3,
}


def shown(counts: dict[OverdueKey, int], unknown: int = 0, **fields: Any) -> Shown:
    found = evaluation([[Compliance.FAILED]])
    return Shown((), "", found, 0, overdue=Overdue(counts, unknown, ()), followed=FOLLOWED, **fields)


def told(
    objectives: Objectives, status: PostureTargetStatus, of: Shown | None = None, *, followed: bool = True
) -> dict[str, str]:
    after = with_objectives(status, objectives, NOW, shown=of, followed=followed)
    return {each.type: f"{each.status.value}/{each.reason}" for each in after.conditions}


def status(of: Shown | None = None, *, current: Named = "Exact") -> PostureTargetStatus:
    holds = ConditionStatus.of(current == "Exact")
    conditions = set_condition((), "ScoreCurrent", holds, current, "", NOW, 1)
    fields = {} if of is None else overdue_fields(of, CONTROLS)
    return PostureTargetStatus(conditions=conditions, observed_generation=1, **fields)


@pytest.mark.parametrize(
    ("counts", "said"),
    [({}, "False/WithinTime"), (COUNTS, "True/FindingsOverdue")],
)
def test_the_condition_follows_what_is_counted(counts: dict[OverdueKey, int], said: str) -> None:
    assert told(WITHIN, status(shown(counts)), shown(counts))["Overdue"] == said


def test_what_is_not_known_is_never_passed_off_as_nothing() -> None:
    """A condition that is asked for and absent would be taken for good news."""
    assert told(WITHIN, status(current="Syncing"))["Overdue"] == "Unknown/Syncing"
    assert told(WITHIN, status())["Overdue"] == "Unknown/Counting"
    assert told(WITHIN, status(), followed=False)["Overdue"] == "Unknown/TooManyObjectives"
    untold = shown({}, 3)
    assert status(untold).overdue is None
    assert told(WITHIN, status(untold), untold)["Overdue"] == "Unknown/SinceUnknown"
    assert overdue_samples("ns", "t", Overdue(COUNTS, 3, ())) == {}


def test_without_a_time_there_is_neither_a_number_nor_a_condition() -> None:
    before = with_objectives(status(shown(COUNTS)), WITHIN, NOW)
    after = with_objectives(before, Objectives(), NOW)
    assert (after.overdue, after.overdue_findings) == (None, ())
    assert find_condition(after.conditions, "Overdue") is None
    trend = Objectives.model_validate({"trend": {"window": "336h", "maxDrop": 2}})
    assert told(trend, before).keys() == {"ScoreCurrent", "Declining"}


def test_the_condition_keeps_its_time_until_it_turns() -> None:
    first = with_objectives(status(shown(COUNTS)), WITHIN, NOW)
    again = with_objectives(first, WITHIN, NOW + timedelta(days=1))
    assert _overdue(again).last_transition_time == NOW
    resolved = again.model_copy(update=overdue_fields(shown({}), CONTROLS))
    later = NOW + timedelta(days=2)
    assert _overdue(with_objectives(resolved, WITHIN, later)).last_transition_time == later


def _overdue(of: PostureTargetStatus) -> Condition:
    found = find_condition(of.conditions, "Overdue")
    assert found is not None
    return found


def test_the_status_counts_by_severity_and_names_those_that_are_over_the_longest() -> None:
    since = 1_700_000_000_000_000
    late = (
        finding(1, severity=Severity.CRITICAL, failing=FailingSince(since, since)),
        finding(
            "g" * 2_000,
            check=GUARDDUTY,
            severity=Severity.LOW,
            failing=FailingSince(since, since),
            resources=(),
        ),
    )
    fields = PostureTargetStatus(**overdue_fields(shown(COUNTS, late=late), CONTROLS)).to_api()
    assert fields["overdue"] == {"critical": 5, "high": 0, "medium": 0, "low": 1, "total": 6}
    first, second = fields["overdueFindings"]
    assert first == {
        "id": late[0].id,
        "control": "S3.1",
        "title": late[0].title,
        "severity": "CRITICAL",
        "account": late[0].account_id,
        "region": "eu-west-1",
        "resource": "arn:aws:s3:::bucket-1",
        "since": "2023-11-14T22:13:20Z",
        "due": "2023-11-15T22:13:20Z",
    }
    assert second.keys().isdisjoint({"control", "resource"})
    assert second["due"] == "2023-11-14T23:13:20Z"


def test_the_samples_are_by_product_account_and_severity() -> None:
    samples = overdue_samples("ns", "t", Overdue(COUNTS, 0, ()))
    assert dict(samples[FINDINGS_OVERDUE]) == {
        ("ns", "t", "GuardDuty", "1", "low"): 1,
        ("ns", "t", "Security Hub", "1", "critical"): 2,
        ("ns", "t", "Security Hub", "2", "critical"): 3,
    }


WORST = FailedControls(
    (
        WorstControl("S3.1", Severity.CRITICAL, 3, 2, 1_700_000_000_000_000, (0, 0, 0)),
        WorstControl("IAM.1", Severity.LOW, 9, 1, None, (1, 0, 0)),
    ),
    {ControlKey(FSBP, "S3.1", Severity.CRITICAL): 3},
)


def test_the_status_names_the_worst_controls() -> None:
    fields = worst_fields(shown({})._replace(failed=WORST, titles=("Buckets", "")))
    assert PostureTargetStatus(**fields).to_api()["worstControls"] == [
        {
            "control": "S3.1",
            "title": "Buckets",
            "severity": "CRITICAL",
            "failed": 3,
            "accounts": 2,
            "oldest": "2023-11-14T22:13:20Z",
        },
        {"control": "IAM.1", "severity": "LOW", "failed": 9, "accounts": 1},
    ]
    assert worst_fields(shown({})) == {"worst_controls": ()}


async def test_failed_findings_by_control_are_published_on_request_only() -> None:
    exposition = Exposition()
    sink = PrometheusSink(exposition)
    scores = shown(COUNTS)._replace(failed=WORST)
    hub = TargetHub("posture-hub-1", "111122223333", "eu-west-1", "SecurityHub")
    report = TargetReport("ns", "t", {}, None, scores, per_control=False, hub=hub)
    await sink.show_target("uid", report, lambda: 1.0)
    page = exposition.page().plain.decode()
    assert "posture_control_failed_findings" not in page
    assert (
        'posture_target_info{account_id="111122223333",hub="posture-hub-1",method="SecurityHub",'
        'namespace="ns",region="eu-west-1",target="t"} 1.0'
    ) in page
    await sink.show_target("uid", report._replace(per_control=True), lambda: 1.0)
    page = exposition.page().plain.decode()
    series = (
        f'posture_control_failed_findings{{control="S3.1",namespace="ns",severity="critical",standard="{FSBP}",'
        'target="t"} 3.0'
    )
    assert series in page

"""A status of each kind in which everything is written."""

from datetime import UTC, datetime

from posture.api.conditions import Condition, ConditionStatus, ready, set_condition
from posture.api.reasons.words import ConditionType, ReasonWord
from posture.api.remediation import COMPLETE, Remediation, RemediationStatus
from posture.api.remediation_rule import PlanEntry, PlanTotal, RemediationRule, RemediationRuleStatus
from posture.api.resource import CustomResource, Status
from posture.api.suppression_policy import (
    DisabledControl,
    Effect,
    SuppressionFailure,
    SuppressionPolicy,
    SuppressionPolicyStatus,
)
from posture.api.targets.counts import (
    AccountCounts,
    ControlCounts,
    FindingCounts,
    OverdueCounts,
    OverdueFinding,
    SeverityCounts,
    StandardScore,
    TrendPoint,
    TrendStatus,
    WorkloadScore,
    WorstControl,
)
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import (
    SCORE_CURRENT,
    EnabledStandard,
    FindingFormat,
    HubSummary,
    PostureTargetStatus,
    RejectedFinding,
    StandardStatus,
    SyncSummary,
)
from posture.api.types import SeverityLabel
from posture.domain.remediation.journal import State

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
FSBP = "aws-foundational-security-best-practices/v/1.0.0"


def _conditions(kind: ConditionType, status: ConditionStatus, reason: ReasonWord) -> tuple[Condition, ...]:
    conditions = ready((), "SecurityHubAnswers", "Security Hub answers", NOW, 1)
    return set_condition(conditions, kind, status, reason, "see the note", NOW, 1)


STATUSES: dict[type[CustomResource], Status] = {
    PostureTarget: PostureTargetStatus(
        observed_generation=1,
        last_handled_request="now",
        conditions=_conditions(SCORE_CURRENT, ConditionStatus.FALSE, "Throttled"),
        score=69,
        passed=357,
        scored=515,
        score_time=NOW,
        unsuppressed_score=60,
        controls=ControlCounts(passed=357, failed=150, unknown=8, no_data=20, disabled=4),
        standards=(
            StandardScore(standard=FSBP, score=69, passed=9, scored=13),
            StandardScore(standard="pci-dss/v/3.2.1", passed=0, scored=0),
        ),
        standards_omitted=0,
        workloads=(
            WorkloadScore(workload="pay", environment="prod", standard=FSBP, score=50, passed=1, scored=2),
            WorkloadScore(workload="pay", environment="", standard=FSBP, passed=0, scored=0),
        ),
        workloads_omitted=3,
        findings=FindingCounts(
            failed=SeverityCounts(critical=2, high=3, medium=4, low=2, informational=1, total=12),
            warning=1,
            not_available=2,
            passed=900,
            suppressed=7,
            disabled=8,
            stale=9,
        ),
        overdue=OverdueCounts(critical=1, high=2, medium=0, low=0, total=3),
        overdue_findings=(
            OverdueFinding(
                id="x",
                control="S3.1",
                title="t",
                severity=SeverityLabel.CRITICAL,
                account="111122223333",
                region="eu-west-1",
                resource="arn:aws:s3:::bucket",
                since=NOW,
                due=NOW,
            ),
        ),
        worst_controls=(
            WorstControl(
                control="S3.1", title="t", severity=SeverityLabel.HIGH, failed=3, accounts=2, oldest=NOW
            ),
        ),
        trend=TrendStatus(
            window="336h",
            score=71.5,
            from_=NOW,
            drop=2.5,
            max_drop=2,
            points=(TrendPoint(time=NOW, passed=143, scored=200),),
        ),
        accounts=AccountCounts(
            reporting=21, silent=1, excluded=2, unmatched=1, unmatched_ids=("111122223333",)
        ),
        sync=SyncSummary(
            last_success_time=NOW,
            last_full_time=NOW,
            next_time=NOW,
            findings=1000,
            changed=5,
            calls=12,
            duration_seconds=1.5,
            progress_percent=100,
            rejected=1,
            rejected_findings=(RejectedFinding(id="x", reason="UpdatedAt is no time"),),
        ),
        hub=HubSummary(
            account="111122223333",
            region="eu-west-1",
            administrator="111122223333",
            aggregation_region="eu-west-1",
            finding_format=FindingFormat.SECURITY_CONTROL,
            standards=(
                EnabledStandard(standard=FSBP, controls=320, enabled_controls=300),
                EnabledStandard(standard="pci-dss/v/3.2.1", status=StandardStatus.PENDING),
            ),
            standards_omitted=1,
        ),
    ),
    SuppressionPolicy: SuppressionPolicyStatus(
        observed_generation=1,
        conditions=_conditions("ReviewDue", ConditionStatus.FALSE, "Reviewed"),
        matched=12,
        suppressed=10,
        pending=1,
        failed=1,
        drift=0,
        would_suppress=2,
        would_reopen=3,
        effect=Effect(score=69.2, score_without=68.9),
        last_matched_time=NOW,
        review_due_time=NOW.replace(day=29),
        failures=(SuppressionFailure(id="x", reason="ConcurrentUpdateError"),),
        disabled_controls=(
            DisabledControl(
                standard=FSBP,
                control="S3.1",
                region="eu-west-1",
                status="Failed",
                accounts=("111122223333", "222233334444"),
            ),
            DisabledControl(
                standard=FSBP, control="S3.1", region="eu-west-1", status="Passed", accounts=("333344445555",)
            ),
        ),
    ),
    RemediationRule: RemediationRuleStatus(
        observed_generation=1,
        conditions=_conditions("CapReached", ConditionStatus.FALSE, "WithinLimits"),
        candidates=9,
        pending=1,
        succeeded=2,
        failed=3,
        skipped=4,
        plan=(
            PlanEntry(
                finding_id="f", resource_id="r1", decision="Remediate", reason="Due", plan_hash="f" * 16
            ),
            PlanEntry(finding_id="f", resource_id="r2", decision="Skip", reason="OptedOut"),
        ),
        plan_totals=(PlanTotal(decision="Skip", reason="OptedOut", count=4),),
    ),
    Remediation: RemediationStatus(
        observed_generation=1,
        conditions=_conditions(COMPLETE, ConditionStatus.TRUE, State.SUCCEEDED),
        before={"BlockPublicAcls": False, "list": [1, None, {"deep": None}], "ratio": 0.5, "none": None},
        after={"BlockPublicAcls": True},
        started_at=NOW,
        finished_at=NOW,
        attempts=1,
    ),
}

"""What a target aims at in its status: what is overdue, what to fix first, and the conditions."""

from datetime import datetime
from typing import Any, cast

from posture.api.conditions import ConditionStatus, find_condition, set_condition, without_condition
from posture.api.reasons.words import ConditionType, ReasonWord
from posture.api.targets.aims import Objectives
from posture.api.targets.counts import OverdueCounts, OverdueFinding, WorstControl
from posture.api.targets.status import DECLINING, MAX_OVERDUE, OVERDUE, SCORE_CURRENT, PostureTargetStatus
from posture.api.types import SeverityLabel
from posture.domain.findings import Finding, Severity
from posture.domain.objectives.trend import Trend
from posture.domain.standards import Controls
from posture.domain.text import counted
from posture.domain.time import datetime_of
from posture.publish.reports import Shown
from posture.targets.conditions import Message
from posture.targets.trend import declining

_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
NOT_COUNTED: dict[str, Any] = {"overdue": None, "overdue_findings": ()}


def overdue_fields(shown: Shown, controls: Controls) -> dict[str, Any]:
    """Return the status fields of what is overdue, as keyword arguments of `PostureTargetStatus`."""
    found = shown.overdue
    if found is None or shown.followed is None or found.unknown:
        return NOT_COUNTED
    sums = found.by_severity()
    named = ("critical", "high", "medium", "low")
    return {
        "overdue": OverdueCounts(
            **{name: sums[Severity[name.upper()]] for name in named}, total=sum(sums.values())
        ),
        "overdue_findings": tuple(
            _named(each, limit, controls)
            for each in shown.late[:MAX_OVERDUE]
            if (limit := shown.followed.limits[each.severity]) is not None
        ),
    }


def worst_fields(shown: Shown) -> dict[str, Any]:
    """Return the status field of the worst controls, as keyword arguments of `PostureTargetStatus`."""
    found = () if shown.failed is None else shown.failed.worst
    titles = (*shown.titles, *("" for _ in found))
    return {
        "worst_controls": tuple(
            WorstControl(
                control=each.control,
                title=title or None,
                severity=SeverityLabel[each.severity.name],
                failed=each.failed,
                accounts=each.accounts,
                oldest=None if each.oldest is None else datetime_of(each.oldest),
            )
            for each, title in zip(found, titles, strict=False)
        )
    }


def _named(finding: Finding, limit: int, controls: Controls) -> OverdueFinding:
    since = 0 if finding.failing is None else finding.failing.since
    pairs = controls.pairs_of(finding.check)
    control = controls.spelled(pairs[0][1]) if pairs else finding.check.control
    return OverdueFinding(
        id=finding.id,
        control=control or None,
        title=finding.title,
        severity=finding.severity.name,
        account=finding.account_id,
        region=finding.region,
        resource=finding.resources[0].id if finding.resources else None,
        since=datetime_of(since),
        due=datetime_of(since + limit),
    )


def with_objectives(
    status: PostureTargetStatus,
    objectives: Objectives,
    now: datetime,
    *,
    shown: Shown | None = None,
    followed: bool = True,
    trend: Trend | None = None,
) -> PostureTargetStatus:
    """Return the status with the conditions of the objectives asked for, and no others.

    `shown`: the evaluation that the status tells of. `followed`: whether the hub counts what is overdue.
    `trend`: of the score that the status tells.
    """
    if objectives.resolve_within is None:
        status = status.model_copy(update=NOT_COUNTED)
    conditions, generation = status.conditions, status.observed_generation
    told: dict[ConditionType, Message | None] = {
        DECLINING: declining(status, trend, objectives.trend) if objectives.trend else None,
        OVERDUE: _overdue(status, shown, followed=followed) if objectives.resolve_within else None,
    }
    for kind, said in told.items():
        if said is None:
            conditions = without_condition(conditions, kind)
        else:
            conditions = set_condition(conditions, kind, *said, now, generation)
    if conditions == status.conditions:
        return status
    return status.model_copy(update={"conditions": conditions})


def _overdue(status: PostureTargetStatus, shown: Shown | None, *, followed: bool) -> Message:
    found = status.overdue
    if found is None:
        return _not_counted(status, shown, followed=followed)
    if not found.total:
        return Message(
            _FALSE, "WithinTime", "No finding fails for longer than spec.objectives.resolveWithin."
        )
    parts = [f"{n} {name}" for name in ("critical", "high", "medium", "low") if (n := getattr(found, name))]
    failing, those = ("finding fails", "it") if found.total == 1 else ("findings fail", "those longest over")
    return Message(
        _TRUE,
        "FindingsOverdue",
        f"{found.total} {failing} for longer than spec.objectives.resolveWithin allows ({', '.join(parts)})."
        f" status.overdueFindings names {those}.",
    )


def _not_counted(status: PostureTargetStatus, shown: Shown | None, *, followed: bool) -> Message:
    if not followed:
        return Message(
            _UNKNOWN,
            "TooManyObjectives",
            "Targets of this Security Hub have more different spec.objectives.resolveWithin (with"
            " spec.scoring.evaluationWindow) than are counted by: use the same ones.",
        )
    if shown is not None and shown.overdue is not None and shown.overdue.unknown:
        untold = counted(shown.overdue.unknown, "finding that fails", "findings that fail")
        return Message(
            _UNKNOWN,
            "SinceUnknown",
            f"Of {untold} it is not known since when, as an earlier version stored them: the next complete"
            " sweep tells.",
        )
    current = find_condition(status.conditions, SCORE_CURRENT)
    if current is not None and current.status is not _TRUE:
        return Message(
            _UNKNOWN, cast("ReasonWord", current.reason), "What is overdue is counted with the score."
        )
    return Message(_UNKNOWN, "Counting", "What is overdue is counted at the next poll.")

"""What a target shows of Security Hub's insights, and why of some it shows nothing.

What is not read any more is shown for a while (`posture.hubs.insights.BELIEVED`), and then not at all.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from posture.api.beside_score import MAX_VALUES, InsightCounts, InsightValue
from posture.api.conditions import ConditionStatus, set_condition, without_condition
from posture.api.reasons.words import ReasonWord
from posture.api.targets.status import INSIGHTS_READ, PostureTargetStatus
from posture.domain.insights import SeenAccounts, SeenInsight, seen_by
from posture.domain.time import datetime_of
from posture.hubs.hub import Hub
from posture.hubs.insights import InsightStatus
from posture.publish.reports import InsightReport
from posture.reconcile.access import Admitted, NotAdmitted
from posture.reconcile.scope import insight_arn
from posture.targets.conditions import Message

_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_READING: Final = "ReadingInsights"
_NOT_SEEN: Final = "OtherAccounts"
_ADVICE = (
    "It counts accounts that this target does not see, so nothing of it is told. Name one that counts by"
    ' account, as "27" does, or one whose filters name accounts of this target only; or let the grant and'
    " spec.accounts name all accounts"
)


class TargetInsight(NamedTuple):
    """An insight as a target shows it: `seen` where something current may be told, else why not."""

    insight: str
    """As in the spec."""
    seen: SeenInsight | None
    read_at: int
    """µs by AWS's clock; 0 where nothing was read."""
    reason: ReasonWord | None = None
    message: str = ""
    """What is wrong, and what to do: a sentence without its full stop."""


def insights_of(
    admitted: Admitted, known: Mapping[str, InsightStatus], now: int
) -> tuple[TargetInsight, ...]:
    """Return the insights of a target, in the order of its spec.

    `known`: by ARN, how each was read. `now`: µs by AWS's clock.
    """
    spec = admitted.target.spec
    accounts = SeenAccounts(admitted.accounts, spec.accounts.include, spec.accounts.exclude)
    return tuple(
        _told(each, known.get(insight_arn(each, admitted.hub.region), InsightStatus()), accounts, now)
        for each in spec.insights
    )


def _told(insight: str, status: InsightStatus, accounts: SeenAccounts, now: int) -> TargetInsight:
    error = status.error
    reason, message = (None, "") if error is None else (error.reason, str(error))
    results = status.believed(now)
    if results is None:
        return TargetInsight(insight, None, 0, reason or _READING, message or "It is being read")
    seen = seen_by(results, accounts)
    if seen is None:
        return TargetInsight(insight, None, 0, _NOT_SEEN, _ADVICE)
    return TargetInsight(insight, seen, status.read_at, reason, message)


def with_insights(
    status: PostureTargetStatus, admission: Admitted | NotAdmitted, hub: Hub | None
) -> PostureTargetStatus:
    """Return the status with the insights of a target and their condition; nothing else depends on them.

    There are none where it may not look at its hub.
    """
    insights: tuple[TargetInsight, ...] = ()
    conditions = without_condition(status.conditions, INSIGHTS_READ)
    if hub is not None and isinstance(admission, Admitted) and admission.target.spec.insights:
        now = hub.now()
        insights = insights_of(admission, hub.status.insights, now)
        said = _condition(insights, suspended=admission.target.spec.suspend)
        conditions = set_condition(
            status.conditions, INSIGHTS_READ, *said, datetime_of(now), status.observed_generation
        )
    counts = tuple(map(_counts, insights))
    if (conditions, counts) == (status.conditions, status.insights):
        return status
    return status.model_copy(update={"conditions": conditions, "insights": counts})


def insight_reports(status: PostureTargetStatus) -> tuple[InsightReport, ...]:
    """Return what a status tells of insights, as outputs are told it."""
    return tuple(
        InsightReport(each.insight, each.name or "", each.values, each.findings or 0)
        for each in status.insights
        if each.values is not None
    )


def _counts(each: TargetInsight) -> InsightCounts:
    seen = each.seen
    if seen is None:
        return InsightCounts(insight=each.insight, reason=each.reason)
    return InsightCounts(
        insight=each.insight,
        name=seen.name,
        values=len(seen.values),
        at_least=seen.capped or None,
        findings=seen.findings,
        top=tuple(
            InsightValue(value=value, findings=findings) for value, findings in seen.values[:MAX_VALUES]
        ),
        read_time=datetime_of(each.read_at),
        reason=each.reason,
    )


def _condition(insights: tuple[TargetInsight, ...], *, suspended: bool) -> Message:
    if suspended:
        return Message(_UNKNOWN, "Suspended", "Insights are not read while spec.suspend is true.")
    wrong = [each for each in insights if each.reason not in (None, _READING)]
    if wrong:
        messages: dict[str, list[str]] = {}
        for each in wrong:
            messages.setdefault(each.message, []).append(each.insight)
        said = " ".join(f"{', '.join(names)}: {message}." for message, names in messages.items())
        kept = " What was read before is shown for two hours." if any(each.seen for each in wrong) else ""
        return Message(_FALSE, wrong[0].reason or _READING, said + kept)
    waiting = [each.insight for each in insights if each.reason is not None]
    if waiting:
        return Message(_UNKNOWN, _READING, f"Being read: {', '.join(waiting)}.")
    capped = [each.insight for each in insights if each.seen is not None and each.seen.capped]
    note = (
        f" Of {', '.join(capped)} as many values came as may come, 100: there may be more." if capped else ""
    )
    return Message(_TRUE, "Read", f"All insights of spec.insights are read every hour.{note}")

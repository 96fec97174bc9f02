"""The trend of a target's score: what its status tells, what is believed of it, and the condition."""

from collections.abc import Sequence
from typing import Any, cast

from posture.api.conditions import ConditionStatus, find_condition
from posture.api.reasons.words import ReasonWord
from posture.api.targets.aims import Trend as TrendObjective
from posture.api.targets.counts import MAX_POINTS, TrendPoint, TrendStatus
from posture.api.targets.kind import PostureTargetSpec
from posture.api.targets.status import SCORE_CURRENT, PostureTargetStatus
from posture.domain.objectives.trend import Point, Trend, daily, trend_of
from posture.domain.scoring.scores import Score
from posture.domain.time import SECOND, datetime_of, instant_of, microseconds, text_of
from posture.hubs.hub import Hub
from posture.publish.reports import RestoredScores, Shown
from posture.targets.conditions import Message
from posture.targets.history import ScoreHistory
from posture.targets.situation import headline_of

_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
NO_TREND: dict[str, Any] = {"trend": None}


def told_points(status: PostureTargetStatus) -> tuple[Point, ...]:
    """Return the points that a status tells, in order; the caller has taken off what is of another scope."""
    if status.trend is None:
        return ()
    return tuple(
        sorted(
            Point(instant_of(each.time) // SECOND * SECOND, Score(each.passed, each.scored))
            for each in status.trend.points
            if 0 <= each.passed <= each.scored and each.scored
        )
    )


def compared(
    points: Sequence[Point], exact_at: int, score: Score | None, objective: TrendObjective | None
) -> Trend | None:
    """Compare a score with the points before it; None where there is no score, no point or no objective."""
    if score is None or objective is None:
        return None
    return trend_of(points, exact_at, score, microseconds(objective.window))


async def trend_now(
    history: ScoreHistory,
    hub: Hub,
    spec: PostureTargetSpec,
    known: PostureTargetStatus,
    scores: Shown | RestoredScores | None,
) -> tuple[Trend | None, dict[str, Any]]:
    """Compare the score that is shown with those before; return the status field that tells it too.

    `known`: what is believed of the status. Raises StoreError.
    """
    if scores is None:
        return None, {}
    points, objective = told_points(known), spec.objectives.trend
    score = headline_of(scores, spec.scoring.method)
    if isinstance(scores, Shown) and score is not None:
        window = microseconds(objective.window) if objective else 0
        points = await history.follow(hub, scores.scope, points, scores.exact_at, score, window)
    trend = compared(points, scores.exact_at, score, objective)
    return trend, trend_fields(trend, points, scores.exact_at, objective)


def trend_fields(
    trend: Trend | None, points: Sequence[Point], exact_at: int, objective: TrendObjective | None
) -> dict[str, Any]:
    """Return the status field of a trend, as keyword arguments of `PostureTargetStatus`.

    Without a score that there could be a trend of its points are kept all the same.
    """
    if objective is None:
        return NO_TREND
    kept = daily(points, exact_at, microseconds(objective.window))[-MAX_POINTS:]
    return {
        "trend": TrendStatus(
            window=str(objective.window),
            score=None if trend is None else _percent(trend.then.score),
            from_=None if trend is None else datetime_of(trend.then.at),
            drop=None if trend is None else round(float(trend.drop * 100), 2),
            max_drop=objective.max_drop,
            points=tuple(
                TrendPoint(time=datetime_of(point.at), passed=point.score.passed, scored=point.score.scored)
                for point in kept
            ),
        )
    }


def declining(status: PostureTargetStatus, trend: Trend | None, objective: TrendObjective) -> Message:
    """Say whether the score has fallen too far; `trend`: of the score that the status tells."""
    if trend is None or status.score_time is None:
        current = find_condition(status.conditions, SCORE_CURRENT)
        reason = (
            cast("ReasonWord", current.reason)
            if current is not None and current.status is not _TRUE
            else "NoScore"
        )
        return Message(_UNKNOWN, reason, "There is no score yet that could be compared with an earlier one.")
    since = f"since {text_of(trend.then.at)}, when it was {_percent(trend.then.score):g} %"
    if trend.then.at > instant_of(status.score_time) - microseconds(objective.window):
        since = f"{since}: points of the score go back no further"
    if not trend.drop:
        return Message(_FALSE, "WithinMaxDrop", f"The score has not fallen {since}.")
    fell = f"The score has fallen by {float(trend.drop * 100):.2f} points of percent {since}."
    if not trend.exceeds(objective.max_drop):
        return Message(_FALSE, "WithinMaxDrop", fell)
    return Message(_TRUE, "ScoreFell", f"{fell} spec.objectives.trend.maxDrop is {objective.max_drop:g}.")


def _percent(score: Score) -> float:
    return round(100 * score.ratio, 2)

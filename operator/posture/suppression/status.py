"""The status of a SuppressionPolicy, from what is declared and how far it is."""

from typing import Any

from posture.api.suppression_policy import (
    MAX_FAILURES,
    Effect,
    SuppressionPolicyStatus,
)
from posture.domain.exceptions.policy import review_due_at
from posture.domain.scoring.scores import Score
from posture.domain.time import HOUR, datetime_of, instant_of
from posture.suppression.conditions import PolicyCase, PolicyProgress, conditions_of

_MATCHED_EVERY = HOUR


def policy_status(
    before: SuppressionPolicyStatus, case: PolicyCase, handled: str | None
) -> SuppressionPolicyStatus:
    """Return the status of a policy; `handled`: the last request whose run has ended.

    What is not known, because the hub is not exact yet, stays as it was told before.
    """
    generation = int(case.declared.document["metadata"]["generation"])
    last_matched = _last_matched(before, case)
    case = case._replace(last_matched=last_matched)
    due_at = review_due_at(case.declared.terms) if case.declared.terms else None
    fields: dict[str, Any] = {
        "observed_generation": generation,
        "last_handled_request": handled,
        "last_matched_time": None if last_matched is None else datetime_of(last_matched),
        "review_due_time": None if due_at is None else datetime_of(due_at),
        "conditions": conditions_of(before.conditions, case, generation),
    }
    if case.progress is not None:
        fields |= _counts(case.progress)
    return before.model_copy(update=fields)


def _counts(progress: PolicyProgress) -> dict[str, Any]:
    outcome, effect, failures = progress.outcome, progress.effect, progress.failures()
    return {
        "matched": outcome.matched,
        "suppressed": outcome.suppressed,
        "pending": progress.pending,
        "failed": len(failures),
        "drift": outcome.drift,
        "would_suppress": outcome.would_suppress,
        "would_reopen": outcome.would_reopen,
        "effect": effect and Effect(score=_percent(effect.score), score_without=_percent(effect.without)),
        "failures": tuple({each.id: each for each in failures}.values())[:MAX_FAILURES],
        **progress.details(),
    }


def _last_matched(before: SuppressionPolicyStatus, case: PolicyCase) -> int | None:
    """Return when it last matched anything (µs), told to the hour: a status must not change at each poll."""
    known = None if before.last_matched_time is None else instant_of(before.last_matched_time)
    if case.progress is None or not case.progress.outcome.matched:
        return known
    at = case.progress.at
    return at if known is None or at - known >= _MATCHED_EVERY else known


def _percent(score: Score | None) -> float | None:
    return None if score is None else round(100 * score.ratio, 2)

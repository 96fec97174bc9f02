"""The conditions of a SuppressionPolicy, from what is declared and how far it is."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from posture.api.conditions import Condition, ConditionStatus, ready, reconciling, set_condition, stalled
from posture.api.suppression_policy import DRIFTED, EXPIRED, REVIEW_DUE
from posture.aws.errors import Terminal
from posture.domain.grants import Mode
from posture.domain.review import expires_soon, is_idle, is_review_due, review_due_at
from posture.domain.suppression import Phase, Terms, is_active
from posture.suppression.declared import Declared
from posture.suppression.owner import OwnerUnknown
from posture.suppression.standing import HubState, Progress

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Way = Callable[[Sequence[Condition], str, str, datetime, int | None], tuple[Condition, ...]]


class Case(NamedTuple):
    """All that the conditions follow from; `now` and `last_matched` in µs, `progress` None: not known yet."""

    declared: Declared
    progress: Progress | None
    hub: HubState
    last_matched: int | None
    now: int


class Said(NamedTuple):
    """What is to be said of readiness: in which way, why, and what to do."""

    way: _Way
    reason: str
    message: str


def conditions_of(
    before: Sequence[Condition], case: Case, generation: int, said: Said
) -> tuple[Condition, ...]:
    """Return the conditions of a policy; `said`: of its readiness."""
    moment = _time(case.now)
    conditions = said.way(before, said.reason, said.message, moment, generation)
    for kind, holds, reason, message in _others(case):
        status = ConditionStatus.of(holds)
        conditions = set_condition(conditions, kind, status, reason, message, moment, generation)
    return conditions


def readiness(case: Case) -> Said:
    """Say of a policy that suppresses findings what matters most."""
    declared = case.declared
    if declared.deleted_at is not None:
        return Said(reconciling, "Deleting", _left_to_do(case) or "What it suppressed is being reopened.")
    terms = declared.terms
    if terms is not None and not is_active(terms, case.now):
        return _expired(case, terms)
    if declared.trouble is not None:
        return Said(stalled, declared.trouble.reason, declared.trouble.message)
    if terms is not None and terms.suspended:
        return Said(
            unknown,
            "Suspended",
            f"Nothing is suppressed or reopened while spec.suspend is true.{_would(case)}",
        )
    if terms is not None and terms.mode is Mode.DRY_RUN:
        return Said(ready, "DryRun", f"Nothing is written while spec.mode is DryRun.{_would(case)}")
    if case.hub.suspended:
        return Said(unknown, "TargetSuspended", "Security Hub is not asked while its target is suspended.")
    if (error := case.hub.error) is not None:
        return Said(
            stalled if isinstance(error, Terminal | OwnerUnknown) else reconciling, error.reason, f"{error}."
        )
    if case.progress is None or terms is None:
        return Said(reconciling, "Syncing", "The findings of the target are not known exactly yet.")
    return _in_effect(case, case.progress, terms)


def _expired(case: Case, terms: Terms) -> Said:
    when = f"It expired at {text_of(terms.expires_at)}"
    if left := _left_to_do(case):
        return Said(reconciling, EXPIRED, f"{when}. {left}")
    return Said(
        stalled,
        EXPIRED,
        f"{when}, and nothing is suppressed by it any longer: delete it, or have a later end approved.",
    )


def _left_to_do(case: Case) -> str:
    """Say what still has to be let go of; empty where that is nothing."""
    if case.progress is None:
        return "What it suppressed is reopened as soon as the findings of its target are known exactly."
    marked = case.progress.outcome.marked
    if not marked:
        return ""
    why = "writes are frozen by the operator's configuration" if case.hub.frozen else _why_not(case)
    return f"{marked} findings are still to be let go of" + (f": {why}." if why else ".")


def _why_not(case: Case) -> str:
    if case.declared.trouble is not None:
        return case.declared.trouble.message.rstrip(".")
    if case.hub.error is not None:
        return str(case.hub.error)
    if case.progress is not None and case.progress.refusals:
        return _first_refusal(case.progress)
    return ""


def _in_effect(case: Case, progress: Progress, terms: Terms) -> Said:
    outcome = progress.outcome
    if outcome.phase is Phase.FROZEN:
        return Said(
            stalled,
            "TargetIncomplete",
            "Security Hub has not every standard that the target chose, or does not list them: see the"
            f" target's conditions. Nothing is suppressed or reopened meanwhile.{_would(case)}",
        )
    if outcome.over:
        return Said(
            stalled,
            "TooManyMatches",
            f"{outcome.matched} findings match, which is more than spec.suppressFindings.maxFindings: nothing"
            " new is suppressed. Narrow match, or raise maxFindings.",
        )
    if outcome.full:
        return Said(
            stalled,
            "NoRoomForMark",
            f"{len(outcome.full)} findings have no room for the mark of ownership and are not suppressed,"
            f" such as {outcome.full[0].id}: remove some of their user-defined fields.",
        )
    if case.hub.frozen and progress.held:
        return Said(
            reconciling,
            "WritesFrozen",
            f"{progress.held} findings are to be written to, but the operator's configuration says"
            " writes: Frozen.",
        )
    if progress.refusals:
        return Said(reconciling, "WritesRefused", f"{_first_refusal(progress)}. It is tried again.")
    if progress.held:
        return Said(reconciling, "Writing", f"{progress.held} findings are still to be written to.")
    if outcome.forbidden:
        return Said(
            stalled,
            "AccountsNotGranted",
            f"{outcome.forbidden} findings match in accounts in which this namespace is not granted Suppress:"
            " narrow match, or have the accounts granted.",
        )
    soon = f" It expires soon: at {text_of(terms.expires_at)}." if expires_soon(terms, case.now) else ""
    if is_idle(terms, case.now, case.last_matched):
        return Said(
            ready, "MatchesNothing", f"It has matched nothing for a week: correct it, or delete it.{soon}"
        )
    return Said(
        ready,
        "InEffect",
        f"{outcome.suppressed} findings are suppressed until {text_of(terms.expires_at)}.{soon}",
    )


def _would(case: Case) -> str:
    if case.progress is None:
        return ""
    outcome = case.progress.outcome
    return f" It would suppress {outcome.would_suppress} findings and reopen {outcome.would_reopen}."


def _first_refusal(progress: Progress) -> str:
    first = progress.refusals[0]
    return (
        f"Security Hub refused {len(progress.refusals)} writes, such as that to {first.write.finding.id}:"
        f" {first.code}: {first.message.rstrip('.')}"
    )


def unknown(
    conditions: Sequence[Condition], reason: str, message: str, now: datetime, generation: int | None
) -> tuple[Condition, ...]:
    """Say that nothing is done, by wish."""
    conditions = ready(conditions, reason, message, now, generation)
    return set_condition(conditions, "Ready", ConditionStatus.UNKNOWN, reason, message, now, generation)


def _others(case: Case) -> Iterator[tuple[str, bool | None, str, str]]:
    terms = case.declared.terms
    if terms is None:
        return
    expired = not is_active(terms, case.now)
    yield (
        EXPIRED,
        expired,
        EXPIRED if expired else "Active",
        f"{'It ended' if expired else 'It ends'} at {text_of(terms.expires_at)}.",
    )
    due_at = review_due_at(terms)
    due = is_review_due(terms, case.now)
    if due_at is None:
        yield REVIEW_DUE, False, "NoReview", "No review is asked for: spec.review is empty."
    elif due:
        message = f"A review has been due since {text_of(due_at)}: do it, and set spec.review.reviewedAt."
        yield REVIEW_DUE, True, REVIEW_DUE, message
    else:
        yield REVIEW_DUE, False, "Reviewed", f"The next review is due at {text_of(due_at)}."
    drift = 0 if case.progress is None else case.progress.outcome.drift
    if case.progress is None:
        yield DRIFTED, None, "Syncing", "The findings of the target are not known exactly yet."
    elif drift:
        message = (
            f"Within the last day {drift} suppressions were undone; they are made again, less and less often:"
            " look for people, automation rules or other tools that set the workflow of these findings."
        )
        yield DRIFTED, True, "SuppressionsUndone", message
    else:
        yield DRIFTED, False, "AsDeclared", "Nobody undid a suppression within the last day."


def text_of(instant: int) -> str:
    """Return a time (µs) as people and Kubernetes write it."""
    return _time(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(instant: int) -> datetime:
    return _EPOCH + timedelta(microseconds=instant)

"""The conditions of a SuppressionPolicy, from what is declared and how far it is: the same for both kinds.

How far a policy is, its kind says by itself (`PolicyProgress`); its words are in `wording.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from posture.api.conditions import (
    READY,
    Condition,
    ConditionStatus,
    ReadySummary,
    ready,
    reconciling,
    set_condition,
    stalled,
    suspended,
)
from posture.api.reasons.words import ConditionType, ReasonWord
from posture.api.suppression_policy import DRIFTED, EXPIRED, REVIEW_DUE, SuppressionFailure
from posture.aws.client.errors import AwsError, Terminal
from posture.domain.exceptions.finding_plan import PolicyOutcome
from posture.domain.exceptions.policy import (
    NEVER,
    Terms,
    expires_soon,
    is_active,
    is_idle,
    is_review_due,
    review_due_at,
)
from posture.domain.exceptions.sites import ANNOTATION, Site
from posture.domain.grants import Mode
from posture.domain.text import counted
from posture.domain.time import datetime_of, text_of
from posture.reconcile.owner import OwnerUnknown
from posture.store.errors import StoreError
from posture.suppression.declared import Declared
from posture.suppression.effect import Effect
from posture.suppression.wording import CONTROLS, FINDINGS, Wording


@dataclass(frozen=True, slots=True)
class HubState:
    """What of its hub concerns a policy.

    `error`: of reading, marking or writing. `reading`: of reading the hub alone. `frozen`: nothing may be
    written. `begins`: its task has just begun, and has not concluded anything yet: no news for a policy of
    which something was told before.
    """

    suspended: bool = False
    frozen: bool = False
    begins: bool = False
    error: AwsError | StoreError | OwnerUnknown | None = field(default=None)
    reading: AwsError | StoreError | None = None


@dataclass(frozen=True, slots=True)
class PolicyProgress(ABC):
    """What a plan, and the writing after it, came to for one policy; counts are of what it excepts.

    `pending`: writes that Security Hub has not shown yet, or that are still to be made. `held`: of these, to
    be made. `left`: names of some that it still has to let go of. `at`: the moment (µs) that it speaks of.
    `whole`: there is nowhere else that it may have marked anything; where that is not known yet, it cannot be
    said to have let go of everything.
    """

    outcome: PolicyOutcome
    pending: int
    held: int
    left: tuple[str, ...]
    effect: Effect | None
    at: int
    whole: bool = field(default=True, kw_only=True)

    @abstractmethod
    def failures(self) -> list[SuppressionFailure]:
        """Give what was refused, or could not be read."""

    @abstractmethod
    def why_not_undone(self, hub: HubState) -> str:
        """Say why something could not be let go of, without a full stop; empty where nothing failed."""

    @abstractmethod
    def in_effect(self, case: "PolicyCase", terms: Terms) -> ReadySummary:
        """Say what matters most while nothing holds the policy back."""

    def details(self) -> dict[str, Any]:
        """Give fields of the status that only this kind of policy has."""
        return {}


SYNCING: Final = "Syncing"
_VAGUE = frozenset({"Deleting", EXPIRED, "Suspended", "DryRun"})
"""Reasons whose message says less while it is not known how far a policy is."""


class PolicyCase(NamedTuple):
    """All that the conditions follow from; `now` and `last_matched` in µs, `progress` None: not known yet."""

    declared: Declared
    progress: PolicyProgress | None
    hub: HubState
    last_matched: int | None
    now: int

    @property
    def words(self) -> Wording:
        """Give what policies of its kind say."""
        return FINDINGS if self.declared.suppresses else CONTROLS


def conditions_of(before: Sequence[Condition], case: PolicyCase, generation: int) -> tuple[Condition, ...]:
    """Return the conditions of a policy."""
    moment, words = datetime_of(case.now), case.words
    said = _readiness(case, words)
    told = _told_before(before, case, generation)
    if READY in told and said.reason in {SYNCING, *({told[READY]} & _VAGUE)}:
        conditions = tuple(before)
    else:
        conditions = said.told(before, moment, generation)
    for kind, holds, reason, message in _others(case, words):
        if reason == SYNCING and kind in told:
            continue
        status = ConditionStatus.of(holds)
        conditions = set_condition(conditions, kind, status, reason, message, moment, generation)
    return conditions


def _told_before(before: Sequence[Condition], case: PolicyCase, generation: int) -> Mapping[str, str]:
    """Return reasons, by type, that stay in force until the hub's task, which begins, concludes something."""
    if case.progress is not None or not case.hub.begins:
        return {}
    return {each.type: each.reason for each in before if each.observed_generation == generation}


def _readiness(case: PolicyCase, words: Wording) -> ReadySummary:
    """Say what matters most."""
    declared, terms = case.declared, case.declared.terms
    if declared.deleted_at is not None:
        return ReadySummary(reconciling, "Deleting", _left_to_do(case, words) or words.letting_go)
    if terms is not None and not is_active(terms, case.now):
        return _expired(case, terms, words)
    if declared.trouble is not None:
        return ReadySummary(stalled, declared.trouble.reason, declared.trouble.message)
    if terms is not None and terms.suspended:
        return ReadySummary(suspended, "Suspended", f"{words.suspended}{what_would_be(case)}")
    if terms is not None and terms.mode is Mode.DRY_RUN:
        return ReadySummary(ready, "DryRun", f"{words.dry_run}{what_would_be(case)}")
    if case.hub.suspended:
        return ReadySummary(suspended, "TargetSuspended", words.target_suspended)
    return _moved(declared) or _followed(case, terms, words)


def _moved(declared: Declared) -> ReadySummary | None:
    """Say where it is still to be undone, or stays, since its target looks elsewhere; None: nowhere."""
    if declared.awaited:
        return ReadySummary(
            reconciling,
            "Moving",
            "Nothing is done where its target looks now before what it did is undone in"
            f" {_names(declared.awaited)}.",
        )
    return (
        ReadySummary(stalled, "LeftBehind", f"{_out_of_reach(declared)}.") if declared.out_of_reach else None
    )


def _followed(case: PolicyCase, terms: Terms | None, words: Wording) -> ReadySummary:
    """Say how far it is, and what keeps its hub from going on."""
    error = case.hub.error
    if error is not None:
        way = stalled if isinstance(error, Terminal | OwnerUnknown) else reconciling
        return ReadySummary(way, error.reason, f"{error}.")
    if case.progress is None or terms is None:
        return ReadySummary(reconciling, SYNCING, words.syncing)
    return case.progress.in_effect(case, terms)


def _expired(case: PolicyCase, terms: Terms, words: Wording) -> ReadySummary:
    when = f"It expired at {text_of(terms.expires_at)}"
    if left := _left_to_do(case, words):
        return ReadySummary(reconciling, EXPIRED, f"{when}. {left}")
    return ReadySummary(
        stalled,
        EXPIRED,
        f"{when}, and {words.over}: delete it, or set a later spec.expiresAt once that is approved.",
    )


def _left_to_do(case: PolicyCase, words: Wording) -> str:
    """Say what still has to be let go of, and why as far as that is known; empty where that is nothing."""
    why = why_not(case)
    marked = 0 if case.progress is None else case.progress.outcome.marked
    if case.progress is None or (not marked and not case.progress.whole):
        return f"{words.awaited} In the way: {why}." if why else words.awaited
    if not marked:
        return _left_elsewhere(case.declared)
    letting = counted(marked, f"{words.noun} is", f"{words.noun}s are")
    return f"{letting} still to be {words.undone}" + (f": {why}." if why else ".")


def _left_elsewhere(declared: Declared) -> str:
    """Say where else a policy is still to be undone; empty where that is nowhere."""
    if declared.out_of_reach:
        return f"{_out_of_reach(declared)}."
    return f"It is being undone in {_names(declared.awaited)}." if declared.awaited else ""


def _out_of_reach(declared: Declared) -> str:
    """Say where a policy cannot be undone, why, and what to do, without a full stop; empty: nowhere."""
    sites = declared.out_of_reach
    if not sites:
        return ""
    more = f" (and {len(sites) - 1} more)" if len(sites) > 1 else ""
    return (
        f"What it did in {sites[0].name}{more} stays, as it cannot be undone:"
        f" {sites[0].trouble.rstrip('.')}; or, to leave it so, take that entry out of the annotation"
        f" {ANNOTATION}"
    )


def _names(sites: Sequence[Site]) -> str:
    return "; ".join(each.name for each in sites)


def why_not(case: PolicyCase) -> str:
    """Say what keeps a policy from letting go, without a full stop; empty where nothing is known to."""
    if case.hub.frozen:
        return "writes are frozen by the operator's configuration"
    declared = case.declared
    # What is wrong with a policy or its target does not keep a hub from undoing what the policy did.
    lacks = declared.policy is not None and declared.admitted is not None
    if declared.trouble is not None and (declared.home is None or lacks):
        return declared.trouble.message.rstrip(".")
    failure = "" if case.progress is None else case.progress.why_not_undone(case.hub)
    return failure or ("" if case.hub.error is None else f"{case.hub.error}") or _out_of_reach(declared)


def what_would_be(case: PolicyCase) -> str:
    """Say what is held back, after a space; empty where that is not known."""
    if case.progress is None:
        return ""
    words, outcome = case.words, case.progress.outcome
    return " " + words.would.format(words.counted(outcome.would_suppress), outcome.would_reopen)


def done(case: PolicyCase, terms: Terms, message: str) -> ReadySummary:
    """Say that all is as declared, and when that ends soon, or has been for nothing; `message`: what is."""
    soon = f" It expires soon: at {text_of(terms.expires_at)}." if expires_soon(terms, case.now) else ""
    if is_idle(terms, case.now, case.last_matched):
        return ReadySummary(
            ready,
            "MatchesNothing",
            f"It has matched nothing for a week: correct what it selects, or delete it.{soon}",
        )
    return ReadySummary(ready, "InEffect", f"{message}{soon}")


def _others(case: PolicyCase, words: Wording) -> Iterator[tuple[ConditionType, bool | None, ReasonWord, str]]:
    terms = case.declared.terms
    if terms is None or terms.expires_at == NEVER:
        return
    expired = not is_active(terms, case.now)
    yield (
        EXPIRED,
        expired,
        EXPIRED if expired else "Active",
        f"{'It ended' if expired else 'It ends'} at {text_of(terms.expires_at)}.",
    )
    if case.declared.policy is None:
        return
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
        yield DRIFTED, None, SYNCING, words.syncing
    elif drift:
        undone = counted(drift, "suppression was undone; it is", "suppressions were undone; they are")
        message = (
            f"Within the last day {undone} made again, less and less often:"
            f" look for people, automation rules or other tools that {words.undoing}."
        )
        yield DRIFTED, True, "SuppressionsUndone", message
    else:
        yield DRIFTED, False, "AsDeclared", "No suppression was undone within the last day."

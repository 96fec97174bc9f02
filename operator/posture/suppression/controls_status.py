"""The status and the readiness of a SuppressionPolicy that turns controls off."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from posture.api.conditions import ready, reconciling, stalled
from posture.api.suppression_policy import (
    EXPIRED,
    MAX_FAILURES,
    SuppressionFailure,
    SuppressionPolicyStatus,
)
from posture.aws.errors import AwsError, Retryable, Terminal
from posture.domain.control_records import MAX_ENTRIES, MAX_PLACES, Record
from posture.domain.evaluation import TurnedOff
from posture.domain.grants import Mode
from posture.domain.review import expires_soon, is_idle
from posture.domain.suppression import Terms, is_active
from posture.suppression.controls_account import Refusal, Spot
from posture.suppression.controls_view import disabled_controls
from posture.suppression.declared import microseconds
from posture.suppression.policy_conditions import Case, Said, conditions_of, text_of, unknown
from posture.suppression.policy_status import status_of as status_of_any
from posture.suppression.standing import Progress

_DENIED = "ACCESS_DENIED"


@dataclass(frozen=True, slots=True)
class ControlProgress(Progress):
    """How far a policy is; its outcome counts places: a control of one standard, in one account and Region.

    `record`: what is off for it. `denied`: what was refused, by place. `unread`: what could not be read, by
    spot. `central`: central configuration decides about controls in the organization, as far as is known.
    """

    record: Record = field(default_factory=dict)
    denied: Mapping[TurnedOff, Refusal] = field(default_factory=dict)
    unread: Mapping[Spot, AwsError] = field(default_factory=dict)
    central: bool = False


def status_of(before: SuppressionPolicyStatus, case: Case, handled: str | None) -> SuppressionPolicyStatus:
    """Return the status of a policy; `handled`: the last request whose run has ended."""
    after = status_of_any(before, case, handled)
    matched = after.last_matched_time
    case = case._replace(last_matched=None if matched is None else microseconds(matched))
    generation = int(case.declared.document["metadata"]["generation"])
    conditions = conditions_of(before.conditions, case, generation, readiness(case))
    after = after.model_copy(update={"conditions": conditions})
    progress = case.progress
    if not isinstance(progress, ControlProgress):
        return after
    failures = [*_refused(progress), *_unread(progress)]
    return after.model_copy(
        update={
            "failed": len(failures),
            "failures": tuple(failures[:MAX_FAILURES]),
            "disabled_controls": disabled_controls(progress.record),
        }
    )


def _refused(progress: ControlProgress) -> list[SuppressionFailure]:
    return [
        SuppressionFailure(
            id=f"{place.standard} {place.control} {place.account_id} {place.region}",
            reason=refusal.code,
            message=refusal.message,
        )
        for place, refusal in sorted(progress.denied.items())
    ]


def _unread(progress: ControlProgress) -> list[SuppressionFailure]:
    return [
        SuppressionFailure(id=f"{spot.account_id} {spot.region}", reason=error.reason, message=f"{error}")
        for spot, error in sorted(progress.unread.items())
    ]


def readiness(case: Case) -> Said:
    """Say what matters most."""
    declared, terms = case.declared, case.declared.terms
    progress = case.progress if isinstance(case.progress, ControlProgress) else None
    if declared.deleted_at is not None:
        return Said(reconciling, "Deleting", _left_to_do(case, progress))
    if terms is not None and not is_active(terms, case.now):
        return _expired(case, terms, progress)
    if declared.trouble is not None:
        return Said(stalled, declared.trouble.reason, declared.trouble.message)
    if terms is not None and terms.suspended:
        return Said(
            unknown,
            "Suspended",
            f"No control is turned off or on while spec.suspend is true.{_would(progress)}",
        )
    if terms is not None and terms.mode is Mode.DRY_RUN:
        return Said(ready, "DryRun", f"No control is switched while spec.mode is DryRun.{_would(progress)}")
    if case.hub.suspended:
        return Said(unknown, "TargetSuspended", "No control is turned off while the target is suspended.")
    if progress is None or terms is None:
        if (error := case.hub.error) is not None:
            return Said(stalled if isinstance(error, Terminal) else reconciling, error.reason, f"{error}.")
        return Said(reconciling, "Syncing", "What is on and off is not known yet.")
    return _troubled(case, progress) or _in_effect(case, progress, terms)


def _expired(case: Case, terms: Terms, progress: ControlProgress | None) -> Said:
    when = f"It expired at {text_of(terms.expires_at)}"
    if progress is None or progress.outcome.marked:
        return Said(reconciling, EXPIRED, f"{when}. {_left_to_do(case, progress)}")
    return Said(
        stalled,
        EXPIRED,
        f"{when}, and no control is off by it any longer: delete it, or have a later end approved.",
    )


def _left_to_do(case: Case, progress: ControlProgress | None) -> str:
    """Say what still has to be turned on again, and why as far as that is known."""
    if progress is None:
        return "What it turned off is turned on again as soon as it is known what is off."
    if not progress.outcome.marked:
        return "Nothing is left to do."
    why = ""
    if case.hub.frozen:
        why = "writes are frozen by the operator's configuration"
    elif case.declared.trouble is not None:
        why = case.declared.trouble.message.rstrip(".")
    elif failures := [*_refused(progress), *_unread(progress)]:
        why = f"{failures[0].id}: {failures[0].message.rstrip('.')}"
    return f"{progress.outcome.marked} controls are still to be let go of" + (f": {why}." if why else ".")


def _would(progress: ControlProgress | None) -> str:
    if progress is None:
        return ""
    outcome = progress.outcome
    return f" It would turn off {outcome.would_suppress} controls and turn on {outcome.would_reopen}."


def _troubled(case: Case, progress: ControlProgress) -> Said | None:
    """Say what stands in the way; None: nothing does."""
    outcome, refused = progress.outcome, _refused(progress)
    if outcome.over:
        return Said(
            stalled,
            "TooManyMatches",
            f"{outcome.matched} controls match, which is more than status can remember ({MAX_PLACES} in"
            f" {MAX_ENTRIES} entries): nothing new is turned off. Spread them over several policies.",
        )
    denied = [each for each in progress.denied.values() if each.code == _DENIED]
    if denied:
        central = (
            "central configuration is on in this organization"
            if progress.central
            else "a configuration policy of central configuration may decide about them"
        )
        return Said(
            stalled,
            "CentralConfiguration",
            f"Security Hub refuses to switch {len(denied)} controls ({denied[0].message.rstrip('.')}):"
            f" {central}. Turn them off in the configuration policy there, or have the accounts managed"
            " by themselves.",
        )
    if case.hub.frozen and progress.held:
        return Said(
            reconciling,
            "WritesFrozen",
            f"{progress.held} controls are to be switched, but the operator's configuration says"
            " writes: Frozen.",
        )
    if refused:
        return Said(
            reconciling,
            "WritesRefused",
            f"Security Hub refused {len(refused)} switches, such as {refused[0].id}: {refused[0].reason}:"
            f" {refused[0].message.rstrip('.')}. It is tried again.",
        )
    if progress.unread:
        error = progress.unread[min(progress.unread)]
        way = reconciling if isinstance(error, Retryable) else stalled
        where = f"{min(progress.unread).account_id} in {min(progress.unread).region}"
        return Said(
            way, error.reason, f"{len(progress.unread)} accounts and Regions fail, such as {where}: {error}."
        )
    return None


def _in_effect(case: Case, progress: ControlProgress, terms: Terms) -> Said:
    outcome = progress.outcome
    if todo := progress.held + outcome.waiting:
        return Said(reconciling, "Writing", f"{todo} controls are still to be switched.")
    if outcome.forbidden:
        return Said(
            stalled,
            "AccountsNotGranted",
            f"{outcome.forbidden} controls match in accounts in which this namespace is not granted"
            " DisableControls by this role: narrow accounts, or have them granted.",
        )
    soon = f" It expires soon: at {text_of(terms.expires_at)}." if expires_soon(terms, case.now) else ""
    if is_idle(terms, case.now, case.last_matched):
        return Said(
            ready, "MatchesNothing", f"It has matched nothing for a week: correct it, or delete it.{soon}"
        )
    return Said(
        ready,
        "InEffect",
        f"{outcome.suppressed} controls are off until {text_of(terms.expires_at)}, counted once for each"
        f" standard, account and Region.{soon}",
    )

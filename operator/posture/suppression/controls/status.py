"""The status and the readiness of a SuppressionPolicy that turns controls off.

How far a policy is that turns controls off, from a plan and what became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from posture.api.conditions import reconciling, stalled
from posture.api.suppression_policy import MAX_FAILURES, SuppressionFailure, SuppressionPolicyStatus
from posture.aws.client.errors import AwsError, Retryable
from posture.domain.exceptions.control_plan import ControlPlan, ControlPolicy, Switch
from posture.domain.exceptions.control_status import MAX_ENTRIES, MAX_PLACES, Record
from posture.domain.exceptions.policy import Terms
from posture.domain.grants import NotGranted
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.text import counted
from posture.domain.time import text_of
from posture.reconcile.member_roles import AccountRegion
from posture.suppression.conditions import Message, PolicyCase, PolicyProgress, Wording, done
from posture.suppression.controls.account import ControlRefusal
from posture.suppression.controls.confirmed import disabled_controls
from posture.suppression.controls.reconcile import ControlResult
from posture.suppression.findings.status import finding_policy_status as status_of_any

_DENIED = "ACCESS_DENIED"


@dataclass(frozen=True, slots=True)
class ControlProgress(PolicyProgress):
    """How far a policy is; its outcome counts places: a control of one standard, in one account and Region.

    `record`: what is off for it. `denied`: what was refused, by place. `unread`: what could not be read, by
    spot. `ungranted`: accounts that it means and may not act in, with what is missing. `central`: central
    configuration decides about controls in the organization, as far as is known.
    """

    record: Record = field(default_factory=dict)
    denied: Mapping[TurnedOff, ControlRefusal] = field(default_factory=dict)
    unread: Mapping[AccountRegion, AwsError] = field(default_factory=dict)
    ungranted: Mapping[str, NotGranted] = field(default_factory=dict)
    central: bool = False


def control_policy_status(
    before: SuppressionPolicyStatus, case: PolicyCase, handled: str | None
) -> SuppressionPolicyStatus:
    """Return the status of a policy; `handled`: the last request whose run has ended."""
    after = status_of_any(before, case, handled, CONTROLS)
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


def _troubled(case: PolicyCase, progress: ControlProgress) -> Message | None:
    """Say what stands in the way; None: nothing does."""
    outcome, refused = progress.outcome, _refused(progress)
    if outcome.over:
        return Message(
            stalled,
            "TooManyMatches",
            f"{counted(outcome.matched, 'control matches', 'controls match')}, which is more than status can"
            f" remember ({MAX_PLACES} in {MAX_ENTRIES} entries): nothing new is turned off. Spread them over"
            " several policies.",
        )
    denied = [each for each in progress.denied.values() if each.code == _DENIED]
    if denied:
        central = (
            "central configuration is on in this organization"
            if progress.central
            else "a configuration policy of central configuration may decide about them"
        )
        return Message(
            stalled,
            "CentralConfiguration",
            f"Security Hub refuses to switch {counted(len(denied), 'control', 'controls')}"
            f" ({denied[0].message.rstrip('.')}): {central}. Turn them off in the"
            " configuration policy there, or have the accounts managed by themselves.",
        )
    if case.hub.frozen and progress.held:
        return Message(
            reconciling,
            "WritesFrozen",
            f"{_are(progress.held)} to be switched, but the operator's configuration says writes: Frozen.",
        )
    if refused:
        return Message(
            reconciling,
            "WritesRefused",
            f"Security Hub refused {counted(len(refused), 'switch', 'switches')}, such as {refused[0].id}:"
            f" {refused[0].reason}: {refused[0].message.rstrip('.')}. It will be tried again.",
        )
    if progress.unread:
        error = progress.unread[min(progress.unread)]
        way = reconciling if isinstance(error, Retryable) else stalled
        where = f"{min(progress.unread).account_id} in {min(progress.unread).region}"
        failing = counted(len(progress.unread), "account and Region fails", "accounts and Regions fail")
        return Message(way, error.reason, f"{failing}, such as {where}: {error}.")
    return None


def _unfinished(progress: ControlProgress) -> Message | None:
    outcome = progress.outcome
    if todo := progress.held + outcome.waiting:
        return Message(reconciling, "Writing", f"{_are(todo)} still to be switched.")
    if progress.ungranted:
        return Message(
            stalled,
            "AccountsNotGranted",
            f"Nothing can be turned off, or on again, in {len(progress.ungranted)} of the accounts that it"
            f" means or meant: narrow accounts, or have them granted. {_first_refusal(progress)}",
        )
    if outcome.forbidden:
        return Message(
            stalled,
            "AccountsNotGranted",
            f"{_are(outcome.forbidden)} in accounts in which this namespace is not granted"
            " DisableControls by this role: have the accounts granted.",
        )
    return None


def _first_refusal(progress: ControlProgress) -> str:
    refusal = progress.ungranted[min(progress.ungranted)]
    return f"The {refusal.message}: {refusal.advice}"


def _are(number: int) -> str:
    return counted(number, "control is", "controls are")


class ControlWording(Wording):
    """What policies that turn controls off say."""

    noun = "control"
    stays = "stays off"
    undone = "turned on again"
    would = "It would turn off {} and turn on {}."
    awaited = "What it turned off is turned on again as soon as it is known what is off."
    letting_go = "Nothing is left to do."
    over = "no control is off by it any longer"
    suspended = "No control is turned off or on while spec.suspend is true."
    dry_run = "No control is switched while spec.mode is DryRun."
    target_suspended = "No control is turned off while the target is suspended."
    syncing = "Which controls are on or off has not been read yet."
    undoing = "turn these controls on"

    def failure(self, case: PolicyCase) -> str:
        """Say why something could not be let go of, without a full stop; empty where nothing failed."""
        progress = case.progress
        if not isinstance(progress, ControlProgress):
            return ""
        failures = [*_refused(progress), *_unread(progress)]
        if failures:
            return f"{failures[0].id}: {failures[0].message.rstrip('.')}"
        return _first_refusal(progress) if progress.ungranted else ""

    def in_effect(self, case: PolicyCase, progress: PolicyProgress, terms: Terms) -> Message:
        """Say what matters most while nothing holds it back."""
        if not isinstance(progress, ControlProgress):
            raise TypeError("this is the progress of a policy that suppresses findings")
        off = (
            f"{_are(progress.outcome.suppressed)} off until {text_of(terms.expires_at)}, counted once for"
            " each standard, account and Region."
        )
        if not progress.outcome.matched:
            off = (
                "Security Hub has none of these controls in the standards, accounts and Regions that it"
                " names: check their names, and that the standards are enabled there."
            )
        return _troubled(case, progress) or _unfinished(progress) or done(case, terms, off)


CONTROLS = ControlWording()


_NAMED = 3


def planned_progress(planned: ControlPlan, name: str, record: Record, at: int) -> ControlProgress:
    """Return how far a policy is before anything is written; `record`: what is, or will be, off for it."""
    own = [each for each in planned.switches if each.policy == name]
    return ControlProgress(
        outcome=planned.outcomes[name],
        pending=len(own),
        held=len(own),
        refusals=(),
        left=tuple(_name_of(each) for each in own)[:_NAMED],
        effect=None,
        at=at,
        record=record,
    )


def progress_of(
    result: ControlResult, name: str, policy: ControlPolicy, at: int, *, central: bool
) -> ControlProgress:
    """Return the progress of a policy at a moment (µs), after a round."""
    record = result.plan.records[name]
    planned = planned_progress(result.plan, name, record, at)
    return replace(
        planned,
        pending=planned.pending + sum(place in result.unseen for place in record),
        denied={place: each for place, each in result.refusals.items() if each.switch.policy == name},
        unread={spot: error for spot, error in result.errors.items() if _concerns(policy, record, spot)},
        central=central,
    )


def _concerns(policy: ControlPolicy, record: Record, spot: AccountRegion) -> bool:
    means = policy.accounts(spot.account_id) and spot.region in policy.regions
    return means or any((place.account_id, place.region) == spot for place in record)


def _name_of(switch: Switch) -> str:
    place = switch.place
    return f"{place.control} of {place.standard} in {place.account_id}, {place.region}"

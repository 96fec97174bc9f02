"""How far a SuppressionPolicy is that turns controls off: from a plan and what became of it, in words too."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from posture.api.conditions import ReadySummary, reconciling, stalled
from posture.api.suppression_policy import SuppressionFailure
from posture.aws.client.errors import AwsError, Retryable
from posture.domain.exceptions.control_status import MAX_ENTRIES, MAX_PLACES, Record
from posture.domain.exceptions.control_switches import (
    ControlPlan,
    ControlPolicy,
    Switch,
)
from posture.domain.exceptions.policy import Terms
from posture.domain.grants import NotGranted
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.text import counted
from posture.domain.time import text_of
from posture.reconcile.member_roles import AccountRegion
from posture.suppression.conditions import HubState, PolicyCase, PolicyProgress, done
from posture.suppression.controls.account import ControlRefusal
from posture.suppression.controls.confirmed import disabled_controls
from posture.suppression.controls.reconcile import ControlResult

_DENIED = "ACCESS_DENIED"


@dataclass(frozen=True, slots=True)
class ControlsProgress(PolicyProgress):
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

    def failures(self) -> list[SuppressionFailure]:
        """Give what was refused, then what could not be read."""
        return [*_refused(self), *_unread(self)]

    def why_not_undone(self, hub: HubState) -> str:  # noqa: ARG002 - a reading that fails is in `unread`
        """Say why something could not be let go of, without a full stop; empty where nothing failed."""
        failures = self.failures()
        if failures:
            return f"{failures[0].id}: {failures[0].message.rstrip('.')}"
        return _first_refusal(self) if self.ungranted else ""

    def in_effect(self, case: PolicyCase, terms: Terms) -> ReadySummary:
        """Say what matters most while nothing holds the policy back."""
        off = (
            f"{_are(self.outcome.suppressed)} off until {text_of(terms.expires_at)}, counted once for"
            " each standard, account and Region."
        )
        if not self.outcome.matched:
            off = (
                "Security Hub has none of these controls in the standards, accounts and Regions that it"
                " names: check their names, and that the standards are enabled there."
            )
        return _troubled(case, self) or _unfinished(self) or done(case, terms, off)

    def details(self) -> dict[str, Any]:
        """Give what is off, as the status remembers it."""
        return {"disabled_controls": disabled_controls(self.record)}


def _refused(progress: ControlsProgress) -> list[SuppressionFailure]:
    return [
        SuppressionFailure(
            id=f"{place.standard} {place.control} {place.account_id} {place.region}",
            reason=refusal.code,
            message=refusal.message,
        )
        for place, refusal in sorted(progress.denied.items())
    ]


def _unread(progress: ControlsProgress) -> list[SuppressionFailure]:
    return [
        SuppressionFailure(id=f"{spot.account_id} {spot.region}", reason=error.reason, message=f"{error}")
        for spot, error in sorted(progress.unread.items())
    ]


def _troubled(case: PolicyCase, progress: ControlsProgress) -> ReadySummary | None:
    """Say what stands in the way; None: nothing does."""
    outcome, refused = progress.outcome, _refused(progress)
    if outcome.over:
        return ReadySummary(
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
        return ReadySummary(
            stalled,
            "CentralConfiguration",
            f"Security Hub refuses to switch {counted(len(denied), 'control', 'controls')}"
            f" ({denied[0].message.rstrip('.')}): {central}. Turn them off in the"
            " configuration policy there, or have the accounts managed by themselves.",
        )
    if case.hub.frozen and progress.held:
        return ReadySummary(
            reconciling,
            "WritesFrozen",
            f"{_are(progress.held)} to be switched, but the operator's configuration says writes: Frozen.",
        )
    if refused:
        return ReadySummary(
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
        return ReadySummary(way, error.reason, f"{failing}, such as {where}: {error}.")
    return None


def _unfinished(progress: ControlsProgress) -> ReadySummary | None:
    outcome = progress.outcome
    if todo := progress.held + outcome.waiting:
        return ReadySummary(reconciling, "Writing", f"{_are(todo)} still to be switched.")
    if progress.ungranted:
        return ReadySummary(
            stalled,
            "AccountsNotGranted",
            f"Nothing can be turned off, or on again, in {len(progress.ungranted)} of the accounts that it"
            f" means or meant: narrow accounts, or have them granted. {_first_refusal(progress)}",
        )
    if outcome.forbidden:
        return ReadySummary(
            stalled,
            "AccountsNotGranted",
            f"{_are(outcome.forbidden)} in accounts in which this namespace is not granted"
            " DisableControls by this role: have the accounts granted.",
        )
    return None


def _first_refusal(progress: ControlsProgress) -> str:
    refusal = progress.ungranted[min(progress.ungranted)]
    return f"The {refusal.message}: {refusal.advice}"


def _are(number: int) -> str:
    return counted(number, "control is", "controls are")


_NAMED = 3


def planned_progress(planned: ControlPlan, name: str, record: Record, at: int) -> ControlsProgress:
    """Return how far a policy is before anything is written; `record`: what is, or will be, off for it."""
    own = [each for each in planned.switches if each.policy == name]
    return ControlsProgress(
        outcome=planned.outcomes[name],
        pending=len(own),
        held=len(own),
        left=tuple(_name_of(each) for each in own)[:_NAMED],
        effect=None,
        at=at,
        record=record,
    )


def progress_of(
    result: ControlResult, name: str, policy: ControlPolicy, at: int, *, central: bool
) -> ControlsProgress:
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

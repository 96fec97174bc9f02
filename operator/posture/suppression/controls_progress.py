"""How far a policy is that turns controls off, from a plan and what became of it."""

from dataclasses import replace

from posture.domain.control_records import Record
from posture.domain.control_switches import ControlPolicy, Plan, Switch
from posture.suppression.controls_account import Spot
from posture.suppression.controls_round import Result
from posture.suppression.controls_status import ControlProgress

_NAMED = 3


def planned_progress(planned: Plan, name: str, record: Record, at: int) -> ControlProgress:
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
    result: Result, name: str, policy: ControlPolicy, at: int, *, central: bool
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


def _concerns(policy: ControlPolicy, record: Record, spot: Spot) -> bool:
    means = policy.accounts(spot.account_id) and spot.region in policy.regions
    return means or any((place.account_id, place.region) == spot for place in record)


def _name_of(switch: Switch) -> str:
    place = switch.place
    return f"{place.control} of {place.standard} in {place.account_id}, {place.region}"

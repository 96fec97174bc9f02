"""What policies turned off, from their statuses: known to every replica, and after a fail-over."""

from collections.abc import Iterable, Mapping
from typing import Any

from posture.api.suppression_policy import DisabledControl
from posture.domain.control_marks import SPELLED, status_of
from posture.domain.control_records import Record, entries
from posture.domain.controls import ControlStatus
from posture.domain.evaluation import TurnedOff
from posture.kube.resources import Object


def turned_off(policies: Iterable[Object]) -> Mapping[TurnedOff, ControlStatus]:
    """Return all that any of these policies turned off, with the status that it had then."""
    found: dict[TurnedOff, ControlStatus] = {}
    for policy in policies:
        found |= recorded((policy.get("status") or {}).get("disabledControls", ()))
    return found


def recorded(declared: Iterable[Mapping[str, Any]]) -> Record:
    """Read `status.disabledControls` of one policy, as the API server gives it."""
    return {
        TurnedOff(each["standard"], each["control"].upper(), account_id, each["region"]): status_of(
            each["status"]
        )
        for each in declared
        for account_id in each.get("accounts", ())
    }


def disabled_controls(record: Record) -> tuple[DisabledControl, ...]:
    """Write a record as the status keeps it; it must fit (`control_records.fits`)."""
    return tuple(
        DisabledControl(
            standard=standard, control=control, region=region, status=SPELLED[was], accounts=tuple(accounts)
        )
        for (standard, control, region, was), accounts in entries(record).items()
    )

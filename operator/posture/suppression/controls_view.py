"""What policies remember in their statuses to have turned off: where to look, after a fail-over too."""

from itertools import islice

from posture.api.suppression_policy import DisabledControl, SuppressionPolicyStatus
from posture.domain.control_marks import SPELLED, status_of
from posture.domain.control_records import MAX_PLACES, Record, entries
from posture.domain.evaluation import TurnedOff


def recorded(status: SuppressionPolicyStatus) -> Record:
    """Read what the status of one policy remembers; no more than it may."""
    places = (
        (TurnedOff(each.standard, each.control.upper(), account_id, each.region), status_of(each.status))
        for each in status.disabled_controls
        for account_id in each.accounts
    )
    return dict(islice(places, MAX_PLACES))


def disabled_controls(record: Record) -> tuple[DisabledControl, ...]:
    """Write a record as the status keeps it; it must fit (`control_records.fits`)."""
    return tuple(
        DisabledControl(
            standard=standard, control=control, region=region, status=SPELLED[was], accounts=tuple(accounts)
        )
        for (standard, control, region, was), accounts in entries(record).items()
    )

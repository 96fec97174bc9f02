"""What policies remember in their statuses to have turned off: where to look, after a fail-over too.

What policies turned off, as far as it was read lately: that alone takes a control out of a score.

What a policy's status says of it is there to find it again; anybody who may write a status can write that.
Times are microseconds.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from posture.api.suppression_policy import DisabledControl, SuppressionPolicyStatus
from posture.domain.exceptions.control_status import MAX_PLACES, Record, recorded_entries
from posture.domain.exceptions.marks import SPELLED, status_of_mark
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.domain.time import HOUR
from posture.reconcile.member_roles import MemberRoles
from posture.suppression.declared import Declared


def recorded(status: SuppressionPolicyStatus) -> Record:
    """Read what the status of one policy remembers; no more than it may."""
    places = (
        (TurnedOff(each.standard, each.control.upper(), account_id, each.region), status_of_mark(each.status))
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
        for (standard, control, region, was), accounts in recorded_entries(record).items()
    )


class Confirmed(NamedTuple):
    """A control that is off for a policy (namespace/name): the status it had then, and when that was read."""

    policy: str
    was: ControlStatus
    at: int


class Confirmation(NamedTuple):
    """The last reading: when it was, what was found, between which pauses readings are made, and now."""

    at: int
    found: Container[TurnedOff]
    interval: int
    now: int

    def holds(self, at: int) -> bool:
        """Whether what was read at a moment still counts: for two intervals, and an hour at least.

        One reading that fails turns no score over.
        """
        return self.now - at <= max(2 * self.interval, HOUR)


Counts = Callable[[str, TurnedOff], bool]


def counting(declared: Iterable[Declared], roles: MemberRoles) -> Counts:
    """Return whether a policy may take a place out of scores: one of its target, where it may turn it off."""
    filters = {
        each.name: AccountFilter(
            granted=each.admitted.accounts,
            include=each.admitted.target.spec.accounts.include,
            exclude=each.admitted.target.spec.accounts.exclude,
        )
        for each in declared
        if each.admitted is not None
    }

    def counts(policy: str, place: TurnedOff) -> bool:
        accounts = filters.get(policy)
        return (
            accounts is not None
            and accounts.standing(place.account_id) is AccountStanding.TARGETED
            and roles.may_write(policy, place.account_id)
        )

    return counts


def confirmed(
    before: Mapping[TurnedOff, Confirmed], records: Mapping[str, Record], look: Confirmation, counts: Counts
) -> dict[TurnedOff, Confirmed]:
    """Return what is known to be off; `records`: by policy what it is remembered to have turned off."""
    found = {}
    for policy, record in records.items():
        for place, was in record.items():
            known = before.get(place)
            if place in look.found:
                known = Confirmed(policy, was, look.at)
            if known and known.policy == policy and look.holds(known.at) and counts(policy, place):
                found[place] = known
    return found

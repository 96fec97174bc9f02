"""What policies turned off, as far as it was read lately: that alone takes a control out of a score.

What a policy's status says of it is there to find it again; anybody who may write a status can write that.
Times are microseconds.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import NamedTuple

from posture.domain.accounts import AccountFilter, Standing
from posture.domain.control_records import Record
from posture.domain.controls import ControlStatus
from posture.domain.evaluation import TurnedOff
from posture.suppression.controls_declared import Roles
from posture.suppression.declared import Declared

_HOUR = 3600 * 1_000_000


class Confirmed(NamedTuple):
    """A control that is off for a policy (namespace/name): the status it had then, and when that was read."""

    policy: str
    was: ControlStatus
    at: int


class Look(NamedTuple):
    """The last reading: when it was, what was found, between which pauses readings are made, and now."""

    at: int
    found: Container[TurnedOff]
    interval: int
    now: int

    def holds(self, at: int) -> bool:
        """Whether what was read at a moment still counts: for two intervals, and an hour at least.

        One reading that fails turns no score over.
        """
        return self.now - at <= max(2 * self.interval, _HOUR)


Counts = Callable[[str, TurnedOff], bool]


def counting(declared: Iterable[Declared], roles: Roles) -> Counts:
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
            and accounts.standing(place.account_id) is Standing.TARGETED
            and roles.may_write(policy, place.account_id)
        )

    return counts


def confirmed(
    before: Mapping[TurnedOff, Confirmed], records: Mapping[str, Record], look: Look, counts: Counts
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

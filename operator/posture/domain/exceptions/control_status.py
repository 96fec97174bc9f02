"""The status of a control in one place: of one standard, in one account and Region.

A policy remembers the places that it turned off with the status that they had, as its own status can keep it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from posture.domain.findings import Cell, Compliance
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import Controls, ControlStatus

_FAILED, _UNKNOWN, _PASSED = 1, 2, 4
_SAYS = {Compliance.FAILED: _FAILED, Compliance.PASSED: _PASSED}


def statuses_of(
    cells: Iterable[Cell], controls: Controls, places: Collection[TurnedOff]
) -> Mapping[TurnedOff, ControlStatus]:
    """Return the status of the control in each of these places, as its fresh findings there say.

    Suppressed ones count: it is for the unsuppressed score that a status is kept when a control is turned
    off, and that counts them.
    """
    wanted = frozenset(places)
    where = {(place.account_id, place.region) for place in wanted}
    said = dict.fromkeys(wanted, 0)
    for cell in cells:
        if (cell.account_id, cell.region) not in where:
            continue
        for standard, control in controls.pairs_of(cell.check):
            place = TurnedOff(standard, control, cell.account_id, cell.region)
            if place in wanted:
                said[place] |= _said_by(cell)
    return {place: _status(says) for place, says in said.items()}


def _said_by(cell: Cell) -> int:
    says = 0
    for count in cell.counts:
        if count.fresh and count.n:
            says |= _SAYS.get(count.compliance, _UNKNOWN)
    return says


def _status(says: int) -> ControlStatus:
    if says & _FAILED:
        return ControlStatus.FAILED
    if says & _UNKNOWN:
        return ControlStatus.UNKNOWN
    return ControlStatus.PASSED if says else ControlStatus.NO_DATA


Record: TypeAlias = Mapping[TurnedOff, ControlStatus]
"""By place, the status that the control had when it was turned off."""

# What the API takes in `status.disabledControls`: entries, and accounts of each.
MAX_ENTRIES = 1000
MAX_ACCOUNTS = 1000
# About 15 bytes an account: an object of the API server has at most 1.5 MB.
MAX_PLACES = 40_000

Entry: TypeAlias = tuple[str, str, str, ControlStatus]


def recorded_entries(record: Record) -> Mapping[Entry, list[str]]:
    """Group a record: by standard, control, Region and status the accounts, all sorted."""
    grouped: dict[Entry, list[str]] = {}
    for place, was in sorted(record.items(), key=lambda item: (item[0].control, item[0])):
        grouped.setdefault((place.standard, place.control, place.region, was), []).append(place.account_id)
    return grouped


def fits(record: Record) -> bool:
    """Tell whether a status can keep a record."""
    sizes = Counter((place.standard, place.control, place.region, was) for place, was in record.items())
    return (
        len(record) <= MAX_PLACES
        and len(sizes) <= MAX_ENTRIES
        and max(sizes.values(), default=0) <= MAX_ACCOUNTS
    )

"""What status a control has in one place: of one standard, in one account and Region."""

from collections.abc import Collection, Iterable, Mapping

from posture.domain.cells import Cell
from posture.domain.controls import Controls, ControlStatus
from posture.domain.evaluation import TurnedOff
from posture.domain.findings import Compliance

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
        for standard, control in controls.of(cell.check):
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

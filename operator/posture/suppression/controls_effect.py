"""What turning controls off does to a target's score: the score with it, and the one without."""

from collections.abc import Iterable, Mapping

from posture.domain.cells import Cell, Count
from posture.domain.comparison import Comparison
from posture.domain.control_records import Record
from posture.domain.controls import ControlStatus
from posture.domain.findings import Check, Compliance, Severity, Workflow
from posture.domain.products import SECURITY_HUB
from posture.domain.scores import Method
from posture.hubs.demand import microseconds
from posture.hubs.known import Known
from posture.suppression.effect import Effect
from posture.suppression.scopes import Sight

_SAID = {
    ControlStatus.PASSED: Compliance.PASSED,
    ControlStatus.FAILED: Compliance.FAILED,
    ControlStatus.UNKNOWN: Compliance.WARNING,
}


def effects(known: Known, sights: Mapping[str, Sight], records: Mapping[str, Record]) -> dict[str, Effect]:
    """Return the effect of each policy of that name, by the sight of its target; none before there is one.

    `records`: what policies of the hub turned off. Without one of them its controls would be on, and have at
    least the status that they had then. All cells are read once for each target, then those of a policy's
    controls.
    """
    found: dict[str, Effect] = {}
    everything = {place: was for record in records.values() for place, was in record.items()}
    compared: dict[int, Comparison | None] = {}
    for name, sight in sights.items():
        if id(sight) not in compared:
            view = sight.view._replace(turned_off=everything)
            compared[id(sight)] = known.comparison(view, microseconds(sight.window))
        whole = compared[id(sight)]
        if whole is None:
            continue
        own, method = records[name], Method(sight.method.value)
        without = whole.otherwise(
            {place[:2] for place in own}, _as_they_were(own, whole.reporting), frozenset(own)
        )
        found[name] = Effect(whole.scores.headline(method), without.headline(method))
    return found


def _as_they_were(record: Record, accounts: frozenset[str]) -> Iterable[Cell]:
    """Yield a finding for each control; a silent account, which has no score, gets none."""
    for place, was in record.items():
        if place.account_id in accounts and was in _SAID:
            check = Check(
                SECURITY_HUB, own=True, control=place.control, numbered=False, standards=(place.standard,)
            )
            look = Count(Severity.MEDIUM, _SAID[was], Workflow.NEW, fresh=True, n=1)
            yield Cell(check, place.account_id, place.region, (look,))

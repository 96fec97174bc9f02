"""The failed findings of a target, one by one; it runs in the thread of its hub."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from posture.domain.findings import Check, Finding, RecordState
from posture.domain.scoring.accounts import Group
from posture.domain.scoring.finding_states import FindingStates, Pair
from posture.domain.scoring.scores import FindingState
from posture.domain.selection.matcher import Matcher
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.standards import Controls
from posture.sources.findings_view import FindingsView
from posture.store.records import CellKey

Selects = Callable[[Finding], bool]


class Failed(NamedTuple):
    """A failed finding, and the controls that it is of and that are on where it is."""

    finding: Finding
    pairs: tuple[Pair, ...]


class Selected:
    """What one selector selects; None selects everything. `groups`: of the target, by account id."""

    def __init__(self, selector: Selector | None, controls: Controls, groups: Mapping[str, Group]) -> None:
        selections = {} if selector is None else {"asked": Selection((selector,))}
        self._matcher = None if selector is None else Matcher(selections, controls, groups)

    def at(self, check: Check, account_id: str, region: str) -> Selects:
        """Return what tells whether findings of a check, an account and a Region are selected."""
        if self._matcher is None:
            return _everything
        selected = self._matcher.selected_at(check, account_id, region)
        return lambda finding: bool(selected(finding))

    def reaches(self, check: Check) -> bool:
        """Whether any finding of a check can be selected."""
        return self._matcher is None or bool(self._matcher.checks([check]))


def failed_findings(known: FindingsView, states: FindingStates, selected: Selected) -> Iterator[Failed]:
    """Yield the findings that count as failed and are selected; others that are open are read, and left out.

    One check after the other: no more than the cells of one, and a page of findings, are in memory.
    """
    for check in known.rows.checks():
        if not selected.reaches(check):
            continue
        cells: dict[CellKey, _Place] = {}
        surveyed = known.rows.surveyed_cells([check], RecordState.ACTIVE)
        for account_id, by_region in surveyed.get(check, {}).items():
            for region, key in by_region.items():
                state = states.at(check, account_id, region)
                if state is not None:
                    pairs = states.enabled(check, account_id, region)
                    cells[key] = _Place(state, selected.at(check, account_id, region), pairs)
        for key, findings in known.rows.surveyed(cells, RecordState.ACTIVE):
            place = cells[key]
            for finding in findings:
                if place.state(finding) is FindingState.FAILED and place.selects(finding):
                    yield Failed(finding, place.pairs)


class _Place(NamedTuple):
    state: Callable[[Finding], FindingState]
    selects: Selects
    pairs: tuple[Pair, ...]


def _everything(_: Finding) -> bool:
    return True

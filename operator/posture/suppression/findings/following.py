"""What the policies have to do with each place of a hub, kept up as findings and declarations change.

All of it runs in the hub's thread. A place is what a cell of the store has in one record state. What was
surveyed is kept, and read again where findings changed, or where policies have something to do of which
something else is declared: a plan costs what changed, also where what we suppressed is archived by now.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from posture.domain.exceptions.attempts import attempted, remembered
from posture.domain.exceptions.declaration import Declaration, differences
from posture.domain.exceptions.finding_plan import (
    FindingAct,
    FindingPlan,
    PolicyOutcome,
    Timing,
    Write,
    finding_plan,
    too_many,
)
from posture.domain.exceptions.survey import NOTHING, Surveys, survey
from posture.domain.findings import FindingId, RecordState
from posture.reconcile.scope import TargetScope
from posture.sources.findings_view import FindingsView
from posture.store.records import CellKey, CustomerWrite, key_of, let_go
from posture.suppression.effect import Effect, effects
from posture.suppression.kept import load_attempts, save_attempts

_ATTEMPTS = "suppression.tries"
_NAMED = 3

Place = tuple[RecordState, CellKey]


class FollowedPlan(NamedTuple):
    """A plan, and what there is beside it.

    `unseen`: by policy, how many writes Security Hub has not shown yet. `examples`: by policy, Ids of some
    findings that it still has to let go of.
    """

    plan: FindingPlan
    unseen: Mapping[str, int]
    examples: Mapping[str, Sequence[str]]

    @property
    def outcomes(self) -> Mapping[str, PolicyOutcome]:
        """Give the outcome of each policy."""
        return self.plan.outcomes


class Following:
    """The surveys of one hub while its store is open. A store that was opened anew needs another one."""

    def __init__(self, findings: FindingsView) -> None:
        self.findings = findings
        self._declaration: Declaration | None = None
        self._surveys: Surveys[Place] = Surveys()
        self._written: dict[bytes, str] = {}
        self._attempts = load_attempts(findings.kept, _ATTEMPTS)
        self._noted = False
        findings.changed = _nothing_changed()

    def plan(self, declaration: Declaration, now: int, interval: int) -> FollowedPlan:
        """Plan what is to be written; `now` and `interval` (between polls) in µs."""
        self._refresh(declaration)
        self._attempts = remembered(self._attempts, now)
        self._save()
        timing = Timing(now, interval, self._attempts)
        made = finding_plan(declaration, self._surveys.tallies(), self._surveys.cases(), timing)
        return FollowedPlan(made, self._unseen(declaration), _examples(made.writes))

    def wrote(self, writes: Sequence[Write], sent: Mapping[str, str], at: int) -> None:
        """Take in what Security Hub accepted: `sent`, the whole map of user-defined fields that all got.

        `at`: start of the request, µs by AWS's clock.
        """
        fields = tuple(sorted(sent.items()))
        rows = [
            CustomerWrite(
                _key(write.finding), write.change.workflow, write.change.note, fields, write.change.note_by
            )
            for write in writes
        ]
        self.findings.record(rows, at)
        self._written.update({_key(write.finding): write.policy for write in writes})
        self._note(writes, at)

    def refused(self, writes: Sequence[Write], at: int) -> None:
        """Take in what Security Hub refused: it is tried again, less and less often."""
        self._note(writes, at)

    def effects(self, sights: Mapping[str, TargetScope]) -> dict[str, Effect]:
        """Return what the score of its target is with each policy, and would be without it."""
        declaration, found = self._declared(), dict[str, Effect]()
        idle = too_many(declaration, self._surveys.tallies())
        for name, sight in sights.items():
            own = [each for each, policy in declaration.policies.items() if policy.scope == name]
            found |= effects(self.findings, self._surveys, sight, own, idle) if own else {}
        return found

    def _note(self, writes: Sequence[Write], at: int) -> None:
        self._attempts = attempted(self._attempts, writes, at)
        self._noted = True

    def _save(self) -> None:
        if self._noted:
            save_attempts(self.findings.kept, _ATTEMPTS, self._attempts)
            self._noted = False

    def _refresh(self, declaration: Declaration) -> None:
        """Survey again wherever findings changed, or what is declared for them did."""
        changed, self.findings.changed = self.findings.changed or _nothing_changed(), _nothing_changed()
        before, self._declaration = self._declaration, declaration
        others = None if before is None else differences(before, declaration)
        if before is None or others is None:
            self._surveys = Surveys()
            for state in RecordState:
                cells = self.findings.rows.annotated_cells(state)
                if state is RecordState.ACTIVE:
                    cells |= self._selectable(declaration, None, state)
                self._survey(cells, state)
        else:
            for state, cells in changed.items():
                cells.update(self._concerned(before, others, state))
                self._survey(cells, state)

    def _survey(self, cells: set[CellKey], state: RecordState) -> None:
        """Survey what some cells have in a record state; the set is emptied."""
        declaration = self._declared()
        left = set(cells)
        for cell, findings in self.findings.rows.surveyed(cells, state):
            self._surveys.put((state, cell), survey(findings, declaration))
            left.discard(cell)
        let_go(cells)
        while left:
            self._surveys.put((state, left.pop()), NOTHING)

    def _concerned(self, before: Declaration, others: frozenset[str], state: RecordState) -> set[CellKey]:
        """Return the cells with findings that these policies select, have selected or marked.

        Of what is archived a policy's tally has only its marks: what it selected is asked of the declaration.
        """
        if not others:
            return set()
        cells = {cell for name in others for kept, cell in self._surveys.places_of(name) if kept is state}
        if state is RecordState.ARCHIVED:
            cells |= self._selectable(before, others, state)
        return cells | self._selectable(self._declared(), others, state)

    def _selectable(
        self, declaration: Declaration, only: frozenset[str] | None, state: RecordState
    ) -> set[CellKey]:
        rows = self.findings.rows
        cells = rows.surveyed_cells(declaration.checks(rows.checks(), only), state)
        found = {cell for cell, _ in declaration.places(cells, only)}
        while cells:
            # A check at a time: see `posture.store.records`.
            cells.popitem()
        return found

    def _declared(self) -> Declaration:
        if self._declaration is None:
            raise RuntimeError("nothing has been declared yet")
        return self._declaration

    def _unseen(self, declaration: Declaration) -> dict[str, int]:
        unseen = self.findings.rows.unseen_writes()
        self._written = {key: name for key, name in self._written.items() if key in unseen}
        counts: dict[str, int] = {}
        for name in self._written.values():
            counts[name] = counts.get(name, 0) + 1
        for finding in self.findings.rows.read_findings(unseen.keys() - self._written.keys()):
            if mark := declaration.mark_of(finding):
                counts[mark.policy] = counts.get(mark.policy, 0) + 1
        return counts


def _nothing_changed() -> dict[RecordState, set[CellKey]]:
    return {state: set() for state in RecordState}


def _examples(writes: Sequence[Write]) -> dict[str, list[str]]:
    """Name some findings that policies still have to let go of."""
    examples: dict[str, list[str]] = {}
    for write in writes:
        if write.act in {FindingAct.REOPEN, FindingAct.UNMARK}:
            named = examples.setdefault(write.policy, [])
            if len(named) < _NAMED:
                named.append(write.finding.id)
    return examples


def _key(finding: FindingId) -> bytes:
    return key_of(finding.product_arn, finding.id)

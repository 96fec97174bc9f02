"""What the policies have to do with each place of a hub, kept up as findings and declarations change.

All of it runs in the hub's thread. A place is a cell of the store; what is archived is one place more.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from posture.domain.suppression_declaration import Declaration, differences
from posture.domain.suppression_plan import Act, Outcome, Plan, Timing, Write, plan, too_many
from posture.domain.suppression_survey import NOTHING, Surveys, survey
from posture.domain.suppression_tries import FindingId, remembered, tried
from posture.hubs.known import Known
from posture.store import CellKey, CustomerWrite, key_of
from posture.suppression import kept_tries
from posture.suppression.effect import Effect, effects
from posture.suppression.scopes import Sight

_TRIES = "suppression.tries"
_NAMED = 3
_ARCHIVED: CellKey = (-1, -1, -1)


class Moment(NamedTuple):
    """A plan, and what there is beside it.

    `unseen`: by policy, how many writes Security Hub has not shown yet. `examples`: by policy, Ids of some
    findings that it still has to let go of.
    """

    plan: Plan
    unseen: Mapping[str, int]
    examples: Mapping[str, Sequence[str]]

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """Give the outcome of each policy."""
        return self.plan.outcomes


class Following:
    """The surveys of one hub while its store is open. A store that was opened anew needs another one."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self._declaration: Declaration | None = None
        self._surveys: Surveys[CellKey] = Surveys()
        self._written: dict[bytes, str] = {}
        self._tries = kept_tries.load(known.store, _TRIES)
        self._noted = False
        known.changed = set()

    def plan(self, declaration: Declaration, now: int, interval: int) -> Moment:
        """Plan what is to be written; `now` and `interval` (between polls) in µs."""
        self._refresh(declaration)
        self._tries = remembered(self._tries, now)
        self._save()
        timing = Timing(now, interval, self._tries)
        made = plan(declaration, self._surveys.tallies(), self._surveys.cases(), timing)
        return Moment(made, self._unseen(declaration), _examples(made.writes))

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
        self.known.record(rows, at)
        self._written.update({_key(write.finding): write.policy for write in writes})
        self._note(writes, at)

    def refused(self, writes: Sequence[Write], at: int) -> None:
        """Take in what Security Hub refused: it is tried again, less and less often."""
        self._note(writes, at)

    def excepting(self, keys: Sequence[bytes]) -> dict[bytes, tuple[str, ...]]:
        """Return the policies that select some findings, frozen ones too; expired ones do not."""
        if self._declaration is None:
            raise RuntimeError("nothing has been declared yet")
        return {
            _key(FindingId(finding.product_arn, finding.id)): self._declaration.selecting(finding)
            for finding in self.known.store.read(keys)
        }

    def effects(self, sights: Mapping[str, Sight]) -> dict[str, Effect]:
        """Return what the score of its target is with each policy, and would be without it."""
        if self._declaration is None:
            raise RuntimeError("nothing has been declared yet")
        found: dict[str, Effect] = {}
        idle = too_many(self._declaration, self._surveys.tallies())
        for name, sight in sights.items():
            own = [each for each, policy in self._declaration.policies.items() if policy.scope == name]
            found |= effects(self.known, self._surveys, sight, own, idle) if own else {}
        return found

    def _note(self, writes: Sequence[Write], at: int) -> None:
        self._tries = tried(self._tries, writes, at)
        self._noted = True

    def _save(self) -> None:
        if self._noted:
            kept_tries.save(self.known.store, _TRIES, self._tries)
            self._noted = False

    def _refresh(self, declaration: Declaration) -> None:
        """Survey again wherever findings changed, or what is declared for them did."""
        changed, self.known.changed = self.known.changed or set(), set()
        before, self._declaration = self._declaration, declaration
        store = self.known.store
        others = None if before is None else differences(before, declaration)
        if others is None:
            self._surveys = Surveys()
            places = store.annotated_cells() | self._selectable(declaration, None)
        else:
            places = changed
            if others:
                places |= self._selectable(declaration, others)
                places |= {place for name in others for place in self._surveys.places_of(name)}
        places.discard(_ARCHIVED)
        for place, findings in store.unsettled(places):
            self._surveys.put(place, survey(findings, declaration))
            places.discard(place)
        for place in places:
            self._surveys.put(place, NOTHING)
        self._surveys.put(_ARCHIVED, survey(store.annotated_archived(), declaration))

    def _selectable(self, declaration: Declaration, only: frozenset[str] | None) -> set[CellKey]:
        store = self.known.store
        cells = store.open_cells(declaration.checks(store.checks(), only))
        return {place for place, _ in declaration.places(cells, only)}

    def _unseen(self, declaration: Declaration) -> dict[str, int]:
        unseen = self.known.store.unseen_writes()
        self._written = {key: name for key, name in self._written.items() if key in unseen}
        counts: dict[str, int] = {}
        for name in self._written.values():
            counts[name] = counts.get(name, 0) + 1
        for finding in self.known.store.read(unseen.keys() - self._written.keys()):
            if mark := declaration.mark_of(finding):
                counts[mark.policy] = counts.get(mark.policy, 0) + 1
        return counts


def _examples(writes: Sequence[Write]) -> dict[str, list[str]]:
    """Name some findings that policies still have to let go of."""
    examples: dict[str, list[str]] = {}
    for write in writes:
        if write.act in {Act.REOPEN, Act.UNMARK}:
            named = examples.setdefault(write.policy, [])
            if len(named) < _NAMED:
                named.append(write.finding.id)
    return examples


def _key(finding: FindingId) -> bytes:
    return key_of(finding.product_arn, finding.id)

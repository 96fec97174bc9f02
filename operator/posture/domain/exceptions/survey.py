"""What the findings of some places are to the policies: counted, and those that may need a write set aside.

A survey depends on nothing but the findings and the declaration, so that it can be kept for each place (a
cell of the store) and made again only where findings changed, or where a policy that has to do with the place
did.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import add, attrgetter, sub
from typing import Generic, NamedTuple, TypeVar

from posture.domain.exceptions import marks
from posture.domain.exceptions.declaration import Declaration, SelectedBy
from posture.domain.exceptions.marks import Mark
from posture.domain.exceptions.policy import Phase, Release
from posture.domain.findings import Cell, Check, Compliance, Count, Finding, RecordState, Severity, Workflow

Place = TypeVar("Place", bound=Hashable)


class SurveyTally(NamedTuple):
    """What one policy has to do with some findings: with ACTIVE ones, but for `marked`."""

    matched: int = 0
    """It selects them."""
    suppressed: int = 0
    """It suppressed them."""
    marked: int = 0
    """They bear its mark, in whatever state."""
    undone: int = 0
    """Of these, those that it selects and that somebody reopened."""
    forbidden: int = 0
    """Matched, not suppressed by anybody, and no grant lets it."""
    would_suppress: int = 0
    """Held back because it is frozen."""
    would_reopen: int = 0
    """Held back because it is frozen."""
    barred: int = 0
    """They bear its mark, and no grant lets them be written to any longer."""

    def combined(self, other: "SurveyTally", operation: Callable[[int, int], int] = add) -> "SurveyTally":
        """Add another tally to this one, or take it away."""
        return SurveyTally(*map(operation, self, other))


class Case(NamedTuple):
    """A finding that may need a write."""

    finding: Finding
    mark: Mark | None
    """Ours, if it bears one."""
    claims: tuple[str, ...]
    """The policies that want it suppressed, in their order."""
    release: Release | None
    """Why the policy of the mark lets go of it."""


# By check, account, Region and the other policies that want it: when a suppressed finding of each compliance
# status was last updated.
Effects = dict[tuple[Check, str, str, tuple[str, ...]], dict[Compliance, int]]


class ExceptionSurvey(NamedTuple):
    """What was found, by policy. `effects`: of what is suppressed by this policy."""

    tallies: Mapping[str, SurveyTally]
    cases: Sequence[Case]
    effects: Mapping[str, Effects]


def survey(findings: Iterable[Finding], declaration: Declaration) -> ExceptionSurvey:
    """Survey findings, of any record state, each of which must be there once."""
    surveyor = _Surveyor(declaration)
    for (check, account_id, region), those in groupby(findings, _place_of):
        surveyor.look_at(those, declaration.selected_at(check, account_id, region))
    return ExceptionSurvey(
        {name: SurveyTally(*counts) for name, counts in surveyor.counts.items()},
        surveyor.cases,
        surveyor.effects,
    )


_place_of = attrgetter("check", "account_id", "region")
_MATCHED, _SUPPRESSED, _MARKED, _UNDONE, _FORBIDDEN, _WOULD_SUPPRESS, _WOULD_REOPEN, _BARRED = range(
    len(SurveyTally._fields)
)


class _Surveyor:
    def __init__(self, declaration: Declaration) -> None:
        self._declared = declaration
        self.counts: dict[str, list[int]] = {}
        self.cases: list[Case] = []
        self.effects: dict[str, Effects] = {}

    def look_at(self, findings: Iterable[Finding], selecting: SelectedBy) -> None:
        """Take in findings of one check, account and Region."""
        for finding in findings:
            names = selecting(finding)
            mark = self._declared.mark_of(finding) if finding.user_fields else None
            if names or mark is not None:
                self._look_at(finding, names, mark)

    def _look_at(self, finding: Finding, selecting: tuple[str, ...], mark: Mark | None) -> None:
        claims = self._declared.claiming(finding, selecting)
        if finding.record_state is RecordState.ACTIVE:
            self._count_matches(finding, selecting, claims)
        if mark is not None:
            self._look_at_marked(finding, mark, selecting, claims)
        elif claims and _is_open(finding):
            self.cases.append(Case(finding, None, claims, None))

    def _count_matches(self, finding: Finding, selecting: tuple[str, ...], claims: tuple[str, ...]) -> None:
        for name in selecting:
            self._count(name, _MATCHED)
        if finding.workflow is Workflow.SUPPRESSED or claims:
            return
        for name in selecting:
            permitted = self._declared.permits(name, finding.account_id)
            self._count(name, _WOULD_SUPPRESS if permitted else _FORBIDDEN)

    def _look_at_marked(
        self, finding: Finding, mark: Mark, selecting: tuple[str, ...], claims: tuple[str, ...]
    ) -> None:
        holder = mark.policy
        self._count(holder, _MARKED)
        if not self._declared.permits(holder, finding.account_id):
            self._count(holder, _BARRED)
        release = self._declared.release(mark, finding, selecting)
        if finding.workflow is Workflow.SUPPRESSED:
            if finding.record_state is RecordState.ACTIVE:
                self._count(holder, _SUPPRESSED)
                self._count_effect(finding, holder, claims)
            if holder in claims:
                wanted = self._as_wanted(finding, mark)
            else:
                wanted = release is None
                if not claims and holder not in selecting and self._is_frozen(holder):
                    self._count(holder, _WOULD_REOPEN)
        else:
            if holder in selecting and _is_open(finding):
                self._count(holder, _UNDONE)
            wanted = release is None and not (claims and _is_open(finding))
        if not wanted:
            self.cases.append(Case(finding, mark, claims, release))

    def _count_effect(self, finding: Finding, holder: str, claims: tuple[str, ...]) -> None:
        """Note what the finding would say of its control, and who would suppress it instead."""
        others = tuple(name for name in claims if name != holder)
        place = finding.check, finding.account_id, finding.region, others
        newest = self.effects.setdefault(holder, {}).setdefault(place, {})
        newest[finding.compliance] = max(newest.get(finding.compliance, 0), finding.updated_at)

    def _as_wanted(self, finding: Finding, mark: Mark) -> bool:
        """Whether note and mark are as the policy would write them."""
        return (
            finding.note == self._declared.notes[mark.policy]
            and mark == self._declared.owned(mark, mark.policy)
            and marks.is_complete(finding.user_fields, mark)
        )

    def _is_frozen(self, name: str) -> bool:
        policy = self._declared.policies.get(name)
        return policy is not None and policy.phase is Phase.FROZEN

    def _count(self, name: str, what: int) -> None:
        counts = self.counts.get(name)
        if counts is None:
            counts = self.counts[name] = [0] * len(SurveyTally._fields)
        counts[what] += 1


def _is_open(finding: Finding) -> bool:
    return finding.record_state is RecordState.ACTIVE and finding.workflow is not Workflow.SUPPRESSED


class Surveys(Generic[Place]):
    """The surveys of all places of a hub, kept up place by place."""

    def __init__(self) -> None:
        self._kept: dict[Place, ExceptionSurvey] = {}
        self._totals: dict[str, SurveyTally] = {}
        self._places: dict[str, set[Place]] = {}
        self._unsettled: dict[Place, None] = {}

    def put(self, place: Place, found: ExceptionSurvey) -> None:
        """Keep the survey of a place instead of the one before."""
        before = self._kept.pop(place, NOTHING)
        for name, tally in before.tallies.items():
            self._totals[name] = self._totals[name].combined(tally, sub)
            self._places[name].discard(place)
        self._unsettled.pop(place, None)
        for name, tally in found.tallies.items():
            self._totals[name] = self._totals.get(name, SurveyTally()).combined(tally)
            self._places.setdefault(name, set()).add(place)
        for name in before.tallies.keys() - found.tallies.keys():
            if not self._places[name]:
                del self._places[name], self._totals[name]
        if found.tallies:
            self._kept[place] = found
        if found.cases:
            self._unsettled[place] = None

    def places_of(self, policy: str) -> frozenset[Place]:
        """Return the places that have findings which a policy selects, or that bear its mark."""
        return frozenset(self._places.get(policy, ()))

    def tallies(self) -> Mapping[str, SurveyTally]:
        """Return the tallies of all places together."""
        return dict(self._totals)

    def cases(self) -> Iterator[Case]:
        """Yield the cases of all places; nothing may be put meanwhile."""
        return chain.from_iterable(self._kept[place].cases for place in self._unsettled)

    def effect(self, policy: str, cutoff: int, idle: Collection[str] = ()) -> Iterator[Cell]:
        """Yield what findings would say if nobody suppressed them, of those that only this policy suppresses.

        One finding stands for all of a cell with the same compliance; those updated since `cutoff` are fresh.
        `idle`: policies that take on nothing new, and so would not suppress them instead.
        """
        for place in self._places.get(policy, ()):
            found = self._kept[place].effects.get(policy, {})
            for (check, account_id, region, others), newest in found.items():
                if any(name not in idle for name in others):
                    continue
                looks = (
                    Count(Severity.MEDIUM, compliance, Workflow.NEW, updated_at >= cutoff, 1)
                    for compliance, updated_at in newest.items()
                )
                yield Cell(check, account_id, region, tuple(looks))


NOTHING = ExceptionSurvey({}, (), {})

"""Puts a hub's findings in, as far as the rules of a target have to do with them. In the hub's thread."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from posture.domain.exceptions.declaration import Scope
from posture.domain.findings import Check, Finding, RecordState
from posture.domain.remediation.collecting import Beside, Gathering
from posture.domain.remediation.resources import ResourceKey, located
from posture.domain.selection.matcher import Matcher
from posture.domain.time import HOUR
from posture.remediation.declared import RuleTerms
from posture.store.interface import FindingRows
from posture.store.records import CellKey

_ACTIVE = RecordState.ACTIVE
_BELIEVED_FOR = HOUR


def gather(rows: FindingRows, gathering: Gathering, scope: Scope) -> None:
    """Put in what the rules of a target select, then what protects that."""
    matcher = gathering.matcher
    cells = rows.surveyed_cells(matcher.checks(rows.checks()), _ACTIVE)
    places: dict[CellKey, Callable[[Finding], Sequence[str]]] = dict(matcher.places(cells, scope.covers))
    for cell, findings in rows.surveyed(places, _ACTIVE):
        for finding in findings:
            gathering.add(finding, places[cell](finding))
    beside = gathering.places_beside()
    controls = {each.control for each in beside}
    same = {
        check: found
        for check in rows.checks()
        if (found := controls.intersection(control for _, control in scope.controls.pairs_of(check)))
    }
    for _, findings in rows.surveyed(_cells_of(rows, same, beside), _ACTIVE):
        for finding in findings:
            gathering.add_beside(finding)
    # What somebody suppressed in one Region is suppressed, also once it has passed there.
    for finding in rows.passed_suppressed(list(same)):
        gathering.add_beside(finding)


def _cells_of(
    rows: FindingRows, checks: Mapping[Check, Collection[str]], beside: Collection[Beside]
) -> list[CellKey]:
    """Return the cells of these checks, with their controls, in these places."""
    return [
        cell
        for check, by_account in rows.surveyed_cells(list(checks), _ACTIVE).items()
        for account_id, by_region in by_account.items()
        for region, cell in by_region.items()
        if any(
            Beside(control, account_id, each) in beside
            for control in checks[check]
            for each in (region, None)
        )
    ]


class _Counted(NamedTuple):
    """How many resources there were, and whether these were all."""

    terms: RuleTerms
    scope: Scope
    at: int
    resources: int
    all: bool


class CheckedResources:
    """Counts the resources that the controls of each rule check in its target, as far as that matters.

    Once there are so many that `limits.percent` holds nobody back it is not counted on: of so many as may be
    written to a day, or are candidates, each then has its share. What was counted is believed for an hour:
    it is read from all findings of these controls, also of those that passed.
    """

    def __init__(self) -> None:
        self._counted: dict[str, _Counted] = {}

    def of(
        self,
        rows: FindingRows,
        matcher: Matcher[str],
        scope: Scope,
        terms: RuleTerms,
        candidates: int,
        now: int,
    ) -> int:
        """Return the count for a rule; `now`: µs."""
        limits, name = terms.rule.limits, terms.rule.name
        enough = -(-min(candidates, limits.per_day) * 100 // limits.percent)
        known = self._counted.get(name)
        if (
            known is not None
            and known.terms == terms
            and known.scope is scope
            and 0 <= now - known.at < _BELIEVED_FOR
            and (known.all or known.resources >= enough)
        ):
            return known.resources
        counted = _counted(rows, matcher, scope, terms, enough)
        self._counted[name] = _Counted(terms, scope, now, counted, all=counted < enough)
        return counted

    def keep(self, rules: Collection[str]) -> None:
        """Forget all rules but these."""
        self._counted = {name: each for name, each in self._counted.items() if name in rules}


def _counted(rows: FindingRows, matcher: Matcher[str], scope: Scope, terms: RuleTerms, enough: int) -> int:
    works_on = terms.selecting.works_on
    checks = matcher.checks(rows.checks(), {terms.rule.name})
    found: set[ResourceKey] = set()
    for finding in rows.findings(checks=checks) if enough and checks else ():
        if scope.covers(finding.check, finding.account_id):
            fitting = (each for each in finding.resources if each.type in works_on.types)
            found.update(located(finding, each, works_on).key for each in fitting)
            if len(found) >= enough:
                break
    return len(found)

"""Puts a hub's findings in, as far as the rules of a target have to do with them. In the hub's thread."""

from collections.abc import Callable, Iterable, Sequence

from posture.domain.exceptions.declaration import Scope
from posture.domain.findings import Check, Finding, RecordState
from posture.domain.remediation.candidates import Gathering, Side
from posture.domain.remediation.resources import ResourceKey, located
from posture.domain.selection.matcher import Matcher
from posture.remediation.declared import RuleTerms
from posture.store.interface import FindingRows
from posture.store.records import CellKey

_ACTIVE = RecordState.ACTIVE


def gather(rows: FindingRows, gathering: Gathering, scope: Scope, rules: Iterable[str]) -> None:
    """Put in what the rules of a target select, then what protects that."""
    matcher = gathering.matcher
    cells = rows.surveyed_cells(matcher.checks(rows.checks()), _ACTIVE)
    places: dict[CellKey, Callable[[Finding], Sequence[Side]]] = dict(matcher.places(cells, scope.covers))
    for cell, findings in rows.surveyed(places, _ACTIVE):
        for finding in findings:
            gathering.add(finding, places[cell](finding))
    candidates = [each for rule in rules for each in gathering.candidates(rule)]
    controls = {control.upper() for each in candidates for control in each.controls}
    accounts = {each.resource.account_id for each in candidates}
    same = [
        check
        for check in rows.checks()
        if any(control in controls for _, control in scope.controls.pairs_of(check))
    ]
    for _, findings in rows.surveyed(_cells_of(rows, same, accounts), _ACTIVE):
        for finding in findings:
            gathering.add_beside(finding)
    # What somebody suppressed in one Region is suppressed, also once it has passed there.
    for finding in rows.passed_suppressed(same):
        gathering.add_beside(finding)


def _cells_of(rows: FindingRows, checks: Sequence[Check], accounts: set[str]) -> list[CellKey]:
    """Return the cells of these checks in these accounts, whatever Region they are of."""
    return [
        cell
        for by_account in rows.surveyed_cells(checks, _ACTIVE).values()
        for account_id, by_region in by_account.items()
        if account_id in accounts
        for cell in by_region.values()
    ]


def checked_resources(
    rows: FindingRows, matcher: Matcher[Side], scope: Scope, terms: RuleTerms, candidates: int
) -> int:
    """Return how many resources the controls of a rule check in the target, as far as that matters.

    Once there are so many that `limits.percent` holds nobody back it is not counted on: of so many as may be
    written to a day, or are candidates, each then has its share. What was counted is there at least.
    """
    limits = terms.rule.limits
    enough = -(-min(candidates, limits.per_day) * 100 // limits.percent)
    works_on = terms.selecting.works_on
    checks = matcher.checks(rows.checks(), {Side(terms.rule.name, excepting=False)})
    found: set[ResourceKey] = set()
    for finding in rows.findings(checks=checks) if enough and checks else ():
        if scope.covers(finding.check, finding.account_id):
            fitting = (each for each in finding.resources if each.type in works_on.types)
            found.update(located(finding, each, works_on).key for each in fitting)
            if len(found) >= enough:
                break
    return len(found)

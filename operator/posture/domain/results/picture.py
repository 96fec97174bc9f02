"""What is known of the rules that targets ask for: cells like those of findings, and where they have gaps.

A cell of a rule's result has no finding behind it: it counts none, and says of its control what the result
says. A rule is one control in the standard of its pack, `conformance-pack/<name>`, by its name without the
pack's suffix; and one in `config-rules`, by the name that a target asks for.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from posture.domain.findings import CONFIG, Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.results.packs import Attribution, Numbers, attribute
from posture.domain.results.rows import (
    PackResult,
    Place,
    RuleKey,
    RuleResult,
    Verdict,
    is_security_hubs,
    pack_rule,
)
from posture.domain.scoring.gaps import EVERYWHERE, Gaps, Size
from posture.domain.standards import CONFIG_RULES, Controls, pack_of, pack_standard

_ACCOUNT_DIGITS = 12


class Asked(NamedTuple):
    """The packs and rules that targets ask for, by whole names."""

    packs: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()

    def covers(self, other: "Asked") -> bool:
        """Whether everything is asked for that the other asks for."""
        return self.packs >= other.packs and self.rules >= other.rules


NOTHING_ASKED = Asked()


class SourceState(NamedTuple):
    """How the last update of a source of the aggregator went in a Region."""

    source_id: str
    """An account, or what stands for an organization."""
    region: str
    succeeded: bool


class RuleCell(NamedTuple):
    """A rule's result in a Region of an account."""

    check: Check
    region: str
    verdict: Verdict


KnownPacks = Mapping[Place, Mapping[str, str]]
"""By account and Region: id → name of each pack that was told apart."""


class Picture(NamedTuple):
    """Everything that is known at one moment; equal pictures give equal scores."""

    asked: Asked
    """What it tells of."""
    cells: Mapping[str, tuple[RuleCell, ...]]
    """By account id, sorted."""
    gaps: Gaps
    packs: KnownPacks
    members: frozenset[str]
    """Accounts that the aggregator collects from, as far as it names them, with results or without."""


class Gathering:
    """Takes in the rows of an aggregator, as they come."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._numbers: dict[Place, dict[str, list[int]]] = defaultdict(dict)
        self._rules: list[RuleResult] = []
        self._packs: dict[Place, list[PackResult]] = defaultdict(list)

    def add_rule(self, result: RuleResult) -> None:
        """Take in what a rule came to."""
        if is_security_hubs(result.rule):
            return
        name, id_ = pack_rule(result.rule)
        if id_:
            numbers = self._numbers[result.place].setdefault(id_, [0, 0])
            if result.verdict is Verdict.PASSED:
                numbers[0] += 1
            elif result.verdict is Verdict.FAILED:
                numbers[1] += 1
        if (id_ and self._asked.packs) or not self._asked.rules.isdisjoint((name, result.rule)):
            self._rules.append(result)

    def add_pack(self, result: PackResult) -> None:
        """Take in what a pack came to."""
        self._packs[result.place].append(result)

    def failed(self) -> Mapping[RuleKey, int | None]:
        """Return the rules that failed, and for how many resources at least."""
        return {each.key: each.failing for each in self._rules if each.verdict is Verdict.FAILED}

    def picture(
        self, known: KnownPacks, sources: Iterable[SourceState], lifted: Collection[RuleKey]
    ) -> Picture:
        """Return what follows from all rows. `lifted`: of the failed rules those that do no longer fail."""
        states = list(sources)
        told = {
            place: attribute(
                {id_: _numbers(each) for id_, each in self._numbers.get(place, {}).items()},
                packs,
                known.get(place, {}),
            )
            for place, packs in self._packs.items()
        }
        cells: dict[str, list[RuleCell]] = defaultdict(list)
        seen: dict[tuple[str, Place], set[str]] = defaultdict(set)
        checks: dict[tuple[str, str], Check] = {}
        for result in self._rules:
            account_id, region = result.place
            verdict = Verdict.LIFTED if result.key in lifted else result.verdict
            for standard, control in self._pairs(result, told.get(result.place)):
                check = checks.setdefault((standard, control), check_of_rule(standard, control))
                cells[account_id].append(RuleCell(check, region, verdict))
                seen[standard, result.place].add(control)
        return Picture(
            self._asked,
            {account: tuple(sorted(found)) for account, found in sorted(cells.items())},
            self._gaps(told, seen, states),
            {place: dict(sorted(each.names.items())) for place, each in sorted(told.items()) if each.names},
            frozenset(each.source_id for each in states if _is_account(each.source_id))
            | {place.account_id for place in self._packs}
            | cells.keys(),
        )

    def _pairs(self, result: RuleResult, told: Attribution | None) -> Iterable[tuple[str, str]]:
        """Yield the standards that a rule belongs to, and its name there."""
        name, id_ = pack_rule(result.rule)
        pack = told.names.get(id_) if told else None
        if pack in self._asked.packs and pack is not None:
            yield pack_standard(pack), name
        for asked in {name, result.rule} & self._asked.rules:
            yield CONFIG_RULES, asked

    def _gaps(
        self,
        told: Mapping[Place, Attribution],
        seen: Mapping[tuple[str, Place], set[str]],
        states: Iterable[SourceState],
    ) -> Gaps:
        incomplete: dict[str, set[str]] = defaultdict(set)
        for state in states:
            if not state.succeeded:
                account = state.source_id if _is_account(state.source_id) else EVERYWHERE
                incomplete[account].add(state.region)
        unclear: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        sizes: dict[str, dict[str, set[Size]]] = {
            pack_standard(pack): defaultdict(set) for pack in self._asked.packs
        }
        for place, packs in self._packs.items():
            for each in packs:
                standard = pack_standard(each.pack)
                if each.pack not in self._asked.packs or each.pack in told[place].gone or not each.rules:
                    continue
                named = len(seen.get((standard, place), ())) == each.rules
                sizes[standard][place.account_id].add(Size(each.rules, named))
                if each.pack in told[place].unclear:
                    unclear[standard][place.account_id].add(place.region)
        return Gaps(
            _sorted(incomplete),
            {standard: _sorted(each) for standard, each in sorted(unclear.items())},
            {
                standard: {account: frozenset(found) for account, found in sorted(each.items())}
                for standard, each in sorted(sizes.items())
            },
        )


def check_of_rule(standard: str, control: str) -> Check:
    """Return what a rule of a standard is a check of."""
    return Check(CONFIG, source=CheckSource.CONFIG, control=control, numbered=False, standards=(standard,))


def _said(*counts: tuple[Compliance, Workflow]) -> tuple[Count, ...]:
    return tuple(Count(Severity.MEDIUM, *each, fresh=True, n=0) for each in counts)


_COUNTS = {
    Verdict.NO_DATA: _said(),
    Verdict.PASSED: _said((Compliance.PASSED, Workflow.NEW)),
    Verdict.FAILED: _said((Compliance.FAILED, Workflow.NEW)),
    # As it is counted, and what only the unsuppressed score sees.
    Verdict.LIFTED: _said((Compliance.PASSED, Workflow.NEW), (Compliance.FAILED, Workflow.SUPPRESSED)),
}


def cells_of(cells: Iterable[tuple[str, Iterable[RuleCell]]]) -> Iterable[Cell]:
    """Yield cells as findings have them, by account id."""
    for account_id, found in cells:
        for check, region, verdict in found:
            yield Cell(check, account_id, region, _COUNTS[verdict])


def _numbers(counted: Iterable[int]) -> Numbers:
    passed, failed = counted
    return passed, failed


def _is_account(source_id: str) -> bool:
    return len(source_id) == _ACCOUNT_DIGITS and source_id.isascii() and source_id.isdigit()


def _sorted(regions: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {account: tuple(sorted(each)) for account, each in sorted(regions.items())}


def asked_by(standards: Collection[str], controls: Controls) -> Asked:
    """Return the packs and rules that these standards are about."""
    packs = (pack for standard in standards if (pack := pack_of(standard)))
    listed = controls.standards.get(CONFIG_RULES)
    rules = listed.controls if listed is not None and CONFIG_RULES in standards else ()
    return Asked(frozenset(packs), frozenset(rules))

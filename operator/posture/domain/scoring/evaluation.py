"""The evaluation of one target: every score, and every number that is published with it."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

from posture.domain.findings import SECURITY_HUB, Cell, Check
from posture.domain.scoring.accounts import AccountFilter, AccountStanding, Group, Grouping
from posture.domain.scoring.control_bits import ControlBits
from posture.domain.scoring.evidence import (
    FAILED,
    PASSED,
    UNKNOWN,
    ControlVerdict,
    Evidence,
    hidden,
    judge_control,
    judge_pooled,
    scores,
)
from posture.domain.scoring.scores import ControlCounts, FindingKey, Scores
from posture.domain.scoring.tally import Account, tally_cells
from posture.domain.standards import Controls, ControlStatus, product_of


class TurnedOff(NamedTuple):
    """A control that a policy turned off: in one standard, account and Region."""

    standard: str
    control: str
    """Upper-cased."""
    account_id: str
    region: str


class View(NamedTuple):
    """What one target looks at."""

    standards: tuple[str, ...]
    """Names of the chosen standards (`["*"]` written out)."""
    controls: Controls
    """What the hub knows of them."""
    accounts: AccountFilter
    """Which accounts it targets."""
    grouping: Grouping
    home: tuple[str, str]
    """The hub's own account id and Region, the one place of which `controls` says what is off."""
    products: frozenset[str] = frozenset()
    """The other products that are counted."""
    names: Mapping[str, str] = {}
    """Of accounts, by id."""
    members: frozenset[str] = frozenset()
    """Account ids that the hub knows even if without findings."""
    turned_off: Mapping[TurnedOff, ControlStatus] = {}
    """What policies turned off, with the status it had then."""
    released: frozenset[TurnedOff] = frozenset()
    """What is taken to be on, whatever the hub says: how it would be without a policy."""

    def covers(self, check: Check, account_id: str) -> bool:
        """Whether ACTIVE findings of a check in an account are the target's: counted, and selectable."""
        if self.accounts.standing(account_id) is not AccountStanding.TARGETED:
            return False
        if check.source:
            return any(standard in self.standards for standard, _ in self.controls.pairs_of(check))
        return product_of(check) in self.products


class WorkloadScope(NamedTuple):
    """A workload in an environment, by one standard."""

    standard: str
    workload: str
    environment: str


class AccountScope(NamedTuple):
    """An account, by one standard."""

    standard: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All numbers of a target, sorted by key."""

    target: Scores
    standards: Mapping[str, Scores]
    """Every chosen one is there."""
    workloads: Mapping[WorkloadScope, Scores]
    """Those that have any score; none while an account with findings is in a group that is not known."""
    accounts: Mapping[AccountScope, Scores]
    """Those that have any score."""
    pooled: ControlCounts
    """Each control once over all standards."""
    controls: Mapping[str, ControlCounts]
    """Of every chosen standard."""
    statuses: Mapping[tuple[str, str], ControlStatus]
    """By standard and control id as AWS spells it."""
    findings: Mapping[FindingKey, int]
    reporting: tuple[str, ...]
    silent: tuple[str, ...]
    excluded: tuple[str, ...]
    groups: Mapping[str, Group]
    """Of all targeted accounts, reporting or not, of which it is known."""
    names: Mapping[str, str]
    """Of all targeted accounts, reporting or not."""
    owners: Mapping[str, str]
    """To whom accounts belong, where a tag of theirs says."""
    unusable: tuple[str, ...]
    """Without findings, and no wonder: closed, suspended or not active yet. They are not silent."""
    ungrouped: tuple[str, ...]
    """Whose group is not known, with or without findings."""
    failed_findings: Mapping[AccountScope, int] = field(default_factory=dict)
    """Findings in state FAILED that count for a standard, where there are any: one can count for several."""

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Ids of the accounts whose name does not fit the pattern, sorted."""
        return tuple(sorted(account_id for account_id, group in self.groups.items() if not group.matched))


def evaluate(cells: Iterable[Cell], view: View) -> Evaluation:
    """Evaluate a target from the cells of its hub, each of which is read once.

    Rules: Security Hub user guide, "Evaluating compliance status and control status" and "Determining
    security scores"; and the expected-controls method.
    """
    return _publishable(view, summed(cells, view))


class Sums(NamedTuple):
    """What the findings of a target say, by account id; and the ids of accounts that it excludes."""

    bits: ControlBits
    accounts: Mapping[str, Account]
    evidence: Mapping[str, Evidence]
    excluded: AbstractSet[str]


def bits_of(view: View, bits: ControlBits | None = None) -> ControlBits:
    """Return the bits of a view's standards; `bits`: of another view with the same standards and controls."""
    released = frozenset(place[:2] for place in view.released if place[2:] == view.home)
    if bits is None:
        bits = ControlBits(tuple(sorted(set(view.standards))), view.controls)
    return bits.releasing(released)


def summed(cells: Iterable[Cell], view: View, bits: ControlBits | None = None) -> Sums:
    """Read the cells of a hub for a view.

    `bits`: of another view with the same standards and controls, for evidence that is to be put together.
    """
    bits = bits_of(view, bits)
    off = off_pairs(view, bits)
    accounts, excluded = tally_cells(cells, bits, view.accounts, view.products - {SECURITY_HUB}, off.by_place)
    for member in view.members - accounts.keys():
        standing = view.accounts.standing(member)
        if standing is AccountStanding.TARGETED:
            accounts[member] = Account()
        elif standing is AccountStanding.EXCLUDED:
            excluded.add(member)
    evidence = {
        account_id: accounts[account_id].evidence(
            turned_off=off.by_account.get(account_id, 0), then=off.then.get(account_id)
        )
        for account_id in sorted(accounts)
    }
    return Sums(bits, accounts, evidence, excluded)


def pooled_scores(bits: ControlBits, controls: Controls, evidence: Evidence) -> Scores:
    """Score a target by what all of its accounts support, each control once over all standards."""
    return _Scoring(bits, controls).pooled(evidence)


def _publishable(view: View, sums: Sums) -> Evaluation:
    bits, accounts, evidence, excluded = sums
    grouping = view.grouping
    names = {id_: name for id_ in evidence if (name := grouping.name_of(id_, view.names.get(id_)))}
    groups = {id_: group for id_ in evidence if (group := grouping.group_of(id_, names.get(id_)))}
    ungrouped = tuple(account_id for account_id in evidence if account_id not in groups)
    nothing = Evidence()
    whole = all(evidence[account_id] == nothing for account_id in ungrouped)
    unseen = tuple(account_id for account_id, each in evidence.items() if not each.seen)
    everything = reduce(Evidence.merge, evidence.values(), Evidence())
    scoring = _Scoring(bits, view.controls)
    verdict = judge_control(everything, bits)
    by_account = {
        AccountScope(standard, account_id): found
        for standard in bits.standards
        for account_id, each in evidence.items()
        if any(found := scoring.standard(standard, each))
    }
    by_workload = {
        WorkloadScope(standard, *group): found
        for standard in bits.standards
        for group, each in sorted(_by_group(evidence, groups if whole else {}).items())
        if any(found := scoring.standard(standard, each))
    }
    return Evaluation(
        target=scoring.pooled(everything),
        standards={standard: scoring.standard(standard, everything) for standard in bits.standards},
        workloads=by_workload,
        accounts=by_account,
        pooled=judge_pooled(everything, bits).counts(lambda pairs: pairs),
        controls={standard: verdict.counts(scoring.only(standard)) for standard in bits.standards},
        statuses=_statuses(verdict, bits),
        findings={key: n for account_id in evidence for key, n in accounts[account_id].findings(account_id)},
        reporting=tuple(account_id for account_id, each in evidence.items() if each.seen),
        silent=tuple(account_id for account_id in unseen if not grouping.is_unusable(account_id)),
        excluded=tuple(sorted(excluded)),
        groups=groups,
        names=names,
        owners={id_: owner for id_ in evidence if (owner := grouping.owner_of(id_))},
        unusable=tuple(account_id for account_id in unseen if grouping.is_unusable(account_id)),
        ungrouped=ungrouped,
        failed_findings=_failed_findings(accounts, bits),
    )


def _failed_findings(accounts: Mapping[str, Account], bits: ControlBits) -> dict[AccountScope, int]:
    found: dict[AccountScope, int] = {}
    for standard in bits.standards:
        pairs = bits.of_standard(standard)
        for account_id in sorted(accounts):
            failing = sum(n for mask, n in accounts[account_id].failing.items() if mask & pairs)
            if failing:
                found[AccountScope(standard, account_id)] = failing
    return found


class _Scoring:
    """Scores by standard, or pooled, once all controls have their bits."""

    def __init__(self, bits: ControlBits, controls: Controls) -> None:
        self._bits = bits
        self._pairs = {standard: bits.of_standard(standard) for standard in bits.standards}
        facts = {standard: controls.standards.get(standard) for standard in bits.standards}
        self._complete = {standard: fact is not None and fact.complete for standard, fact in facts.items()}

    def only(self, standard: str) -> Callable[[int], int]:
        return self._pairs[standard].__and__

    def standard(self, standard: str, evidence: Evidence) -> Scores:
        return scores(evidence, self._bits, self.only(standard), complete=self._complete[standard])

    def pooled(self, evidence: Evidence) -> Scores:
        return scores(evidence, self._bits, self._bits.pooled, complete=all(self._complete.values()))


def _by_group(
    evidence: Mapping[str, Evidence], groups: Mapping[str, Group]
) -> dict[tuple[str, str], Evidence]:
    """Put accounts together that share a workload and an environment."""
    merged: dict[tuple[str, str], Evidence] = {}
    for account_id, group in groups.items():
        key = group.workload, group.environment
        merged[key] = merged.get(key, Evidence()).merge(evidence[account_id])
    return merged


def _statuses(verdict: ControlVerdict, bits: ControlBits) -> dict[tuple[str, str], ControlStatus]:
    by_status = {
        ControlStatus.PASSED: verdict.passed,
        ControlStatus.FAILED: verdict.failed,
        ControlStatus.UNKNOWN: verdict.unknown,
        ControlStatus.NO_DATA: verdict.no_data,
        ControlStatus.DISABLED: verdict.disabled,
    }
    return dict(sorted((pair, status) for status, pairs in by_status.items() for pair in bits.pairs(pairs)))


class OffPairs(NamedTuple):
    """Pairs that are off by account and Region; what policies turned off, and what was said of that then."""

    by_place: dict[str, dict[str, int]]
    by_account: dict[str, int]
    then: dict[str, dict[int, int]]


_THEN = {
    ControlStatus.PASSED: hidden(PASSED),
    ControlStatus.FAILED: hidden(FAILED),
    ControlStatus.UNKNOWN: hidden(UNKNOWN),
}


def off_pairs(view: View, bits: ControlBits) -> OffPairs:
    """Return what is off in a view: at the hub's home, and wherever a policy turned it off."""
    account_id, region = view.home
    off = OffPairs({account_id: {region: bits.off}}, {}, {})
    for (standard, control, account_id, region), status in view.turned_off.items():
        if standard not in bits.standards:
            continue
        pair = bits.bit(standard, control)
        regions = off.by_place.setdefault(account_id, {})
        regions[region] = regions.get(region, 0) | pair
        off.by_account[account_id] = off.by_account.get(account_id, 0) | pair
        if status in _THEN:
            then = off.then.setdefault(account_id, {})
            then[_THEN[status]] = then.get(_THEN[status], 0) | pair
    return off

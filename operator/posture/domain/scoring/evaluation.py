"""The evaluation of one target: every score, and every number that is published with it."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
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
)
from posture.domain.scoring.gaps import NO_GAPS, Gaps
from posture.domain.scoring.scopes import ScopeScores
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
    gaps: Gaps = NO_GAPS
    """What the hub does not know."""

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
    incomplete: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By targeted account, the Regions that could not be read; under `*` where that is nobody's in
    particular. No score of a scope that contains one exists, nor any number of its controls."""
    unclear: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """By standard and targeted account, the Regions in which it is not known what belongs to the standard.
    The same is true of them."""
    absent: tuple[str, ...] = ()
    """Standards that no targeted account has."""

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
    bits.known = reduce(or_, (account.told for account in accounts.values()), bits.known)
    evidence = {
        account_id: accounts[account_id].evidence(
            turned_off=off.by_account.get(account_id, 0), then=off.then.get(account_id)
        )
        for account_id in sorted(accounts)
    }
    return Sums(bits, accounts, evidence, excluded)


def pooled_scores(bits: ControlBits, view: View, evidence: Evidence, accounts: Iterable[str]) -> Scores:
    """Score a target by what all of these accounts support, each control once over all standards."""
    return ScopeScores(bits, view.controls, view.gaps, frozenset(accounts)).pooled(evidence)


def _publishable(view: View, sums: Sums) -> Evaluation:
    bits, accounts, evidence, excluded = sums
    grouping = view.grouping
    names = {id_: name for id_ in evidence if (name := grouping.name_of(id_, view.names.get(id_)))}
    groups = {id_: group for id_ in evidence if (group := grouping.group_of(id_, names.get(id_)))}
    ungrouped = tuple(account_id for account_id in evidence if account_id not in groups)
    nothing = Evidence()
    whole = all(evidence[account_id] == nothing for account_id in ungrouped)
    unseen = tuple(account_id for account_id, each in evidence.items() if not each.seen)
    everything = _merged(evidence, evidence)
    scoring = ScopeScores(bits, view.controls, view.gaps, frozenset(evidence))
    verdict = judge_control(everything, bits)
    known = [standard for standard in bits.standards if not view.gaps.hide((standard,), evidence)]
    by_account = {
        AccountScope(standard, account_id): found
        for standard in bits.standards
        for account_id, each in evidence.items()
        if any(found := scoring.standard(standard, each, (account_id,)))
    }
    by_workload = {
        WorkloadScope(standard, *group): found
        for standard in bits.standards
        for group, members in sorted(_by_group(groups if whole else {}).items())
        if any(found := scoring.standard(standard, _merged(evidence, members), members))
    }
    return Evaluation(
        target=scoring.pooled(everything),
        standards={standard: scoring.standard(standard, everything, evidence) for standard in bits.standards},
        workloads=by_workload,
        accounts=by_account,
        pooled=scoring.pooled_counts(judge_pooled(everything, bits)),
        controls={standard: scoring.counts(standard, verdict) for standard in known},
        statuses={pair: each for pair, each in _statuses(verdict, bits).items() if pair[0] in known},
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
        incomplete=view.gaps.incomplete_in(evidence),
        unclear=view.gaps.unclear_in(bits.standards, evidence),
        absent=tuple(each for each in bits.standards if view.gaps.lack(each, evidence)),
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


def _by_group(groups: Mapping[str, Group]) -> dict[tuple[str, str], list[str]]:
    """Put accounts together that share a workload and an environment."""
    members: dict[tuple[str, str], list[str]] = {}
    for account_id, group in groups.items():
        members.setdefault((group.workload, group.environment), []).append(account_id)
    return members


def _merged(evidence: Mapping[str, Evidence], accounts: Iterable[str]) -> Evidence:
    """Return what some accounts together support."""
    return reduce(Evidence.merge, (evidence[account_id] for account_id in accounts), Evidence())


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

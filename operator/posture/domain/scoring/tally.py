"""Counts what findings say of controls: one pass over the cells of a hub, for each account and scope.

From that follow the status of each control, and the scores.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import or_
from typing import NamedTuple

from posture.domain.findings import SECURITY_HUB, Cell, Check, Compliance, Severity, Workflow
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.scoring.control_bits import ControlBits
from posture.domain.scoring.scores import (
    ControlCounts,
    FindingKey,
    FindingState,
    Score,
    Scores,
    score,
    state_of_control_finding,
    state_of_product_finding,
)
from posture.domain.standards import product_of

# What one finding says of its control; the findings of a cell together say the OR.
ON = 1
PASSED = 2
FAILED = 4
UNKNOWN = 8
HIDDEN_PASSED = 16
HIDDEN_FAILED = 32
HIDDEN_UNKNOWN = 64
UNEXPECTED = 128


def saying(compliance: Compliance, workflow: Workflow) -> int:
    """Return what an ACTIVE finding inside the window says of a control that is on.

    Security Hub's rules look at nothing but Compliance, unless it is suppressed; those of the
    expected-controls method at Workflow NEW and NOTIFIED only, FAILED and WARNING.
    """
    if compliance is Compliance.PASSED:
        said = PASSED
    elif compliance is Compliance.FAILED:
        said = FAILED
    else:
        said = UNKNOWN
    if workflow is Workflow.SUPPRESSED:
        return ON | hidden(said)
    fails = compliance in {Compliance.FAILED, Compliance.WARNING}
    if fails and workflow in {Workflow.NEW, Workflow.NOTIFIED}:
        said |= UNEXPECTED
    return ON | said


def hidden(said: int) -> int:
    """Return the same, said by what only the unsuppressed score counts."""
    return said * (HIDDEN_PASSED // PASSED)


class Evidence(NamedTuple):
    """Sets of (standard, control) pairs (see `ControlBits`) that the findings of a scope support."""

    seen: int = 0
    """Any ACTIVE finding inside the window."""
    on: int = 0
    """Any of them where the control is on."""
    passed: int = 0
    """Not suppressed, where the control is on; so are the next two."""
    failed: int = 0
    unknown: int = 0
    hidden_passed: int = 0
    """Suppressed ones, and controls that a policy turned off with the status they had then; so are the next
    two."""
    hidden_failed: int = 0
    hidden_unknown: int = 0
    unexpected: int = 0
    """Failing by the expected-controls method."""
    turned_off: int = 0
    """By a policy, somewhere in the scope."""

    def merge(self, other: "Evidence") -> "Evidence":
        """Return what both scopes together support."""
        return Evidence(*map(or_, self, other))

    @staticmethod
    def of(said: Mapping[int, int], *, seen: int, turned_off: int) -> "Evidence":
        """Sort pairs by what is said of them (an OR of the constants above)."""

        def saying_any(what: int) -> int:
            pairs = 0
            for say, mask in said.items():
                if say & what:
                    pairs |= mask
            return pairs

        return Evidence(
            seen=seen,
            on=saying_any(ON),
            passed=saying_any(PASSED),
            failed=saying_any(FAILED),
            unknown=saying_any(UNKNOWN),
            hidden_passed=saying_any(HIDDEN_PASSED),
            hidden_failed=saying_any(HIDDEN_FAILED),
            hidden_unknown=saying_any(HIDDEN_UNKNOWN),
            unexpected=saying_any(UNEXPECTED),
            turned_off=turned_off,
        )


class ControlVerdict(NamedTuple):
    """The controls of a scope by status: disjoint sets."""

    passed: int
    failed: int
    unknown: int
    no_data: int
    disabled: int

    def counts(self, narrow: Callable[[int], int]) -> ControlCounts:
        """Count the controls of a part of the scope."""
        return ControlCounts(*(narrow(pairs).bit_count() for pairs in self))


def judge_control(evidence: Evidence, bits: ControlBits) -> ControlVerdict:
    """Decide the status of each (standard, control) pair of a scope."""
    disabled = _disabled(evidence, bits)
    return _verdict(evidence, bits.known | evidence.on, disabled, lambda pairs: pairs)


def judge_pooled(evidence: Evidence, bits: ControlBits) -> ControlVerdict:
    """Decide the status of each control over all standards, by those in which it is on."""
    disabled = _disabled(evidence, bits)
    return _verdict(evidence, bits.known | evidence.on, disabled, bits.pooled)


def _verdict(evidence: Evidence, listed: int, disabled: int, narrow: Callable[[int], int]) -> ControlVerdict:
    failed = narrow(evidence.failed)
    unknown = narrow(evidence.unknown) & ~failed
    passed = narrow(evidence.passed) & ~failed & ~unknown
    enabled = narrow(listed & ~disabled)
    return ControlVerdict(
        passed=passed,
        failed=failed,
        unknown=unknown,
        no_data=enabled & ~(failed | unknown | passed),
        disabled=narrow(disabled) & ~enabled,
    )


def _disabled(evidence: Evidence, bits: ControlBits) -> int:
    """Return the pairs that are off: at the hub's home or by a policy, and on nowhere in the scope."""
    return (bits.off | evidence.turned_off) & ~evidence.on


def scores(evidence: Evidence, bits: ControlBits, narrow: Callable[[int], int], *, complete: bool) -> Scores:
    """Score a scope; `narrow` takes the pairs of its standard, or pools all standards.

    `complete`: whether the hub lists all controls of what is scored, without which none is expected. Where no
    finding of what is scored is inside the window, nothing is known: that every expected control passed would
    be a guess.
    """
    e = evidence
    return Scores(
        aws=_by_status(narrow(e.passed), narrow(e.failed), narrow(e.unknown)),
        unsuppressed=_by_status(
            narrow(e.passed | e.hidden_passed),
            narrow(e.failed | e.hidden_failed),
            narrow(e.unknown | e.hidden_unknown),
        ),
        expected=_expected(evidence, bits, narrow) if complete and narrow(e.seen) else None,
    )


def _by_status(passed: int, failed: int, unknown: int) -> Score | None:
    """Divide PASSED by enabled with data (Security Hub user guide, "Determining security scores")."""
    return score((passed & ~failed & ~unknown).bit_count(), (passed | failed | unknown).bit_count())


def _expected(evidence: Evidence, bits: ControlBits, narrow: Callable[[int], int]) -> Score | None:
    """Take from the expected controls those of them that fail: it is never negative."""
    listed = bits.known & ~_disabled(evidence, bits)
    expected = narrow(listed)
    failed = narrow(evidence.unexpected & listed)
    return score((expected & ~failed).bit_count(), expected.bit_count())


# What to make of a finding: the state it is counted in, and what it says of its control. Indexed by
# compliance, workflow and freshness: this is looked up for every kind of finding of every cell.
_Rules = tuple[tuple[tuple[tuple[FindingState, int], ...], ...], ...]
_STATES = len(FindingState)
_KINDS = tuple((severity, state) for severity in Severity for state in FindingState)


def _tabulate(rule: Callable[[Compliance, Workflow, bool], tuple[FindingState, int]]) -> _Rules:
    return tuple(
        tuple(tuple(rule(compliance, workflow, fresh) for fresh in (False, True)) for workflow in Workflow)
        for compliance in Compliance
    )


def _of_enabled_control(compliance: Compliance, workflow: Workflow, fresh: bool) -> tuple[FindingState, int]:  # noqa: FBT001 -- a table's index
    state = state_of_control_finding(compliance, workflow, fresh=fresh, disabled=False)
    return state, saying(compliance, workflow) if fresh else 0


def _of_disabled_control(compliance: Compliance, workflow: Workflow, fresh: bool) -> tuple[FindingState, int]:  # noqa: FBT001 -- a table's index
    state = state_of_control_finding(compliance, workflow, fresh=fresh, disabled=True)
    return state, ON if fresh else 0


def _of_product(compliance: Compliance, workflow: Workflow, fresh: bool) -> tuple[FindingState, int]:  # noqa: ARG001, FBT001 -- a table's index
    return state_of_product_finding(compliance, workflow), 0


_ENABLED = _tabulate(_of_enabled_control)
_DISABLED = _tabulate(_of_disabled_control)
_PRODUCT = _tabulate(_of_product)


class Account:
    """What the findings of one account say, and how many there are. `off`: the pairs that are, by Region."""

    __slots__ = ("_counts", "_off", "_said", "_seen", "failing")

    def __init__(self, off: Mapping[str, int] | None = None) -> None:
        self._off = off
        self._said: dict[int, int] = {}
        self._seen = 0
        self._counts: dict[str, list[int]] = {}
        self.failing: dict[int, int] = {}
        """Findings in state FAILED, by the pairs that they count for and that are on."""

    def add_control(self, cell: Cell, pairs: int) -> None:
        """Add a cell of Security Hub's own; `pairs`: those that its findings count for where they are on."""
        enabled = pairs & ~self._off.get(cell.region, 0) if self._off else pairs
        rules = _ENABLED if enabled else _DISABLED
        said, failing = self._count(SECURITY_HUB, cell, rules)
        if failing:
            self.failing[enabled] = self.failing.get(enabled, 0) + failing
        if said:
            self._seen |= pairs
            self._said[said] = self._said.get(said, 0) | enabled

    def add_product(self, cell: Cell, product: str) -> None:
        """Add a cell of another product: counted, never scored."""
        self._count(product, cell, _PRODUCT)

    def _count(self, product: str, cell: Cell, rules: _Rules) -> tuple[int, int]:
        """Count a cell's findings; return what they say of their control, and how many are failed."""
        counts = self._counts.get(product)
        if counts is None:
            counts = self._counts[product] = [0] * len(_KINDS)
        said = failing = 0
        for severity, compliance, workflow, fresh, n in cell.counts:
            state, saying_now = rules[compliance][workflow][fresh]
            counts[severity * _STATES + state] += n
            said |= saying_now
            if state is FindingState.FAILED:
                failing += n
        return said, failing

    def evidence(self, *, turned_off: int = 0, then: Mapping[int, int] | None = None) -> Evidence:
        """Return what the account's findings support.

        `turned_off`: pairs that a policy turned off here. `then`: what was said of them when it did, by what
        was said; a silent account, which has no score at all, keeps none of it.
        """
        said = dict(self._said)
        for what, pairs in (then or {}).items():
            if self._seen:
                said[what] = said.get(what, 0) | pairs
        return Evidence.of(said, seen=self._seen, turned_off=turned_off)

    def findings(self, account_id: str) -> Iterator[tuple[FindingKey, int]]:
        """List the numbers of the account's findings that are not zero."""
        for product in sorted(self._counts):
            for (severity, state), n in zip(_KINDS, self._counts[product], strict=True):
                if n:
                    yield FindingKey(product, account_id, severity, state), n


def tally_cells(
    cells: Iterable[Cell],
    bits: ControlBits,
    accounts: AccountFilter,
    products: frozenset[str],
    off: Mapping[str, Mapping[str, int]],
) -> tuple[dict[str, Account], set[str]]:
    """Read every cell once, and return the targeted accounts by id, and the ids of the excluded ones.

    `products`: the other products whose findings are counted. `off`: by account id and Region, the pairs that
    are off there.
    """
    tally_cells: dict[str, Account] = {}
    excluded: set[str] = set()
    plans: dict[Check, tuple[int, str]] = {}
    for cell in cells:
        account = tally_cells.get(cell.account_id)
        if account is None:
            standing = accounts.standing(cell.account_id)
            if standing is not AccountStanding.TARGETED:
                if standing is AccountStanding.EXCLUDED:
                    excluded.add(cell.account_id)
                continue
            account = tally_cells[cell.account_id] = Account(off.get(cell.account_id))
        plan = plans.get(cell.check)
        if plan is None:
            plan = plans[cell.check] = plan_of(cell.check, bits, products)
        pairs, product = plan
        if pairs:
            account.add_control(cell, pairs)
        elif product:
            account.add_product(cell, product)
    return tally_cells, excluded


def plan_of(check: Check, bits: ControlBits, products: frozenset[str]) -> tuple[int, str]:
    """Return the pairs that a check's findings count for, or the product they are counted under."""
    product = product_of(check)
    if check.source or product not in products:
        return bits.mask(check), ""
    return 0, product

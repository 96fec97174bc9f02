"""Counts findings, and collects what they say: one pass over the cells of a hub, for each account."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from posture.domain.findings import (
    SECURITY_HUB,
    Cell,
    Check,
    CheckSource,
    Compliance,
    Severity,
    Workflow,
)
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.scoring.control_bits import ControlBits
from posture.domain.scoring.evidence import ON, Evidence, saying
from posture.domain.scoring.scores import (
    FindingKey,
    FindingState,
    state_of_control_finding,
    state_of_product_finding,
)
from posture.domain.standards import product_of

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

    __slots__ = ("_counts", "_off", "_said", "_seen", "failing", "told")

    def __init__(self, off: Mapping[str, int] | None = None) -> None:
        self._off = off
        self._said: dict[int, int] = {}
        self._seen = 0
        self._counts: dict[str, list[int]] = {}
        self.failing: dict[int, int] = {}
        """Findings in state FAILED, by the pairs that they count for and that are on."""
        self.told = 0
        """Pairs that its results tell of, which nobody lists: those of AWS Config."""

    def add_control(self, cell: Cell, pairs: int) -> None:
        """Add a cell of a scored source; `pairs`: those that its findings count for where they are on."""
        enabled = pairs & ~self._off.get(cell.region, 0) if self._off else pairs
        rules = _ENABLED if enabled else _DISABLED
        said, failing = self._count(product_of(cell.check) or SECURITY_HUB, cell, rules)
        if cell.check.source is CheckSource.CONFIG:
            self.told |= pairs
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
    tallied: dict[str, Account] = {}
    excluded: set[str] = set()
    plans: dict[Check, tuple[int, str]] = {}
    for cell in cells:
        account = tallied.get(cell.account_id)
        if account is None:
            standing = accounts.standing(cell.account_id)
            if standing is not AccountStanding.TARGETED:
                if standing is AccountStanding.EXCLUDED:
                    excluded.add(cell.account_id)
                continue
            account = tallied[cell.account_id] = Account(off.get(cell.account_id))
        plan = plans.get(cell.check)
        if plan is None:
            plan = plans[cell.check] = plan_of(cell.check, bits, products)
        pairs, product = plan
        if pairs:
            account.add_control(cell, pairs)
        elif product:
            account.add_product(cell, product)
    return tallied, excluded


def plan_of(check: Check, bits: ControlBits, products: frozenset[str]) -> tuple[int, str]:
    """Return the pairs that a check's findings count for, or the product they are counted under."""
    product = product_of(check)
    if check.source or product not in products:
        return bits.mask(check), ""
    return 0, product

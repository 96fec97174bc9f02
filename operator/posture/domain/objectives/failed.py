"""Failed findings by cell: since when the oldest fails, and what is overdue of them.

Times are integer microseconds since the Unix epoch by AWS's clock.
"""

from typing import NamedTuple

from posture.domain.findings import SECURITY_HUB, Check, Severity
from posture.domain.scoring.accounts import AccountStanding
from posture.domain.scoring.evaluation import View, bits_of, off_pairs
from posture.domain.scoring.tally import plan_of


class ResolveLimits(NamedTuple):
    """For how long (µs) a finding may fail: `limits[severity]`. None: for as long as it likes."""

    informational: int | None = None
    low: int | None = None
    medium: int | None = None
    high: int | None = None
    critical: int | None = None


class FailedCounts(NamedTuple):
    """Of the failed findings of a cell what time tells."""

    failed: tuple[tuple[Severity, int], ...]
    """All of them, by severity; not zero."""
    oldest: int | None
    """Since when the oldest fails; None where that is known of none."""
    overdue: tuple[tuple[Severity, int], ...] = ()
    """Those that fail for longer than they may, by severity; not zero."""
    longest: int | None = None
    """The earliest moment at which one of these had to be resolved."""
    unknown: int = 0
    """How many have a limit, and it is not known since when they fail."""


class FailedCell(NamedTuple):
    """The failed findings of one check in one account and Region, were its control on there."""

    check: Check
    account_id: str
    region: str
    counts: FailedCounts


class FailedScope:
    """Where a failed finding counts in a view: neither outside of it, nor where its control is off."""

    def __init__(self, view: View) -> None:
        self._accounts = view.accounts
        self._products = view.products - {SECURITY_HUB}
        self._bits = bits_of(view)
        self._off = off_pairs(view, self._bits).by_place
        self._plans: dict[Check, tuple[int, str]] = {}
        self._controls = view.controls

    def product(self, check: Check, account_id: str, region: str) -> str:
        """Return the product under which it counts; empty where it does not."""
        if self._accounts.standing(account_id) is not AccountStanding.TARGETED:
            return ""
        plan = self._plans.get(check)
        if plan is None:
            plan = self._plans[check] = plan_of(check, self._bits, self._products)
        pairs, product = plan
        return SECURITY_HUB if pairs and self._on(pairs, account_id, region) else product

    def pairs(self, check: Check, account_id: str, region: str) -> int:
        """Return the set of pairs (see `ControlBits`) that it counts for; none for a product's."""
        if not self.product(check, account_id, region):
            return 0
        return self._on(self._plans[check][0], account_id, region)

    def spelled(self, pairs: int) -> list[tuple[str, str]]:
        """Return the standards and controls of a set, as AWS spells them."""
        return list(self._bits.pairs(pairs))

    def identity(self, standard: str, control: str) -> str:
        """Return what tells a control from others when standards are pooled."""
        return self._controls.identity(standard, control.upper())

    def _on(self, pairs: int, account_id: str, region: str) -> int:
        off = self._off.get(account_id)
        return pairs & ~off.get(region, 0) if off else pairs

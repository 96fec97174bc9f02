"""What Security Hub CSPM costs in a month, estimated from what is known of its findings.

Rules: AWS's price list of Security Hub CSPM. A security check is one evaluation of a control for one
resource, and is paid by account, Region and month in tiers; that a control is in several standards does not
make it several checks. Findings of Security Hub itself are free, those of other products are paid by the
event of taking one in, new or updated, beyond a free number by account, Region and month.

How often a check runs no finding tells: within 12 or 24 hours of the last run, or when its resource changes
(user guide, "Schedule for running security checks"). So a number a day is assumed.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from posture.domain.findings import Cell, CheckSource
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.standards import Controls, product_of
from posture.domain.time import HOUR

MONTH = 730 * HOUR
"""A month as AWS's price calculator has it: a twelfth of 365 days (µs)."""
_DAY = 24 * HOUR
_OF_NONE = ""
"""Stands for the standard of a control's finding that names none."""

Place = tuple[str, str]
"""Account id and Region."""


class Tier(NamedTuple):
    """The price of each check up to a number of them in a month; None: of all further ones."""

    up_to: int | None
    each: float
    """Dollars."""


class Prices(NamedTuple):
    """What is paid in one account, Region and month."""

    checks: tuple[Tier, ...]
    """By rising numbers; the last has none."""
    ingestion_free: int
    """Events."""
    ingestion_each: float
    """Dollars for each event beyond them."""
    checks_per_day: float = 1.0
    """How often the check of a control and a resource runs."""

    def of_checks(self, number: float) -> float:
        """Return the dollars for so many checks."""
        dollars, below = 0.0, 0.0
        for up_to, each in self.checks:
            end = number if up_to is None else min(number, up_to)
            dollars += max(0.0, end - below) * each
            below = end
        return dollars

    def of_ingestion(self, events: float) -> float:
        """Return the dollars for so many events."""
        return max(0.0, events - self.ingestion_free) * self.ingestion_each


class SeenCosts(NamedTuple):
    """What is seen of one target's accounts that is paid for, by place."""

    checks: Mapping[Place, Mapping[str, Mapping[str, int]]]
    """By control, and by standard: findings that were refreshed within the window."""
    ingested: Mapping[Place, int]
    """Findings of other products that were updated within it."""


class CostEstimate(NamedTuple):
    """Dollars a month."""

    checks: float
    ingestion: float | None
    """None where no other product is read."""
    standards: Mapping[str, float]
    """By how much less the checks would cost without one standard, while the others stay."""


def seen_costs(
    cells: Iterable[Cell], controls: Controls, accounts: AccountFilter, products: frozenset[str]
) -> SeenCosts:
    """Count what is paid for in the cells of a hub, each of which is read once.

    `products`: the other products that the target reads. Of Security Hub every control's findings count,
    whatever standards the target scores by, but those about other clouds, of whose price nothing is known.
    """
    checks: dict[Place, dict[str, dict[str, int]]] = {}
    ingested: dict[Place, int] = {}
    for cell in cells:
        if accounts.standing(cell.account_id) is not AccountStanding.TARGETED:
            continue
        fresh = sum(count.n for count in cell.counts if count.fresh)
        if not fresh:
            continue
        place = cell.account_id, cell.region
        if cell.check.source is CheckSource.SECURITY_HUB:
            pairs = controls.pairs_of(cell.check) or ((_OF_NONE, cell.check.control),)
            for standard, control in pairs:
                known = controls.standards.get(standard)
                if known is not None and not known.of_aws:
                    continue
                one = controls.identity(standard, control)
                of_control = checks.setdefault(place, {}).setdefault(one, {})
                of_control[standard] = of_control.get(standard, 0) + fresh
        elif cell.check.source is None and product_of(cell.check) in products:
            ingested[place] = ingested.get(place, 0) + fresh
    return SeenCosts(checks, ingested)


def estimate(seen: SeenCosts, prices: Prices, window: int, *, ingests: bool) -> CostEstimate:
    """Estimate a month. `window`: the µs within which what was seen was refreshed or updated.

    With consolidated findings one speaks for all standards of its control, with others each standard has
    its own of the same resources: a control is checked for as many resources as that standard of it has that
    has most. `ingests`: findings of other products are read at all.
    """
    a_month = MONTH / _DAY * prices.checks_per_day
    checks = 0.0
    saved: dict[str, float] = {}
    for by_control in seen.checks.values():
        here = sum(max(by_standard.values()) for by_standard in by_control.values())
        dollars = prices.of_checks(here * a_month)
        checks += dollars
        for standard, alone in _alone(by_control).items():
            without = prices.of_checks((here - alone) * a_month)
            saved[standard] = saved.get(standard, 0.0) + max(0.0, dollars - without)
    events = MONTH / window
    ingestion = sum(prices.of_ingestion(number * events) for number in seen.ingested.values())
    return CostEstimate(
        checks, ingestion if ingests else None, {name: saved[name] for name in sorted(saved) if name}
    )


def _alone(by_control: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Return how many checks in a place there would not be without each of its standards."""
    alone: dict[str, int] = {}
    for by_standard in by_control.values():
        most = max(by_standard.values())
        for standard in by_standard:
            others = max((n for name, n in by_standard.items() if name != standard), default=0)
            alone[standard] = alone.get(standard, 0) + most - others
    return alone

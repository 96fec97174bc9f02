"""What Security Hub costs for the accounts of a target: estimated every hour, or not, and why not."""

from functools import partial
from typing import NamedTuple

from posture.api.beside_score import EstimatedCost, StandardCost
from posture.api.targets.status import PostureTargetStatus
from posture.aws.securityhub.discovery import HubFacts
from posture.config.model import Config
from posture.domain.arns import COMMERCIAL
from posture.domain.costs import CostEstimate, Prices, estimate, seen_costs
from posture.domain.findings import SECURITY_HUB, product_named
from posture.domain.scoring.accounts import AccountFilter
from posture.domain.standards import Controls
from posture.domain.time import HOUR, microseconds
from posture.hubs.hub import Hub
from posture.publish.reports import RestoredScores, Shown
from posture.reconcile.access import Admitted, NotAdmitted
from posture.reconcile.config_source import has_config_source
from posture.reconcile.scope import account_filter
from posture.sources.findings_view import FindingsView

_EVERY = HOUR
"""How old an estimate becomes before it is made again (µs)."""
_TOLD = 24 * HOUR
"""How long it is told after the moment that it is of."""
_CENTS = 2
_SYNCING = "Findings are counted with the first exact score."


class _Made(NamedTuple):
    """An estimate, of what it was made, and the exact moment that it is of (µs)."""

    of: tuple[object, ...]
    exact_at: int
    estimate: CostEstimate


class Costing:
    """The estimate of one target, kept between its cycles. `told`: what the last one told; None: nothing."""

    def __init__(self) -> None:
        self._made: _Made | None = None
        self.told: CostEstimate | None = None

    async def with_cost(
        self,
        status: PostureTargetStatus,
        admission: Admitted | NotAdmitted,
        hub: Hub | None,
        scores: Shown | RestoredScores | None,
        config: Config,
    ) -> PostureTargetStatus:
        """Return the status with the estimate, or why there is none. Raises StoreError.

        Nothing is said of a hub that the target may not look at.
        """
        self.told, told = None, None
        if hub is not None and isinstance(admission, Admitted):
            found = await self.now(hub, admission, scores, config)
            self.told = None if isinstance(found, str) else found
            told = _told(found)
        return status if told == status.estimated_cost else status.model_copy(update={"estimated_cost": told})

    async def now(
        self, hub: Hub, admitted: Admitted, scores: Shown | RestoredScores | None, config: Config
    ) -> CostEstimate | str:
        """Return the estimate, or why there is none: a sentence. Raises StoreError."""
        if has_config_source(admitted.target.spec):
            return "Checks of Security Hub are told of by targets with securityStandards."
        facts = hub.status.facts
        if facts is None or not isinstance(scores, Shown):
            return _SYNCING
        unknown = why_unknown(facts, config)
        if unknown:
            return unknown
        spec, prices = admitted.target.spec, config.prices.plain()
        others = frozenset(map(product_named, spec.products)) - {SECURITY_HUB}
        of = (hub, scores.scope, prices, others, hub.controls())
        if self._is_due(of, scores.exact_at):
            window = microseconds(spec.scoring.evaluation_window)
            look = partial(
                _estimated, hub.controls(), account_filter(admitted), others, prices=prices, window=window
            )
            found = await hub.look(look)
            if found is not None:
                self._made = _Made(of, *found)
        made = self._made
        if made is None or made.of != of:
            return _SYNCING
        if hub.now() - made.exact_at > _TOLD:
            return "Findings were last read more than a day ago: ScoreCurrent says why."
        return made.estimate

    def _is_due(self, of: tuple[object, ...], exact_at: int) -> bool:
        made = self._made
        return made is None or made.of != of or not 0 <= exact_at - made.exact_at < _EVERY


def why_unknown(facts: HubFacts, config: Config) -> str:
    """Say why a hub's cost cannot be told from its checks; empty where it can."""
    second_version = None if facts.setup is None else facts.setup.second_version
    if second_version:
        return "Security Hub V2 is on here: its plan, a price for each resource, replaces that of checks."
    if second_version is None:
        return (
            "Whether Security Hub V2 is on, whose plan replaces the price of checks, is not known: allow"
            " securityhub:DescribeSecurityHubV2."
        )
    if facts.partition != COMMERCIAL and "prices" not in config.model_fields_set:
        return (
            f"AWS's prices in the partition {facts.partition} are not known here: write them as prices in the"
            " operator's configuration."
        )
    return ""


def _estimated(
    controls: Controls,
    accounts: AccountFilter,
    products: frozenset[str],
    findings: FindingsView,
    *,
    prices: Prices,
    window: int,
) -> tuple[int, CostEstimate] | None:
    """Estimate at the last published moment; None where there is none for this window."""
    cells, exact_at = findings.cells(window), findings.exact_at
    if cells is None or exact_at is None:
        return None
    seen = seen_costs(cells, controls, accounts, products)
    return exact_at, estimate(seen, prices, window, ingests=bool(products))


def _told(found: CostEstimate | str) -> EstimatedCost:
    if isinstance(found, str):
        return EstimatedCost(message=found)
    largest_first = sorted(found.standards.items(), key=lambda each: (-each[1], each[0]))
    return EstimatedCost(
        checks=round(found.checks, _CENTS),
        ingestion=None if found.ingestion is None else round(found.ingestion, _CENTS),
        standards=tuple(
            StandardCost(standard=name, saved=round(saved, _CENTS)) for name, saved in largest_first
        ),
    )

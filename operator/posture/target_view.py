"""What a target's spec asks of its hub, as the rules take it."""

from datetime import timedelta
from typing import NamedTuple

from posture.admission import Admitted
from posture.api.patterns import compile_pattern
from posture.api.posture_target import Objectives, PostureTargetSpec
from posture.aws.discovery import HubFacts
from posture.config import Minimums
from posture.domain.accounts import AccountFilter
from posture.domain.controls import Controls
from posture.domain.evaluation import Evaluation, View
from posture.domain.findings import Severity
from posture.domain.grouping import Grouping
from posture.domain.products import SECURITY_HUB, product_named
from posture.hubs.demand import Demand
from posture.metrics.exposition import Samples
from posture.metrics.target_samples import objective_samples

# What a target asks for that does not say.
_INTERVAL = timedelta(minutes=5)
_FULL_SYNC_INTERVAL = timedelta(hours=24)
_WINDOW = timedelta(hours=30)


class Chosen(NamedTuple):
    """The standards that a target chose: those that its hub has enabled, and those that it has not.

    What the hub's own account and Region have not enabled may be enabled in a member or a linked Region all
    the same, and counts there; only findings tell (user guide, "Viewing details for a standard": an
    administrator sees what at least one member has enabled).
    """

    present: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every standard whose findings are the target's."""
        return (*self.present, *self.missing)

    def nowhere(self, evaluation: Evaluation) -> tuple[str, ...]:
        """Return those that nothing tells of, by an evaluation of all."""
        return tuple(name for name in self.missing if evaluation.standards[name].unsuppressed is None)


def chosen_standards(spec: PostureTargetSpec, facts: HubFacts) -> Chosen:
    """Return the chosen standards; `*` stands for all of AWS that are enabled in the hub.

    Where the reader may not list them, those that are named are taken to be enabled: their findings tell.
    """
    enabled = {standard.name for standard in facts.standards}
    source = spec.source.security_standards
    names = () if source is None else source.standards
    if "*" in names:
        return Chosen(tuple(sorted(standard.name for standard in facts.standards if standard.of_aws)), ())
    if not facts.standards_known:
        return Chosen(tuple(names), ())
    return Chosen(
        tuple(name for name in names if name in enabled), tuple(name for name in names if name not in enabled)
    )


def may_be_elsewhere(facts: HubFacts) -> bool:
    """Whether a hub shows other accounts or Regions than its own, where a standard can be enabled too."""
    return facts.administrator or facts.aggregation_region == facts.region


def account_filter(admitted: Admitted) -> AccountFilter:
    """Return how the target stands to each account: what is granted, included, excluded."""
    accounts = admitted.target.spec.accounts
    return AccountFilter(granted=admitted.accounts, include=accounts.include, exclude=accounts.exclude)


def view_of(admitted: Admitted, facts: HubFacts, controls: Controls, standards: tuple[str, ...]) -> View:
    """Return the view of a target on its hub; `controls`: made of the hub's facts.

    The names of accounts are the hub's to add: findings tell them.
    """
    spec = admitted.target.spec
    pattern = spec.grouping.account_name_pattern
    return View(
        standards=standards,
        controls=controls,
        accounts=account_filter(admitted),
        grouping=Grouping(
            compile_pattern(pattern) if pattern else None,
            default_environment=spec.grouping.default_environment,
            overrides={
                each.account_id: (each.workload, each.environment) for each in spec.grouping.overrides
            },
        ),
        products=frozenset(map(product_named, spec.products)),
        members=frozenset(facts.members),
        home=(facts.account_id, facts.region),
    )


def demand_of(spec: PostureTargetSpec) -> Demand:
    """Return what a target wants of its hub."""
    return Demand(
        spec.interval, spec.full_sync_interval, frozenset(spec.products), spec.scoring.evaluation_window
    )


def least_demand(minimums: Minimums) -> Demand:
    """Return what is wanted of a hub that no target asks for, so that what was written there is undone."""
    return Demand(
        max(_INTERVAL, minimums.interval),
        max(_FULL_SYNC_INTERVAL, minimums.full_sync_interval),
        frozenset({SECURITY_HUB}),
        max(_WINDOW, minimums.evaluation_window),
    )


def objectives_of(namespace: str, target: str, objectives: Objectives) -> Samples:
    """Return the samples of a target's objectives."""
    within = objectives.resolve_within
    return objective_samples(
        namespace,
        target,
        minimum_score=objectives.minimum_score,
        max_drop=objectives.trend.max_drop if objectives.trend else None,
        resolve_within={
            severity: limit.total_seconds()
            for severity in Severity
            if within is not None and (limit := getattr(within, severity.name.lower(), None)) is not None
        },
    )

"""What a target's spec asks of its hub, as the rules take it.

What each target lets its policies select, as its hub sees it now.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from posture.api.patterns import compile_pattern
from posture.api.targets.aims import Objectives
from posture.api.targets.kind import PostureTargetSpec, ScoringMethod
from posture.aws.securityhub.discovery import HubFacts
from posture.config.model import Minimums
from posture.domain.arns import managed_insight_arn, partition_of_region
from posture.domain.exceptions.declaration import Scope
from posture.domain.findings import CONFIG, SECURITY_HUB, Severity, product_named
from posture.domain.objectives.failed import ResolveLimits
from posture.domain.organization import NO_TAG_KEYS, NOTHING_KNOWN, KnownOrganization, TagKeys
from posture.domain.scoring.accounts import AccountFilter, AccountStanding, Grouping
from posture.domain.scoring.evaluation import Evaluation, TurnedOff, View
from posture.domain.standards import Controls, ControlStatus
from posture.domain.time import microseconds
from posture.hubs.demand import Demand, OrganizationDemand, OrganizationKey
from posture.hubs.organization import OrganizationStatus
from posture.publish.reports import ObjectiveLimits
from posture.reconcile.access import Admitted
from posture.reconcile.config_source import asked_of, config_controls, config_standards, has_config_source
from posture.sources.failed_cache import FailedLimits

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
    if has_config_source(spec):
        return Chosen(config_standards(spec), ())
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


def products_of(spec: PostureTargetSpec) -> frozenset[str]:
    """Return the products that a target looks at: of one that is scored by AWS Config its findings too.

    Security Hub's own findings are left to the targets that are scored by them.
    """
    named = frozenset(map(product_named, spec.products))
    return (named - {SECURITY_HUB}) | {CONFIG} if has_config_source(spec) else named


def may_be_elsewhere(facts: HubFacts) -> bool:
    """Whether a hub shows other accounts or Regions than its own, where a standard can be enabled too."""
    return facts.administrator or facts.aggregation_region == facts.region


def account_filter(admitted: Admitted) -> AccountFilter:
    """Return how the target stands to each account: what is granted, included, excluded."""
    accounts = admitted.target.spec.accounts
    return AccountFilter(granted=admitted.accounts, include=accounts.include, exclude=accounts.exclude)


def tag_keys_of(spec: PostureTargetSpec) -> TagKeys:
    """Return which tags of accounts tell what they are for."""
    tags = spec.grouping.organization_tags
    return NO_TAG_KEYS if tags is None else TagKeys(tags.workload_key, tags.environment_key, tags.owner_key)


def view_of(
    admitted: Admitted,
    facts: HubFacts,
    controls: Controls,
    standards: tuple[str, ...],
    organization: KnownOrganization = NOTHING_KNOWN,
) -> View:
    """Return the view of a target on its hub; `controls`: made of the hub's facts.

    Those of a target that is scored by AWS Config follow from what it names: nobody else lists its rules.
    The names of accounts are the hub's to add: findings tell them. `organization`: what is known of its own.
    """
    spec = admitted.target.spec
    pattern = spec.grouping.account_name_pattern
    return View(
        standards=standards,
        controls=config_controls(spec) if has_config_source(spec) else controls,
        accounts=account_filter(admitted),
        grouping=Grouping(
            compile_pattern(pattern) if pattern else None,
            default_environment=spec.grouping.default_environment,
            overrides={
                each.account_id: (each.workload, each.environment) for each in spec.grouping.overrides
            },
            tag_keys=tag_keys_of(spec),
            organization=organization,
        ),
        products=products_of(spec),
        members=frozenset(facts.members),
        home=(facts.account_id, facts.region),
    )


def demand_of(admitted: Admitted) -> Demand:
    """Return what a target wants of its hub, of its insights, and of its organization."""
    spec = admitted.target.spec
    return Demand(
        spec.interval,
        spec.full_sync_interval,
        products_of(spec),
        spec.scoring.evaluation_window,
        followed_of(spec),
        _organization_demand(admitted),
        frozenset(insight_arn(each, admitted.hub.region) for each in spec.insights),
        asked=asked_of(spec),
        queue=None if spec.aws.events is None else spec.aws.events.queue_url,
    )


def insight_arn(insight: str, region: str) -> str:
    """Return the ARN of an insight as a spec names it: a managed one by its number, else by the ARN."""
    if insight.isdecimal():
        return managed_insight_arn(partition_of_region(region), int(insight))
    return insight


def _organization_demand(admitted: Admitted) -> OrganizationDemand | None:
    """Return what a target wants of its organization; None where it may not, or does not, ask."""
    if not isinstance(admitted.organization, OrganizationKey):
        return None
    accounts = admitted.target.spec.accounts
    return OrganizationDemand(
        admitted.organization,
        tag_keys_of(admitted.target.spec).all,
        admitted.accounts,
        accounts.include,
        accounts.exclude,
    )


def organization_of(
    admitted: Admitted, organizations: Mapping[OrganizationKey, OrganizationStatus]
) -> KnownOrganization:
    """Return what is known of a target's organization; nothing where it may not, or does not, ask."""
    if not isinstance(admitted.organization, OrganizationKey):
        return NOTHING_KNOWN
    status = organizations.get(admitted.organization)
    return NOTHING_KNOWN if status is None else status.known


def least_demand(minimums: Minimums) -> Demand:
    """Return what is wanted of a hub that no target asks for, so that what was written there is undone."""
    return Demand(
        max(_INTERVAL, minimums.interval),
        max(_FULL_SYNC_INTERVAL, minimums.full_sync_interval),
        frozenset({SECURITY_HUB}),
        max(_WINDOW, minimums.evaluation_window),
    )


def objectives_of(objectives: Objectives) -> ObjectiveLimits:
    """Return what a target aims at, as outputs are told it."""
    within = objectives.resolve_within
    return ObjectiveLimits(
        minimum_score=objectives.minimum_score,
        max_drop=objectives.trend.max_drop if objectives.trend else None,
        resolve_within={
            severity: limit.total_seconds()
            for severity in Severity
            if within is not None and (limit := getattr(within, severity.name.lower(), None)) is not None
        },
    )


def followed_of(spec: PostureTargetSpec) -> FailedLimits:
    """Return by what a target's failed findings are followed."""
    within = spec.objectives.resolve_within
    asked = {name: getattr(within, name, None) for name in ("low", "medium", "high", "critical")}
    limits = {name: microseconds(limit) for name, limit in asked.items() if limit is not None}
    return FailedLimits(microseconds(spec.scoring.evaluation_window), ResolveLimits(**limits))


class TargetScope(NamedTuple):
    """One target: its view of the hub, its headline's method and window, and what its policies can select.

    `whole`: of every standard that the target chose it is known that it is enabled somewhere. Where one is
    not, as after a slip of the pen, or where `*` stands for those that are enabled and these may not be
    listed, findings are missing from the view that a policy has suppressed: nothing follows from that.
    `grouped`: the workload and the environment of every account are known. Where one's are not, nothing
    follows for what selects by them.
    """

    view: View
    method: ScoringMethod
    window: timedelta
    scope: Scope
    whole: bool = True
    grouped: bool = True


class HubView(NamedTuple):
    """What a hub knows, of which targets are views: its facts, its controls, names of accounts by id.

    `turned_off`: what policies turned off, with the status it had then. `told`: the standards that any
    finding speaks of, wherever they are enabled. `organizations`: of the accounts, as far as they are read.
    """

    facts: HubFacts
    controls: Controls
    names: Mapping[str, str]
    turned_off: Mapping[TurnedOff, ControlStatus] = {}
    told: frozenset[str] = frozenset()
    organizations: Mapping[OrganizationKey, OrganizationStatus] = {}


class TargetScopes:
    """The sights of a hub's targets. One stays the same object while nothing about it changes."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[object, ...], TargetScope]] = {}

    def of(
        self, targets: Mapping[str, Admitted], hub: HubView, accounts: Iterable[str]
    ) -> dict[str, TargetScope]:
        """Return the sight of each target (by namespace/name); `accounts`: ids that findings are of."""
        present = frozenset(accounts) | hub.facts.members.keys()
        known = self._known
        self._known = {
            name: self._kept(known.get(name), each, hub, present) for name, each in targets.items()
        }
        return {name: sight for name, (_, sight) in self._known.items()}

    def _kept(
        self,
        known: tuple[tuple[object, ...], TargetScope] | None,
        admitted: Admitted,
        hub: HubView,
        accounts: frozenset[str],
    ) -> tuple[tuple[object, ...], TargetScope]:
        spec = admitted.target.spec
        declared = (admitted.accounts, spec.source, spec.products, spec.accounts, spec.scoring, spec.grouping)
        chosen = chosen_standards(spec, hub.facts)
        whole = bool(chosen.all) and hub.told.issuperset(chosen.missing)
        organization = organization_of(admitted, hub.organizations)
        seen = (hub.facts, id(hub.controls), dict(hub.names), dict(hub.turned_off), accounts)
        key = (*declared, *seen, whole, organization.version)
        if known is not None and known[0] == key:
            return known
        view = view_of(admitted, hub.facts, hub.controls, chosen.all, organization)
        view = view._replace(names=hub.names, turned_off=hub.turned_off)
        groups = {account: view.grouping.group_of(account, hub.names.get(account)) for account in accounts}
        scope = Scope(view.covers, view.controls, groups)
        unknown = [account for account, group in groups.items() if group is None]
        grouped = all(view.accounts.standing(each) is not AccountStanding.TARGETED for each in unknown)
        method, window = spec.scoring.method, spec.scoring.evaluation_window
        return key, TargetScope(view, method, window, scope, whole, grouped)

"""Accounts and Regions, and what Security Hub is told in each: members, standards, controls, aggregation."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sandbox.securityhub.catalogue import CONTROLS, STANDARDS, Control, Standard, partition_of
from sandbox.securityhub.insights import Insight
from sandbox.securityhub.query import View


@dataclass(slots=True)
class Association:
    """Whether a control is on in one standard, and who said why. `updated`: microseconds."""

    enabled: bool = True
    reason: str | None = None
    updated: int | None = None


@dataclass(slots=True)
class Hub:
    """Security Hub in one account and Region. `standards`: paths of those subscribed to, in order.

    `insights`: custom ones, by ARN.
    """

    account: str
    region: str
    subscribed_at: int
    enabled: bool = True
    auto_enable_controls: bool = True
    control_finding_generator: str = "SECURITY_CONTROL"
    standards: list[str] = field(default_factory=list)
    associations: dict[tuple[str, str], Association] = field(default_factory=dict)
    insights: dict[str, Insight] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The HubArn."""
        return f"arn:{partition_of(self.region)}:securityhub:{self.region}:{self.account}:hub/default"

    def association(self, standard: str, control: str) -> Association:
        """Return the state of a control in a standard; on where nobody said otherwise."""
        return self.associations.get((standard, control), Association())

    def associate(self, standard: str, control: str, association: Association) -> None:
        """Turn a control of a standard on or off."""
        self.associations[standard, control] = association

    def subscribe(self, standard: str) -> None:
        """Enable a standard; all its controls are on again, as AWS has it."""
        if standard not in self.standards:
            self.standards.append(standard)
        self._forget_associations(standard)

    def unsubscribe(self, standard: str) -> None:
        """Disable a standard."""
        self.standards.remove(standard)
        self._forget_associations(standard)

    def _forget_associations(self, standard: str) -> None:
        for key in [key for key in self.associations if key[0] == standard]:
            del self.associations[key]

    def enabled_standards(self) -> Iterator[Standard]:
        """Yield the standards subscribed to."""
        return (STANDARDS[path] for path in self.standards)

    def is_control_on(self, control: Control) -> bool:
        """Say whether a control is on in any standard subscribed to."""
        return any(
            path in control.numbers and self.association(path, control.id).enabled for path in self.standards
        )


@dataclass(slots=True)
class Member:
    """An account whose findings the administrator sees. `status` is AWS's MemberStatus."""

    account: str
    administrator: str
    since: int
    email: str
    status: str = "Enabled"


@dataclass(slots=True)
class Aggregator:
    """Cross-Region aggregation of one administrator. `regions`: those named, by `mode` linked or excluded."""

    account: str
    region: str
    mode: str
    regions: list[str] = field(default_factory=list)
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def arn(self) -> str:
        """The FindingAggregatorArn."""
        partition = partition_of(self.region)
        return (
            f"arn:{partition}:securityhub:{self.region}:{self.account}:finding-aggregator/{self.identifier}"
        )

    def linked(self, all_regions: Iterable[str]) -> frozenset[str]:
        """Return the Regions whose findings are seen in the aggregation Region, itself included."""
        if self.mode == "SPECIFIED_REGIONS":
            linked = set(self.regions)
        elif self.mode == "ALL_REGIONS_EXCEPT_SPECIFIED":
            linked = set(all_regions) - set(self.regions)
        elif self.mode == "ALL_REGIONS":
            linked = set(all_regions)
        else:
            linked = set()
        return frozenset(linked | {self.region})


@dataclass(slots=True)
class Organization:
    """Everything but the findings. Hubs are by account and Region; members and aggregators by account.

    `management`: the account that owns the organization. `auto_enable`, `auto_enable_standards`: what becomes
    of accounts that join, under local configuration. `configuration_status`, `status_message`: of central
    configuration. `second_hubs`: since when (µs) the second version is on, by account and Region.
    """

    regions: list[str] = field(default_factory=list)
    administrator: str | None = None
    management: str | None = None
    configuration_type: str = "LOCAL"
    configuration_status: str = "ENABLED"
    status_message: str | None = None
    auto_enable: bool = True
    auto_enable_standards: str = "DEFAULT"
    member_limit_reached: bool = False
    names: dict[str, str] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    aggregators: dict[str, Aggregator] = field(default_factory=dict)
    hubs: dict[tuple[str, str], Hub] = field(default_factory=dict)
    second_hubs: dict[tuple[str, str], int] = field(default_factory=dict)

    def hub(self, account: str, region: str) -> Hub | None:
        """Return the hub where it is enabled, or None."""
        hub = self.hubs.get((account, region))
        return hub if hub is not None and hub.enabled else None

    def enable(self, account: str, region: str, now: int, standards: Iterable[str] = ()) -> Hub:
        """Enable Security Hub, as new where it never was, and subscribe to these standards."""
        hub = self.hubs.get((account, region))
        if hub is None:
            hub = self.hubs[account, region] = Hub(account, region, subscribed_at=now)
        elif not hub.enabled:
            hub.enabled, hub.subscribed_at = True, now
        for standard in standards:
            hub.subscribe(standard)
        if region not in self.regions:
            self.regions.append(region)
        return hub

    def administrator_of(self, account: str) -> str | None:
        """Return the administrator that an account is a member of, or None."""
        member = self.members.get(account)
        return member.administrator if member is not None else None

    def members_of(self, administrator: str) -> list[Member]:
        """Return an administrator's members."""
        return [member for member in self.members.values() if member.administrator == administrator]

    def aggregator_of(self, account: str) -> Aggregator | None:
        """Return the aggregator that decides what this account sees in the aggregation Region."""
        return self.aggregators.get(self.administrator_of(account) or account)

    def view(self, account: str, region: str) -> View:
        """Return whose findings an account sees in a Region."""
        aggregator = self.aggregator_of(account)
        regions = frozenset({region})
        if aggregator is not None and aggregator.region == region:
            regions = aggregator.linked(self.regions)
        seen = {member.account for member in self.members_of(account) if member.status == "Enabled"}
        return View(frozenset(seen | {account}), regions)


def security_control(control_id: str) -> Control | None:
    """Return the control that an id, or a SecurityControlArn, names exactly; None where there is none."""
    return CONTROLS.get(control_id.rpartition("/")[2] if control_id.startswith("arn:") else control_id)

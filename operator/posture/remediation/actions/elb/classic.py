"""Classic load balancers: one attribute of each, and their tags."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    Tagged,
    Writer,
    name_after,
)
from posture.remediation.actions.elb.balancers import DEFENSIVE, GONE, IAM, RISK, answered_tags, guards
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.setting import Setting, pairs, read_or_gone, the_one


class ClassicAttribute(Setting):
    """Attributes that are not sent stay as they are (Elastic Load Balancing API, 2012-06-01)."""

    works_on = WorksOn(frozenset({"AwsElbLoadBalancer"}))
    iam = IAM

    @abstractmethod
    def value_of(self, attributes: Mapping[str, Any]) -> Json:
        """Return the part out of what describes all attributes; None: it is not there."""

    @abstractmethod
    def attributes_of(self, value: Json) -> dict[str, Any]:
        """Return what sets the part, and nothing else."""

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the attribute of a balancer that is there."""
        name = _name(resource)
        await read_or_gone(reader, "elb", "DescribeLoadBalancers", {"LoadBalancerNames": [name]}, gone=GONE)
        request = {"LoadBalancerName": name}
        body = await read_or_gone(reader, "elb", "DescribeLoadBalancerAttributes", request, gone=GONE)
        value = self.value_of(body.get("LoadBalancerAttributes", {}))
        if value is None:
            raise Refused(Reason.UNREADABLE, f"Elastic Load Balancing did not answer with {self.part}")
        return LiveState({self.part: value})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the balancer's tags."""
        name = _name(resource)
        body = await read_or_gone(reader, "elb", "DescribeTags", {"LoadBalancerNames": [name]}, gone=GONE)
        described = the_one(body, "TagDescriptions", "LoadBalancerName", name)
        return (Tagged(resource.id, answered_tags(described)),)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the attribute."""
        attributes = self.attributes_of(value)
        request = {"LoadBalancerName": _name(resource), "LoadBalancerAttributes": attributes}
        await writer.write("elb", "ModifyLoadBalancerAttributes", request)


def _name(resource: ResourceKey) -> str:
    name = name_after(resource, "loadbalancer/")
    if "/" in name:
        raise Refused(Reason.NOT_SUPPORTED, f"{resource.id} is not the ARN of a Classic Load Balancer")
    return name


_DRAINING, _ENABLED, _TIMEOUT = "ConnectionDraining", "Enabled", "Timeout"
# What the API takes where none is given: seconds.
_DEFAULT_TIMEOUT = 300


class EnableConnectionDraining(ClassicAttribute):
    """The time that draining takes at most stays as it is."""

    name = "elb-classic-enable-connection-draining"
    controls = frozenset({"ELB.7"})
    about = "Classic load balancers that let requests end when an instance leaves."
    risk = "Nothing is cut off; instances leave the load balancer later, once their requests have ended."
    undo_says = "The attribute is as before."
    part = "connectionDraining"
    summary = "Enable connection draining of the load balancer"

    def value_of(self, attributes: Mapping[str, Any]) -> Json:
        """Return whether connections are drained, and the seconds for which they are at most."""
        draining = attributes.get(_DRAINING, {})
        if _ENABLED not in draining:
            return None
        return {_ENABLED: draining[_ENABLED], _TIMEOUT: draining.get(_TIMEOUT, _DEFAULT_TIMEOUT)}

    def attributes_of(self, value: Json) -> dict[str, Any]:
        """Return both: without its time the API takes its default."""
        return {_DRAINING: value}

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return the same, enabled."""
        del values, situation
        return {**present, _ENABLED: True}


_CROSS_ZONE = "CrossZoneLoadBalancing"


class EnableCrossZone(ClassicAttribute):
    """One attribute."""

    name = "elb-classic-enable-cross-zone"
    controls = frozenset({"ELB.9"})
    about = "Classic load balancers that spread requests over the instances of all their zones."
    risk = "Nothing is cut off; instances in zones with few of them get less traffic, those in others more."
    undo_says = "The attribute is as before."
    part = "crossZoneLoadBalancing"
    right = True
    summary = "Enable cross-zone load balancing"

    def value_of(self, attributes: Mapping[str, Any]) -> Json:
        """Return whether it is enabled."""
        return attributes.get(_CROSS_ZONE, {}).get(_ENABLED)

    def attributes_of(self, value: Json) -> dict[str, Any]:
        """Return the attribute."""
        return {_CROSS_ZONE: {_ENABLED: value}}


_ATTRIBUTES, _MODE = "AdditionalAttributes", "elb.http.desyncmitigationmode"


class SetClassicDesyncMitigation(ClassicAttribute):
    """The stricter of the two modes that are right stays where it is set."""

    name = "elb-classic-set-desync-mitigation"
    controls = frozenset({"ELB.14"})
    about = "Classic load balancers that guard against HTTP desync attacks."
    risk = RISK
    undo_says = "The mode is as before."
    part = "desyncMitigationMode"
    right = DEFENSIVE
    summary = "Set the desync mitigation mode of the load balancer to defensive"

    def value_of(self, attributes: Mapping[str, Any]) -> Json:
        """Return the mode."""
        return dict(pairs(attributes.get(_ATTRIBUTES, []))).get(_MODE)

    def attributes_of(self, value: Json) -> dict[str, Any]:
        """Return the attribute: of the additional ones it is sent alone."""
        return {_ATTRIBUTES: [{"Key": _MODE, "Value": value}]}

    def is_right(self, present: Json) -> bool:
        """Whether the mode guards."""
        return guards(present)


ACTIONS = (
    EnableConnectionDraining(),
    EnableCrossZone(),
    SetClassicDesyncMitigation(),
)

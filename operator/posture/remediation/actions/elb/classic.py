"""Classic load balancers: one attribute of each, and their tags."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import Json, LiveState, Reader, Refused, Tagged, Writer, name_after
from posture.remediation.actions.elb.balancers import GONE, IAM, answered_tags
from posture.remediation.actions.setting import Setting, read_or_gone, the_one


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

"""Application, network and gateway load balancers: one attribute of each, and their tags."""

from collections.abc import Mapping
from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Tagged,
    Writer,
    name_after,
)
from posture.remediation.actions.setting import Setting, pairs, read_or_gone, the_one

GONE = frozenset({"LoadBalancerNotFound"})
_MODIFY = ("elasticloadbalancing:ModifyLoadBalancerAttributes",)
IAM = Iam(
    read=(
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
    ),
    write=_MODIFY,
    undo=_MODIFY,
)


class BalancerAttribute(Setting):
    """The attribute is the part; attributes are texts, and those that are not sent stay as they are."""

    works_on = WorksOn(frozenset({"AwsElbv2LoadBalancer"}))
    iam = IAM

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the attribute, and the tags that say who made the balancer."""
        balancer, tags = await _balancer(reader, resource), await balancer_tags(reader, resource)
        body = await read_or_gone(
            reader, "elbv2", "DescribeLoadBalancerAttributes", {"LoadBalancerArn": resource.id}, gone=GONE
        )
        attributes = dict(pairs(body.get("Attributes", [])))
        if not attributes:
            raise Refused(Reason.UNREADABLE, "Elastic Load Balancing did not answer with attributes")
        if self.part not in attributes:
            kind = balancer.get("Type")
            raise Refused(Reason.NOT_SUPPORTED, f"Load balancers of type {kind} have no {self.part}")
        return LiveState({self.part: attributes[self.part]}, {"tags": [list(tag) for tag in tags]})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the balancer's tags."""
        await _balancer(reader, resource)
        return (Tagged(resource.id, await balancer_tags(reader, resource)),)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the attribute."""
        request = {"LoadBalancerArn": resource.id, "Attributes": [{"Key": self.part, "Value": value}]}
        await writer.write("elbv2", "ModifyLoadBalancerAttributes", request)


async def balancer_tags(reader: Reader, resource: ResourceKey) -> tuple[tuple[str, str], ...]:
    """Return the tags of a balancer."""
    body = await read_or_gone(reader, "elbv2", "DescribeTags", {"ResourceArns": [resource.id]}, gone=GONE)
    return answered_tags(the_one(body, "TagDescriptions", "ResourceArn", resource.id))


def answered_tags(described: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the tags out of what describes a balancer's; Refused where there is no list of them."""
    if "Tags" not in described:
        raise Refused(Reason.UNREADABLE, "Elastic Load Balancing did not answer with the balancer's tags")
    return pairs(described["Tags"])


async def _balancer(reader: Reader, resource: ResourceKey) -> dict[str, Any]:
    """Return the balancer, which proves that it is there."""
    name_after(resource, "loadbalancer/")
    request = {"LoadBalancerArns": [resource.id]}
    body = await read_or_gone(reader, "elbv2", "DescribeLoadBalancers", request, gone=GONE)
    return the_one(body, "LoadBalancers", "LoadBalancerArn", resource.id)

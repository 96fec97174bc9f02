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

DEFENSIVE = "defensive"
RISK = "Requests that are ambiguous and open a way for attacks are refused."


def guards(mode: str) -> bool:
    """Whether a mode is one of those that the controls ask for."""
    return mode in {DEFENSIVE, "strictest"}


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


class DropInvalidHeaders(BalancerAttribute):
    """Valid names are letters, digits and hyphens (user guide, "Load balancer attributes")."""

    name = "elb-drop-invalid-headers"
    controls = frozenset({"ELB.4"})
    about = "Application load balancers that drop HTTP headers with invalid names."
    risk = "Headers whose names have other characters than letters, digits and hyphens reach no target."
    undo_says = "The attribute is as before."
    part = "routing.http.drop_invalid_header_fields.enabled"
    right = "true"
    summary = "Drop HTTP headers with invalid names"


# Tags of balancers that a controller in a cluster makes and deletes: of the AWS Load Balancer Controller, of
# EKS Auto Mode, and of the cloud provider of Kubernetes.
_CONTROLLERS = frozenset({"elbv2.k8s.aws/cluster", "eks:eks-cluster-name"})
_CLOUD_PROVIDER, _OWNED = "kubernetes.io/cluster/", "owned"


class ProtectBalancer(BalancerAttribute):
    """Not of balancers that a controller deletes: its deletion would fail."""

    name = "elb-enable-deletion-protection"
    controls = frozenset({"ELB.6"})
    about = "Load balancers that nobody deletes by mistake."
    risk = "Deleting the load balancer fails from then on, in tools that manage it too."
    undo_says = "The attribute is as before."
    part = "deletion_protection.enabled"
    right = "true"
    summary = "Protect the load balancer from deletion"

    def check(self, state: LiveState) -> None:
        """Refuse what a controller in a cluster owns."""
        for key, value in state.about["tags"]:
            if key in _CONTROLLERS or (key.startswith(_CLOUD_PROVIDER) and value == _OWNED):
                raise Refused(
                    Reason.NOT_OWNER,
                    f"A controller in a Kubernetes cluster owns it (tag {key}), and could delete it no more:"
                    " set deletion_protection.enabled by an annotation of its Service or Ingress",
                )


class SetDesyncMitigation(BalancerAttribute):
    """The stricter of the two modes that are right stays where it is set."""

    name = "elb-set-desync-mitigation"
    controls = frozenset({"ELB.12"})
    about = "Application load balancers that guard against HTTP desync attacks."
    risk = RISK
    undo_says = "The mode is as before."
    part = "routing.http.desync_mitigation_mode"
    right = DEFENSIVE
    summary = "Set the desync mitigation mode of the load balancer to defensive"

    def is_right(self, present: Json) -> bool:
        """Whether the mode guards."""
        return guards(present)


ACTIONS = (
    DropInvalidHeaders(),
    ProtectBalancer(),
    SetDesyncMitigation(),
)

"""Resources of EC2 as their own calls describe them: one by its id, with its owner and its tags."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Reader, Refused, name_after
from posture.remediation.actions.setting import pairs, read_or_gone, the_one


class Ec2Kind(NamedTuple):
    """A kind of resource. `prefix`: of its ARN's last part. `gone`: AWS's codes for one that is not there.

    `ids`, `listed` and `id_member`: what its describing call names the ids it is given, its list, and the id
    of each.
    """

    prefix: str
    operation: str
    ids: str
    listed: str
    id_member: str
    gone: frozenset[str]


GROUP = Ec2Kind(
    "security-group/",
    "DescribeSecurityGroups",
    "GroupIds",
    "SecurityGroups",
    "GroupId",
    frozenset({"InvalidGroup.NotFound", "InvalidGroupId.Malformed"}),
)
SUBNET = Ec2Kind(
    "subnet/",
    "DescribeSubnets",
    "SubnetIds",
    "Subnets",
    "SubnetId",
    frozenset({"InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed"}),
)
TRANSIT_GATEWAY = Ec2Kind(
    "transit-gateway/",
    "DescribeTransitGateways",
    "TransitGatewayIds",
    "TransitGateways",
    "TransitGatewayId",
    frozenset({"InvalidTransitGatewayID.NotFound", "InvalidTransitGatewayID.Malformed"}),
)


async def describe_own(reader: Reader, resource: ResourceKey, kind: Ec2Kind) -> dict[str, Any]:
    """Return the one resource. Refused: it is gone, or another account shares it (`NotOwner`)."""
    wanted = name_after(resource, kind.prefix)
    body = await read_or_gone(reader, "ec2", kind.operation, {kind.ids: [wanted]}, gone=kind.gone)
    found = the_one(body, kind.listed, kind.id_member, wanted)
    owner = found.get("OwnerId")
    if owner != resource.account_id:
        raise Refused(Reason.NOT_OWNER, f"{wanted} is shared by account {owner}: change it there")
    return found


def tags_of(described: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the tags of what was described: the answer has no such member where there are none."""
    return pairs(described.get("Tags", []))

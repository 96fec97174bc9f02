"""Security groups: how their rules are read, named, revoked, and authorized again."""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Json, Reader, Tagged, Writer, name_after
from posture.remediation.actions.ec2.described import GROUP, tags_of
from posture.remediation.actions.setting import read_list

_KEPT = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "PrefixListId", "Description")
_REFERENCE = "ReferencedGroupInfo"
# What a rule says of another group and what authorizing takes have the same names, but for the state of a
# peering, which is only told.
_OF_REFERENCE = ("GroupId", "UserId", "VpcId", "VpcPeeringConnectionId")
_PAGE = 1000


async def read_rules(reader: Reader, resource: ResourceKey) -> list[dict[str, Any]]:
    """Return all rules of a group, in both directions."""
    request = {"Filters": [{"Name": "group-id", "Values": [_group_id(resource)]}], "MaxResults": _PAGE}
    return await read_list(
        reader, "ec2", "DescribeSecurityGroupRules", request, member="SecurityGroupRules", gone=GROUP.gone
    )


def tags_of_rules(rules: Sequence[Mapping[str, Any]]) -> tuple[Tagged, ...]:
    """Return the tags of rules."""
    return tuple(Tagged(rule["SecurityGroupRuleId"], tags_of(rule)) for rule in rules)


def kept_rule(rule: Mapping[str, Any]) -> dict[str, Json]:
    """Return what a rule is restored from. Its ports are not given where its protocol has none."""
    found: dict[str, Json] = {member: rule[member] for member in _KEPT if rule.get(member) is not None}
    if _REFERENCE in rule:
        said = rule[_REFERENCE]
        found[_REFERENCE] = {member: said[member] for member in _OF_REFERENCE if said.get(member)}
    return {**found, "IsEgress": rule["IsEgress"], "Tags": sorted(list(tag) for tag in tags_of(rule))}


def rule_name(rule: Mapping[str, Any]) -> str:
    """Name the traffic that a rule lets through: a group has no two rules for the same traffic."""
    other = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId")
    if other is None:
        said = rule.get(_REFERENCE, {})
        other = "/".join(said[member] for member in ("VpcPeeringConnectionId", "GroupId") if said.get(member))
    way = f"{'to' if rule['IsEgress'] else 'from'} {other}"
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if rule["IpProtocol"] == "-1":
        return f"all traffic {way}"
    return f"{rule['IpProtocol']} {first if first == last else f'{first}-{last}'} {way}"


async def revoke(writer: Writer, resource: ResourceKey, rule_id: str, *, egress: bool) -> None:
    """Revoke the rule of this id: by properties, a rule that is not there would be no error."""
    request = {"GroupId": _group_id(resource), "SecurityGroupRuleIds": [rule_id]}
    await writer.write("ec2", f"RevokeSecurityGroup{_direction(egress=egress)}", request)


async def authorize(writer: Writer, resource: ResourceKey, rule: Mapping[str, Json]) -> None:
    """Authorize again the traffic of a rule that was `kept`, with its description and its tags."""
    members = {member: rule[member] for member in ("IpProtocol", "FromPort", "ToPort") if member in rule}
    request: dict[str, Any] = {
        "GroupId": _group_id(resource),
        "IpPermissions": [{**members, **_other_side(rule)}],
    }
    if rule["Tags"]:
        tags = [{"Key": key, "Value": value} for key, value in rule["Tags"]]
        request["TagSpecifications"] = [{"ResourceType": "security-group-rule", "Tags": tags}]
    await writer.write("ec2", f"AuthorizeSecurityGroup{_direction(egress=rule['IsEgress'])}", request)


def _other_side(rule: Mapping[str, Json]) -> dict[str, list[dict[str, Json]]]:
    said = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIpv4" in rule:
        return {"IpRanges": [{"CidrIp": rule["CidrIpv4"], **said}]}
    if "CidrIpv6" in rule:
        return {"Ipv6Ranges": [{"CidrIpv6": rule["CidrIpv6"], **said}]}
    if "PrefixListId" in rule:
        return {"PrefixListIds": [{"PrefixListId": rule["PrefixListId"], **said}]}
    return {"UserIdGroupPairs": [{**rule[_REFERENCE], **said}]}


def _direction(*, egress: bool) -> str:
    return "Egress" if egress else "Ingress"


def _group_id(resource: ResourceKey) -> str:
    return name_after(resource, GROUP.prefix)

"""EC2.13, 14, 18, 19, 53, 54: rules of a group that let everybody in where the control forbids it."""

from collections.abc import Mapping
from typing import Any

from posture.aws.client.errors import AwsError
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    Iam,
    Json,
    Reader,
    Refused,
    Situation,
    Spared,
    State,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
    name_after,
)
from posture.remediation.actions.ec2.rules import CONTROLS, forbidden_by, judge_rule
from posture.remediation.actions.parameters import Parameter, Values, choice, ports

_GONE = frozenset({"InvalidGroup.NotFound", "InvalidGroupId.Malformed"})
# Firewall Manager makes its groups again.
_FIREWALL_MANAGER = "FMManagedSecurityGroup"
_KEPT = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "Description")
_PAGE = 1000


class RevokePublicIngress(Action):
    """Each rule is one sub-write, named by the traffic it lets in: its id is another one after an undo."""

    name = "ec2-security-group-revoke-public-ingress"
    controls = CONTROLS
    works_on = WorksOn(frozenset({"AwsEc2SecurityGroup"}))
    parameters = (
        Parameter(
            "ports", "Only these of the control's ports, such as `22,3389`; none: all of them.", None, ports
        ),
        Parameter(
            "wideRules",
            "What becomes of a rule that lets in other traffic too: `Skip` or `Revoke`.",
            "Skip",
            choice("Skip", "Revoke"),
        ),
    )
    iam = Iam(
        read=("ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"),
        write=("ec2:RevokeSecurityGroupIngress",),
        undo=("ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags"),
    )
    risk = "Every client from outside that comes in through such a rule is cut off."
    undo_says = "The rules are as before, with their descriptions and tags, under new ids."

    async def read(self, reader: Reader, resource: ResourceKey) -> State:
        """Return the group's rules for incoming traffic from addresses."""
        group, rules = await self._group(reader, resource), await self._rules(reader, resource)
        listed = {
            _name(rule): rule
            for rule in rules
            if not rule["IsEgress"] and (rule.get("CidrIpv4") or rule.get("CidrIpv6"))
        }
        return State(
            {name: _kept(rule) for name, rule in listed.items()},
            {
                "groupName": group["GroupName"],
                "ids": {name: rule["SecurityGroupRuleId"] for name, rule in listed.items()},
            },
        )

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the group and of its rules for incoming traffic: each can be revoked."""
        group, rules = await self._group(reader, resource), await self._rules(reader, resource)
        return (
            Tagged(group["GroupId"], _tags(group)),
            *(Tagged(rule["SecurityGroupRuleId"], _tags(rule)) for rule in rules if not rule["IsEgress"]),
        )

    def judge(self, state: State, values: Values, situation: Situation) -> Verdict:
        """Find the rules that open to everybody a port that one of the findings' controls forbids."""
        if state.about["groupName"].startswith(_FIREWALL_MANAGER):
            raise Refused(Reason.MANAGED_BY_POLICY, "Firewall Manager makes this group: change its policy")
        if not situation.controls & CONTROLS:
            raise Refused(Reason.NOT_SUPPORTED, "None of the findings is of a control that forbids ports")
        try:
            forbidden = [
                forbidden_by(each, situation.control_parameters)
                for each in sorted(situation.controls & CONTROLS)
            ]
        except ValueError as error:
            raise Refused(Reason.UNREADABLE, f"The control's parameters make no sense: {error}") from error
        chosen = values["ports"]
        only = None if chosen is None else frozenset(port for each in chosen for port in each)
        wrong: list[SubWrite] = []
        spared: list[Spared] = []
        for name, rule in sorted(state.parts.items()):
            judged = judge_rule({**rule, "IsEgress": False}, forbidden, only)
            if judged is None:
                continue
            if judged.cuts and values["wideRules"] == "Skip":
                why = "it lets in other traffic too; set wideRules to Revoke to have it revoked all the same"
                spared.append(Spared(name, Reason.NOT_SUPPORTED, f"{name} stays: {why}"))
            else:
                wrong.append(SubWrite(name, f"Revoke {name}", rule, None, state.about["ids"][name]))
        return Verdict(tuple(wrong), tuple(spared))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Revoke the rule of this id: by properties, a rule that is not there would be no error."""
        request = {"GroupId": _group_id(resource), "SecurityGroupRuleIds": [sub.handle]}
        await writer.write("ec2", "RevokeSecurityGroupIngress", request)

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Authorize the same traffic again."""
        rule = sub.before
        source = {"CidrIp": rule["CidrIpv4"]} if "CidrIpv4" in rule else {"CidrIpv6": rule["CidrIpv6"]}
        if "Description" in rule:
            source["Description"] = rule["Description"]
        permission = {
            **{member: rule[member] for member in ("IpProtocol", "FromPort", "ToPort") if member in rule},
            ("IpRanges" if "CidrIpv4" in rule else "Ipv6Ranges"): [source],
        }
        request: dict[str, Any] = {"GroupId": _group_id(resource), "IpPermissions": [permission]}
        if rule["Tags"]:
            tags = [{"Key": key, "Value": value} for key, value in rule["Tags"]]
            request["TagSpecifications"] = [{"ResourceType": "security-group-rule", "Tags": tags}]
        await writer.write("ec2", "AuthorizeSecurityGroupIngress", request)

    async def _group(self, reader: Reader, resource: ResourceKey) -> dict[str, Any]:
        group_id = _group_id(resource)
        try:
            body = await reader.read("ec2", "DescribeSecurityGroups", {"GroupIds": [group_id]})
        except AwsError as error:
            if error.code in _GONE:
                raise Refused(Reason.RESOURCE_GONE, f"The security group {group_id} is gone") from error
            raise
        found: list[dict[str, Any]] = body.get("SecurityGroups", [])
        if [group["GroupId"] for group in found] != [group_id]:
            raise Refused(Reason.UNREADABLE, f"EC2 did not answer with the security group {group_id}")
        if found[0]["OwnerId"] != resource.account_id:
            raise Refused(Reason.NOT_OWNER, f"{group_id} is shared by account {found[0]['OwnerId']}")
        return found[0]

    async def _rules(self, reader: Reader, resource: ResourceKey) -> list[dict[str, Any]]:
        """Read all pages of the group's rules."""
        request: dict[str, Any] = {
            "Filters": [{"Name": "group-id", "Values": [_group_id(resource)]}],
            "MaxResults": _PAGE,
        }
        found: list[dict[str, Any]] = []
        while True:
            body = await reader.read("ec2", "DescribeSecurityGroupRules", request)
            if "SecurityGroupRules" not in body:
                raise Refused(Reason.UNREADABLE, "EC2 did not answer with the rules of the group")
            found += body["SecurityGroupRules"]
            if not body.get("NextToken"):
                return found
            request["NextToken"] = body["NextToken"]


def _group_id(resource: ResourceKey) -> str:
    return name_after(resource, "security-group/")


def _tags(described: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((tag["Key"], tag["Value"]) for tag in described.get("Tags", ()))


def _kept(rule: Mapping[str, Any]) -> dict[str, Json]:
    """Return what a rule is restored from. Its ports are not given where its protocol has none."""
    kept = {member: rule[member] for member in _KEPT if rule.get(member) is not None}
    return {**kept, "Tags": sorted(list(tag) for tag in _tags(rule))}


def _name(rule: Mapping[str, Any]) -> str:
    """Name the traffic that a rule lets in: a group has no two rules for the same traffic."""
    source = rule.get("CidrIpv4") or rule.get("CidrIpv6")
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if rule["IpProtocol"] == "-1":
        return f"all traffic from {source}"
    return f"{rule['IpProtocol']} {first if first == last else f'{first}-{last}'} from {source}"


ACTION = RevokePublicIngress()

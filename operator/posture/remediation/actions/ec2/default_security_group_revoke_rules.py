"""EC2.2: default security groups of VPCs, which are to let nothing in or out."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    Iam,
    LiveState,
    Reader,
    Refused,
    Situation,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
    name_after,
)
from posture.remediation.actions.ec2.described import GROUP, describe_own, tags_of
from posture.remediation.actions.ec2.groups import (
    authorize,
    kept_rule,
    read_rules,
    revoke,
    rule_name,
    tags_of_rules,
)
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.setting import read_list

_DEFAULT = "default"
_PAGE = 1000


class RevokeDefaultGroupRules(Action):
    """Each rule, of either direction, is one sub-write. Only a group that nothing uses is touched.

    Whatever has an address in a VPC has a network interface, which names its groups: instances, databases,
    load balancers, functions (VPC user guide, "Default security groups for your VPCs").
    """

    name = "ec2-default-security-group-revoke-rules"
    controls = frozenset({"EC2.2"})
    works_on = WorksOn(frozenset({"AwsEc2SecurityGroup"}))
    iam = Iam(
        read=(
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
        ),
        write=("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"),
        undo=("ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags"),
    )
    risk = "What is launched from then on without naming a security group reaches nothing and is not reached."
    undo_says = "The rules are as before, with their descriptions and tags, under new ids."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return all rules of the group, and the network interfaces that use it."""
        group, rules = await describe_own(reader, resource, GROUP), await read_rules(reader, resource)
        filters = [{"Name": "group-id", "Values": [name_after(resource, GROUP.prefix)]}]
        used = await read_list(
            reader,
            "ec2",
            "DescribeNetworkInterfaces",
            {"Filters": filters, "MaxResults": _PAGE},
            member="NetworkInterfaces",
            gone=GROUP.gone,
        )
        return LiveState(
            {rule_name(rule): kept_rule(rule) for rule in rules},
            {
                "groupName": group["GroupName"],
                "ids": {rule_name(rule): rule["SecurityGroupRuleId"] for rule in rules},
                "interfaces": len(used),
            },
        )

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the group and of all its rules."""
        group, rules = await describe_own(reader, resource, GROUP), await read_rules(reader, resource)
        return (Tagged(group["GroupId"], tags_of(group)), *tags_of_rules(rules))

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Any rule is wrong."""
        del values, situation
        if state.about["groupName"] != _DEFAULT:
            raise Refused(
                Reason.NOT_SUPPORTED, f"{state.about['groupName']} is not the default group of a VPC"
            )
        if state.parts and state.about["interfaces"]:
            raise Refused(
                Reason.IN_USE,
                f"{state.about['interfaces']} network interfaces are in the group: move them to other groups",
            )
        ids = state.about["ids"]
        return Verdict(
            tuple(
                SubWrite(name, f"Revoke {name}", rule, None, ids[name])
                for name, rule in sorted(state.parts.items())
            )
        )

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Revoke the rule."""
        await revoke(writer, resource, sub.handle, egress=sub.before["IsEgress"])

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Authorize the same traffic again."""
        await authorize(writer, resource, sub.before)


ACTION = RevokeDefaultGroupRules()

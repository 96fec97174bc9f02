"""EC2.13, 14, 18, 19, 53, 54: rules of a group that let everybody in where the control forbids it."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Action,
    Iam,
    LiveState,
    Reader,
    Refused,
    Situation,
    Spared,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
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
from posture.remediation.actions.ec2.rules import CONTROLS, forbidden_by, judge_rule
from posture.remediation.actions.parameters import Parameter, Values, choice, ports

# Firewall Manager makes its groups again.
_FIREWALL_MANAGER = "FMManagedSecurityGroup"


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

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the group's rules for incoming traffic from addresses."""
        group, rules = await describe_own(reader, resource, GROUP), await read_rules(reader, resource)
        listed = {
            rule_name(rule): rule
            for rule in rules
            if not rule["IsEgress"] and (rule.get("CidrIpv4") or rule.get("CidrIpv6"))
        }
        return LiveState(
            {name: kept_rule(rule) for name, rule in listed.items()},
            {
                "groupName": group["GroupName"],
                "ids": {name: rule["SecurityGroupRuleId"] for name, rule in listed.items()},
            },
        )

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the group and of its rules for incoming traffic: each can be revoked."""
        group, rules = await describe_own(reader, resource, GROUP), await read_rules(reader, resource)
        own = Tagged(group["GroupId"], tags_of(group))
        return (own, *tags_of_rules([rule for rule in rules if not rule["IsEgress"]]))

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
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
            judged = judge_rule(rule, forbidden, only)
            if judged is None:
                continue
            if judged.cuts and values["wideRules"] == "Skip":
                why = "it lets in other traffic too; set wideRules to Revoke to have it revoked all the same"
                spared.append(Spared(name, Reason.NOT_SUPPORTED, f"{name} stays: {why}"))
            else:
                wrong.append(SubWrite(name, f"Revoke {name}", rule, None, state.about["ids"][name]))
        return Verdict(tuple(wrong), tuple(spared))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Revoke the rule."""
        await revoke(writer, resource, sub.handle, egress=False)

    async def restore(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Authorize the same traffic again."""
        await authorize(writer, resource, sub.before)


ACTION = RevokePublicIngress()

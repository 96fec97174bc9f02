"""EC2.15: subnets in which nothing has a public address unless it asks for one."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    Spared,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
    name_after,
)
from posture.remediation.actions.ec2.described import SUBNET, describe_own, tags_of
from posture.remediation.actions.parameters import Parameter, Values, choice
from posture.remediation.actions.setting import PartByPart

_IPV4, _IPV6 = "MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation"
_NATIVE = "Ipv6Native"


class DisablePublicAddresses(PartByPart):
    """Two flags, each its own sub-write: a call takes one of them (EC2 API, ModifySubnetAttribute).

    The control is about IPv6 too: its addresses are public (Config rule
    subnet-auto-assign-public-ip-disabled).
    """

    name = "ec2-subnet-disable-public-addresses"
    controls = frozenset({"EC2.15"})
    works_on = WorksOn(frozenset({"AwsEc2Subnet"}))
    parameters = (
        Parameter(
            "ipv6",
            "What becomes of IPv6 addresses, which dual-stack workloads may need: `Disable` or `Skip`.",
            "Disable",
            choice("Disable", "Skip"),
        ),
    )
    iam = Iam(
        read=("ec2:DescribeSubnets",),
        write=("ec2:ModifySubnetAttribute",),
        undo=("ec2:ModifySubnetAttribute",),
    )
    summary = "Assign no public addresses in the subnet by default"
    risk = "What is launched in the subnet from then on has no public address unless its launch asks for one."
    undo_says = (
        "The settings are as before; what was launched meanwhile has the addresses it was launched with."
    )

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return both flags."""
        subnet = await describe_own(reader, resource, SUBNET)
        missing = [member for member in (_IPV4, _IPV6) if member not in subnet]
        if missing:
            raise Refused(Reason.UNREADABLE, f"EC2 did not say {', '.join(missing)} of the subnet")
        return LiveState(
            {member: subnet[member] for member in (_IPV4, _IPV6)}, {_NATIVE: bool(subnet.get(_NATIVE))}
        )

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the subnet's tags."""
        return (Tagged(resource.id, tags_of(await describe_own(reader, resource, SUBNET))),)

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Find the flags that are on."""
        del situation
        wrong: list[SubWrite] = []
        spared: list[Spared] = []
        for member, version in ((_IPV4, "IPv4"), (_IPV6, "IPv6")):
            if not state.parts[member]:
                continue
            if member == _IPV6 and state.about[_NATIVE]:
                spared.append(
                    Spared(
                        member,
                        Reason.NOT_SUPPORTED,
                        f"{member} stays on: the subnet has no other addresses",
                    )
                )
            elif member == _IPV6 and values["ipv6"] == "Skip":
                spared.append(
                    Spared(member, Reason.NOT_SUPPORTED, f"{member} stays on: the rule says Skip for IPv6")
                )
            else:
                summary = f"Assign no public {version} addresses by default"
                wrong.append(SubWrite(member, summary, True, False))  # noqa: FBT003 - values of a setting
        return Verdict(tuple(wrong), tuple(spared))

    async def put_part(self, writer: Writer, resource: ResourceKey, part: str, value: Json) -> None:
        """Turn a flag on or off."""
        request = {"SubnetId": name_after(resource, SUBNET.prefix), part: {"Value": value}}
        await writer.write("ec2", "ModifySubnetAttribute", request)


ACTION = DisablePublicAddresses()

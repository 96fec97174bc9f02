"""EC2.2, EC2.15, EC2.23: default security groups, addresses of subnets, transit gateways."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, Refused, name_after
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import ActionTests, World, unique
from tests.support.wire import Fault

ACTIONS = builtin_actions()


def _vpc(world: World) -> dict[str, Any]:
    ec2 = world.client("ec2")
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    found: dict[str, Any] = ec2.describe_vpcs(VpcIds=[made["VpcId"]])["Vpcs"][0]
    return found


class TestRevokeDefaultGroupRules(ActionTests):
    """The group of a new VPC: both ways out that AWS makes, and the way in from itself, which moto lacks."""

    action: ClassVar[Action] = ACTIONS["ec2-default-security-group-revoke-rules"]
    writes = (*("ec2:RevokeSecurityGroupEgress",) * 3, *("ec2:RevokeSecurityGroupIngress",) * 2)
    undo_writes = (*("ec2:AuthorizeSecurityGroupEgress",) * 3, *("ec2:AuthorizeSecurityGroupIngress",) * 2)
    write_marker = "Action=RevokeSecurityGroup"
    tag_markers = ("Action=DescribeSecurityGroups&", "Action=DescribeSecurityGroupRules")

    def make_wrong(self, world: World) -> ResourceKey:
        ec2, vpc = world.client("ec2"), _vpc(world)["VpcId"]
        filters = [{"Name": "vpc-id", "Values": [vpc]}]
        group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
        lists = [{"PrefixListId": "pl-12345678"}]
        ec2.authorize_security_group_egress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": lists}],
        )
        self._let_itself_in(world, group)
        office = [{"CidrIp": "192.0.2.0/24", "Description": "the office"}]
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": office}],
            TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "b"}]}],
        )
        return world.resource("AwsEc2SecurityGroup", "ec2", f"security-group/{group}")

    def _let_itself_in(self, world: World, group: str, **options: Any) -> None:
        itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
        world.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=itself, **options)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        """The group and all rules, apart from their ids: what is authorized again has another one."""
        ec2, group = world.client("ec2"), name_after(resource, "security-group/")
        described = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        filters = [{"Name": "group-id", "Values": [group]}]
        rules = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        listed = [
            {name: value for name, value in rule.items() if name != "SecurityGroupRuleId"} for rule in rules
        ]
        about = {name: described[name] for name in ("GroupName", "Tags", "VpcId", "Description")}
        return about, sorted(listed, key=repr)

    def fixed(self, settings: Any) -> Any:
        return settings[0], []

    def change(self, world: World, resource: ResourceKey) -> None:
        """Let the group in to itself again, with a tag."""
        tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "by", "Value": "me"}]}]
        self._let_itself_in(world, name_after(resource, "security-group/"), TagSpecifications=tags)

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("ec2").create_tags(Resources=[name_after(resource, "security-group/")], Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        """A default group goes with its VPC."""
        ec2 = world.client("ec2")
        groups = ec2.describe_security_groups(GroupIds=[name_after(resource, "security-group/")])
        ec2.delete_vpc(VpcId=groups["SecurityGroups"][0]["VpcId"])

    async def test_the_tags_of_a_rule_count(self, world: World) -> None:
        tags = await self.action.tags(world.reader(), self.make_wrong(world))
        assert (("a", "b"),) in [each.tags for each in tags]

    async def test_a_group_that_is_used_is_left_alone(self, world: World) -> None:
        resource = self.make_wrong(world)
        ec2, group = world.client("ec2"), name_after(resource, "security-group/")
        vpc = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        ec2.create_network_interface(SubnetId=subnet, Groups=[group])
        with pytest.raises(Refused, match="network interfaces are in the group") as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.IN_USE

    async def test_whether_it_is_used_has_to_be_known(self, world: World) -> None:
        resource = self.make_wrong(world)
        world.wire.fail("Action=DescribeNetworkInterfaces", Fault.DENIED)
        with pytest.raises(Exception, match="DescribeNetworkInterfaces"):
            await self.read(world, resource)

    async def test_other_groups_are_none_of_its_business(self, world: World) -> None:
        made = world.client("ec2").create_security_group(GroupName=unique("default"), Description="d")
        resource = world.resource("AwsEc2SecurityGroup", "ec2", f"security-group/{made['GroupId']}")
        with pytest.raises(Refused) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.NOT_SUPPORTED

    async def test_what_was_done_before_a_failure_stays_done_and_is_undone(self, world: World) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        wrong = (await self.read(world, resource)).verdict.wrong
        await self.action.write(world.writer(), resource, wrong[0])
        world.wire.fail(self.write_marker, "ThrottlingException")
        with pytest.raises(Exception, match="RevokeSecurityGroup"):
            await self.action.write(world.writer(), resource, wrong[1])
        world.wire.heal()
        left = (await self.read(world, resource)).verdict.wrong
        assert [each.name for each in left] == [each.name for each in wrong[1:]]
        for each in wrong:
            await self.action.undo(world.writer(), resource, each)
        assert self.settings(world, resource) == before


class TestDisablePublicAddresses(ActionTests):
    action: ClassVar[Action] = ACTIONS["ec2-subnet-disable-public-addresses"]
    writes = ("ec2:ModifySubnetAttribute",) * 2
    write_marker = "Action=ModifySubnetAttribute"
    tag_markers = ("Action=DescribeSubnets",)

    def make_wrong(self, world: World) -> ResourceKey:
        ec2, vpc = world.client("ec2"), _vpc(world)
        block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
        made = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.0.0/24", Ipv6CidrBlock=block)["Subnet"]
        for flag in ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation"):
            ec2.modify_subnet_attribute(SubnetId=made["SubnetId"], **{flag: {"Value": True}})
        return world.resource("AwsEc2Subnet", "ec2", f"subnet/{made['SubnetId']}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        answer = world.client("ec2").describe_subnets(SubnetIds=[name_after(resource, "subnet/")])
        return answer["Subnets"][0]

    def fixed(self, settings: Any) -> Any:
        return settings | {"MapPublicIpOnLaunch": False, "AssignIpv6AddressOnCreation": False}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("ec2").create_tags(Resources=[name_after(resource, "subnet/")], Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("ec2").delete_subnet(SubnetId=name_after(resource, "subnet/"))

    async def test_what_was_done_before_a_failure_stays_done_and_is_undone(self, world: World) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        first, second = (await self.read(world, resource)).verdict.wrong
        await self.action.write(world.writer(), resource, first)
        world.wire.fail(self.write_marker, Fault.DENIED)
        with pytest.raises(Exception, match="ModifySubnetAttribute"):
            await self.action.write(world.writer(), resource, second)
        world.wire.heal()
        assert (await self.read(world, resource)).verdict.wrong == (second,)
        for each in (first, second):
            await self.action.undo(world.writer(), resource, each)
        assert self.settings(world, resource) == before


class TestDisableAutoAccept(ActionTests):
    action: ClassVar[Action] = ACTIONS["ec2-transit-gateway-disable-auto-accept"]
    writes = ("ec2:ModifyTransitGateway",)
    write_marker = "Action=ModifyTransitGateway"
    tag_markers = ("Action=DescribeTransitGateways",)

    def make_wrong(self, world: World) -> ResourceKey:
        options: Any = {"AutoAcceptSharedAttachments": "enable", "DnsSupport": "disable"}
        made = world.client("ec2").create_transit_gateway(Description="d", Options=options)["TransitGateway"]
        return world.resource("AwsEc2TransitGateway", "ec2", f"transit-gateway/{made['TransitGatewayId']}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        ids = [name_after(resource, "transit-gateway/")]
        return world.client("ec2").describe_transit_gateways(TransitGatewayIds=ids)["TransitGateways"][0]

    def fixed(self, settings: Any) -> Any:
        return settings | {"Options": settings["Options"] | {"AutoAcceptSharedAttachments": "disable"}}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("ec2").create_tags(Resources=[name_after(resource, "transit-gateway/")], Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("ec2").delete_transit_gateway(TransitGatewayId=name_after(resource, "transit-gateway/"))

"""ELB.4, 6, 7, 9, 12 and 14: attributes of load balancers, and of classic ones."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, LiveState, Refused, Verdict
from posture.remediation.actions.elb.classic import EnableConnectionDraining
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import REGION, ActionTests, World, unique

DRAINING = EnableConnectionDraining()
ACTIONS = builtin_actions()


class _Balancers(ActionTests):
    """`wrong` and `right`: values of the attribute `key`; `other`: what a person may set it to."""

    key: ClassVar[str]
    wrong: ClassVar[str] = "false"
    right: ClassVar[str] = "true"
    writes = ("elbv2:ModifyLoadBalancerAttributes",)
    write_marker = "Action=ModifyLoadBalancerAttributes"
    tag_markers = ("Action=DescribeTags", "Action=DescribeLoadBalancers&")

    def make_wrong(self, world: World) -> ResourceKey:
        ec2, elb = world.client("ec2"), world.client("elbv2")
        network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=network, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=REGION + zone)
            for number, zone in enumerate("ab")
        ]
        answer = elb.create_load_balancer(
            Name=unique("lb"), Subnets=[each["Subnet"]["SubnetId"] for each in subnets]
        )
        arn = answer["LoadBalancers"][0]["LoadBalancerArn"]
        others = {"idle_timeout.timeout_seconds": "77", "routing.http2.enabled": "false"}
        self._set(world, arn, {**others, self.key: self.wrong})
        return ResourceKey(world.account, "aws", REGION, "AwsElbv2LoadBalancer", arn)

    def _set(self, world: World, arn: str, attributes: dict[str, str]) -> None:
        written = [{"Key": key, "Value": value} for key, value in attributes.items()]
        world.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=written)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        elb = world.client("elbv2")
        listed = elb.describe_load_balancer_attributes(LoadBalancerArn=resource.id)["Attributes"]
        balancer = elb.describe_load_balancers(LoadBalancerArns=[resource.id])["LoadBalancers"][0]
        return {**balancer, **{each["Key"]: each["Value"] for each in listed}}

    def fixed(self, settings: Any) -> Any:
        return settings | {self.key: self.right}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("elbv2").add_tags(ResourceArns=[resource.id], Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("elbv2").delete_load_balancer(LoadBalancerArn=resource.id)

    async def test_a_balancer_without_the_attribute_is_left(self, world: World) -> None:
        """moto leaves out attributes that were never set; AWS does for other types of balancers."""
        resource = self.make_wrong(world)
        elb = world.client("elbv2")
        zones = elb.describe_load_balancers(LoadBalancerArns=[resource.id])["LoadBalancers"][0][
            "AvailabilityZones"
        ]
        answer = elb.create_load_balancer(
            Name=unique("lb"), Type="network", Subnets=[each["SubnetId"] for each in zones]
        )
        other = resource._replace(id=answer["LoadBalancers"][0]["LoadBalancerArn"])
        held = {each["Key"] for each in _attributes(world, other.id)}
        if self.key in held:
            assert (await self.read(world, other)).verdict.wrong
            return
        with pytest.raises(Refused, match="type network") as refused:
            await self.read(world, other)
        assert refused.value.reason is Reason.NOT_SUPPORTED


def _attributes(world: World, arn: str) -> Any:
    elb = world.client("elbv2")
    return elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]


class TestDropInvalidHeaders(_Balancers):
    action: ClassVar[Action] = ACTIONS["elb-drop-invalid-headers"]
    key = "routing.http.drop_invalid_header_fields.enabled"


class TestDesyncMitigation(_Balancers):
    action: ClassVar[Action] = ACTIONS["elb-set-desync-mitigation"]
    key = "routing.http.desync_mitigation_mode"
    wrong, right = "monitor", "defensive"

    def change(self, world: World, resource: ResourceKey) -> None:
        self._set(world, resource.id, {self.key: "strictest"})

    async def test_the_strictest_mode_is_right(self, world: World) -> None:
        resource = self.make_wrong(world)
        self.change(world, resource)
        assert (await self.read(world, resource)).verdict == Verdict()


class TestDeletionProtection(_Balancers):
    action: ClassVar[Action] = ACTIONS["elb-enable-deletion-protection"]
    key = "deletion_protection.enabled"

    @pytest.mark.parametrize(
        ("tag", "owned"),
        [
            (("elbv2.k8s.aws/cluster", "shop"), True),
            (("eks:eks-cluster-name", "shop"), True),
            (("kubernetes.io/cluster/shop", "owned"), True),
            (("kubernetes.io/cluster/shop", "shared"), False),
            (("team", "shop"), False),
        ],
    )
    async def test_what_a_controller_makes_it_can_delete(
        self, world: World, tag: tuple[str, str], owned: bool
    ) -> None:
        resource = self.make_wrong(world)
        self.tag(world, resource, tag)
        if not owned:
            assert (await self.read(world, resource)).verdict.wrong
            return
        with pytest.raises(Refused, match=tag[0]) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.NOT_OWNER


class _Classic(ActionTests):
    wrong: ClassVar[dict[str, Any]]
    right: ClassVar[dict[str, Any]]
    writes = ("elb:ModifyLoadBalancerAttributes",)
    write_marker = "Action=ModifyLoadBalancerAttributes"
    tag_markers = ("Action=DescribeTags",)

    def make_wrong(self, world: World) -> ResourceKey:
        elb, name = world.client("elb"), unique("lb")
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8080}
        elb.create_load_balancer(
            LoadBalancerName=name, Listeners=[listener], AvailabilityZones=[f"{REGION}a"]
        )
        resource = world.resource("AwsElbLoadBalancer", "elasticloadbalancing", f"loadbalancer/{name}")
        self.set(world, resource, {"ConnectionSettings": {"IdleTimeout": 77}, **self.wrong})
        return resource

    def set(self, world: World, resource: ResourceKey, attributes: dict[str, Any]) -> None:
        world.client("elb").modify_load_balancer_attributes(
            LoadBalancerName=resource.id.rpartition("/")[2], LoadBalancerAttributes=attributes
        )

    def settings(self, world: World, resource: ResourceKey) -> Any:
        """Read all, once each: moto adds the mode of desync mitigation again at each change."""
        name = resource.id.rpartition("/")[2]
        elb = world.client("elb")
        answer = elb.describe_load_balancer_attributes(LoadBalancerName=name)["LoadBalancerAttributes"]
        additional = {each["Key"]: each["Value"] for each in answer.pop("AdditionalAttributes", [])}
        balancer = elb.describe_load_balancers(LoadBalancerNames=[name])["LoadBalancerDescriptions"][0]
        return {**balancer, **answer, **additional}

    def fixed(self, settings: Any) -> Any:
        return settings | self.right

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("elb").add_tags(LoadBalancerNames=[resource.id.rpartition("/")[2]], Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("elb").delete_load_balancer(LoadBalancerName=resource.id.rpartition("/")[2])

    async def test_a_balancer_of_another_kind_is_not_taken_for_one(self, world: World) -> None:
        other = world.resource("AwsElbLoadBalancer", "elasticloadbalancing", "loadbalancer/app/lb/1")
        with pytest.raises(Refused, match="Classic") as refused:
            await self.action.read(world.reader(), other)
        assert refused.value.reason is Reason.NOT_SUPPORTED


class TestConnectionDraining(_Classic):
    action: ClassVar[Action] = DRAINING
    wrong: ClassVar = {"ConnectionDraining": {"Enabled": False, "Timeout": 120}}
    right: ClassVar = {"ConnectionDraining": {"Enabled": True, "Timeout": 120}}

    def change(self, world: World, resource: ResourceKey) -> None:
        self.set(world, resource, {"ConnectionDraining": {"Enabled": True, "Timeout": 30}})

    def test_a_time_that_is_not_told_is_the_default(self) -> None:
        state = LiveState(
            {"connectionDraining": DRAINING.value_of({"ConnectionDraining": {"Enabled": False}})}
        )
        (written,) = DRAINING.judge(state, {}, self.situation()).wrong
        assert written.before == {"Enabled": False, "Timeout": 300}
        assert written.after == {"Enabled": True, "Timeout": 300}


class TestCrossZone(_Classic):
    action: ClassVar[Action] = ACTIONS["elb-classic-enable-cross-zone"]
    wrong: ClassVar = {"CrossZoneLoadBalancing": {"Enabled": False}}
    right: ClassVar = {"CrossZoneLoadBalancing": {"Enabled": True}}


class TestClassicDesyncMitigation(_Classic):
    action: ClassVar[Action] = ACTIONS["elb-classic-set-desync-mitigation"]
    wrong: ClassVar = {"AdditionalAttributes": [{"Key": "elb.http.desyncmitigationmode", "Value": "monitor"}]}
    right: ClassVar = {"elb.http.desyncmitigationmode": "defensive"}

    def change(self, world: World, resource: ResourceKey) -> None:
        mode = {"Key": "elb.http.desyncmitigationmode", "Value": "strictest"}
        self.set(world, resource, {"AdditionalAttributes": [mode]})

    async def test_the_strictest_mode_is_right(self, world: World) -> None:
        resource = self.make_wrong(world)
        self.change(world, resource)
        assert (await self.read(world, resource)).verdict == Verdict()

"""AutoScaling.1: which health checks a group uses."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, Refused, Verdict
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import REGION, ActionTests, World, unique


class TestHealthChecks(ActionTests):
    action: ClassVar[Action] = builtin_actions()["autoscaling-use-load-balancer-health-checks"]
    writes = ("autoscaling:UpdateAutoScalingGroup",)
    write_marker = "Action=UpdateAutoScalingGroup"
    tag_markers = ("Action=DescribeAutoScalingGroups",)

    def make_wrong(self, world: World) -> ResourceKey:
        ec2, elb = world.client("ec2"), world.client("elbv2")
        network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.0.0/24", AvailabilityZone=f"{REGION}a")[
            "Subnet"
        ]["SubnetId"]
        targets = elb.create_target_group(Name=unique("tg"), Protocol="HTTP", Port=80, VpcId=network)
        return self._make(
            world,
            VPCZoneIdentifier=subnet,
            TargetGroupARNs=[targets["TargetGroups"][0]["TargetGroupArn"]],
            DesiredCapacity=1,
        )

    def _make(self, world: World, **said: Any) -> ResourceKey:
        name, scaling = f"shop/{unique('group')}", world.client("autoscaling")
        scaling.create_launch_configuration(
            LaunchConfigurationName=name, ImageId="ami-12c6146b", InstanceType="t3.micro"
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName=name,
            MinSize=0,
            MaxSize=2,
            HealthCheckType="EC2",
            HealthCheckGracePeriod=77,
            **said,
        )
        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        arn = group["AutoScalingGroupARN"]
        return ResourceKey(world.account, "aws", REGION, "AwsAutoScalingAutoScalingGroup", arn)

    def _name(self, resource: ResourceKey) -> str:
        return resource.id.partition("autoScalingGroupName/")[2]

    def settings(self, world: World, resource: ResourceKey) -> Any:
        names = [self._name(resource)]
        answer = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=names)
        return answer["AutoScalingGroups"][0]

    def fixed(self, settings: Any) -> Any:
        return settings | {"HealthCheckType": "ELB"}

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=self._name(resource), HealthCheckType="EBS,ELB"
        )

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        which = {"ResourceId": self._name(resource), "ResourceType": "auto-scaling-group"}
        tags = [{**which, "Key": tag[0], "Value": tag[1], "PropagateAtLaunch": False}]
        world.client("autoscaling").create_or_update_tags(Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        name = self._name(resource)
        world.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)

    async def test_another_group_of_the_same_name_is_another(self, world: World) -> None:
        resource = self.make_wrong(world)
        other = resource._replace(id=resource.id.replace(":autoScalingGroup:", ":autoScalingGroup:11111111-"))
        with pytest.raises(Refused) as refused:
            await self.action.read(world.reader(), other)
        assert refused.value.reason is Reason.RESOURCE_GONE

    async def test_other_checks_stay(self, world: World) -> None:
        resource = self.make_wrong(world)
        world.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=self._name(resource), HealthCheckType="EBS"
        )
        await self.fix(world, resource)
        assert self.settings(world, resource)["HealthCheckType"] == "EBS,ELB"
        assert (await self.read(world, resource)).verdict == Verdict()

    async def test_a_group_behind_nothing_is_left(self, world: World) -> None:
        resource = self._make(world, AvailabilityZones=[f"{REGION}a"])
        with pytest.raises(Refused) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.NOT_SUPPORTED

    async def test_a_group_whose_instances_would_be_replaced_is_left(self, world: World) -> None:
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
        zones, name = [f"{REGION}a"], unique("lb")
        world.client("elb").create_load_balancer(
            LoadBalancerName=name, Listeners=[listener], AvailabilityZones=zones
        )
        resource = self._make(world, AvailabilityZones=zones, LoadBalancerNames=[name], DesiredCapacity=2)
        first, _ = self.settings(world, resource)["Instances"]
        assert (await self.read(world, resource)).verdict.wrong
        world.client("ec2").stop_instances(InstanceIds=[first["InstanceId"]])
        with pytest.raises(Refused, match=first["InstanceId"]) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.IN_USE

    @pytest.mark.parametrize("key", ["eks:nodegroup-name", "elasticbeanstalk:environment-name"])
    async def test_a_group_of_another_service_is_left_to_it(self, world: World, key: str) -> None:
        resource = self.make_wrong(world)
        self.tag(world, resource, (key, "shop"))
        with pytest.raises(Refused, match=key) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.MANAGED_BY_AWS

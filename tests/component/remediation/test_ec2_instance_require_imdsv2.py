"""EC2.8: IMDSv2 of instances, and what their metric says about who reads without a token."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import instant_of
from posture.remediation.actions.contract import Refused, name_after
from posture.remediation.actions.ec2.instance_require_imdsv2 import ACTION
from tests.support.actions import ActionTests, World
from tests.support.wire import Fault

IMAGE = "ami-12c6146b"


class TestRequireImdsV2(ActionTests):
    action = ACTION
    writes = ("ec2:ModifyInstanceMetadataOptions",)
    write_marker = "Action=ModifyInstanceMetadataOptions"
    tag_markers = ("Action=DescribeInstances",)

    def make_wrong(self, world: World) -> ResourceKey:
        ec2 = world.client("ec2")
        options = {
            "HttpTokens": "optional",
            "HttpEndpoint": "enabled",
            "HttpPutResponseHopLimit": 3,
            "InstanceMetadataTags": "enabled",
        }
        answer = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, MetadataOptions=options)
        instance = answer["Instances"][0]["InstanceId"]
        return world.resource("AwsEc2Instance", "ec2", f"instance/{instance}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        instance = name_after(resource, "instance/")
        answer = world.client("ec2").describe_instances(InstanceIds=[instance])
        return answer["Reservations"][0]["Instances"][0]

    def fixed(self, settings: Any) -> Any:
        return settings | {"MetadataOptions": settings["MetadataOptions"] | {"HttpTokens": "required"}}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("ec2").create_tags(Resources=[name_after(resource, "instance/")], Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        """It is still described, as terminated."""
        world.client("ec2").terminate_instances(InstanceIds=[name_after(resource, "instance/")])

    def _read_without_token(self, world: World, resource: ResourceKey, times: int) -> None:
        dimensions = [{"Name": "InstanceId", "Value": name_after(resource, "instance/")}]
        data: Any = [{"MetricName": "MetadataNoToken", "Dimensions": dimensions, "Value": times}]
        world.client("cloudwatch").put_metric_data(Namespace="AWS/EC2", MetricData=data)

    async def test_only_tokens_are_sent(self, world: World) -> None:
        resource = self.make_wrong(world)
        await self.fix(world, resource)
        (sent,) = [each for each in world.wire.requests if self.write_marker in each]
        body = sent.rpartition(" ")[2]
        named = {pair.partition("=")[0] for pair in body.split("&")}
        assert named == {"Action", "Version", "InstanceId", "HttpTokens"}

    async def test_software_that_reads_without_a_token_is_not_cut_off(self, world: World) -> None:
        resource = self.make_wrong(world)
        self._read_without_token(world, resource, 3)
        with pytest.raises(Refused, match="withoutTokens") as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.IN_USE
        later = instant_of(datetime.now(UTC) + timedelta(days=22))
        assert (await self.read(world, resource, now=later)).verdict.wrong
        state = await self.action.read(world.reader(), resource)
        requiring = self.action.configure({"withoutTokens": "Require"})
        assert self.action.judge(state, requiring, self.situation()).wrong

    async def test_a_metric_of_zeros_is_no_use(self, world: World) -> None:
        resource = self.make_wrong(world)
        self._read_without_token(world, resource, 0)
        assert (await self.read(world, resource)).verdict.wrong

    @pytest.mark.parametrize("fault", [Fault.DENIED, Fault.EMPTY, Fault.HTML], ids=lambda fault: fault.value)
    async def test_whether_it_is_used_has_to_be_known(self, world: World, fault: Fault) -> None:
        resource = self.make_wrong(world)
        world.wire.fail("GetMetricStatistics", fault)
        with pytest.raises(Exception, match="GetMetricStatistics"):
            await self.read(world, resource)

    async def test_an_instance_that_does_not_exist_is_gone(self, world: World) -> None:
        resource = world.resource("AwsEc2Instance", "ec2", "instance/i-1234567890abcdef0")
        with pytest.raises(Refused) as refused:
            await self.action.read(world.reader(), resource)
        assert refused.value.reason is Reason.RESOURCE_GONE

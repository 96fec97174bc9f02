"""CloudWatch.16 and 17: the retention of log groups, and the actions of alarms."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, LiveState, Refused, Verdict
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import REGION, ActionTests, World, unique

ACTIONS = builtin_actions()


class TestRetention(ActionTests):
    action: ClassVar[Action] = ACTIONS["cloudwatch-log-group-raise-retention"]
    writes = ("logs:PutRetentionPolicy",)
    write_marker = ".PutRetentionPolicy"
    tag_markers = (".ListTagsForResource",)

    def make_wrong(self, world: World) -> ResourceKey:
        name = f"/team/{unique('logs')}"
        self._make(world, f"{name}-also", 30)
        return self._make(world, name, 30)

    def _make(self, world: World, name: str, days: int | None) -> ResourceKey:
        logs = world.client("logs")
        logs.create_log_group(logGroupName=name)
        if days is not None:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        return world.resource("AwsLogsLogGroup", "logs", f"log-group:{name}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        """Read all groups that begin with its name."""
        name = resource.id.partition("log-group:")[2]
        return world.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]

    def fixed(self, settings: Any) -> Any:
        first, *others = settings
        return [first | {"retentionInDays": 365}, *others]

    def change(self, world: World, resource: ResourceKey) -> None:
        name = resource.id.partition("log-group:")[2]
        world.client("logs").put_retention_policy(logGroupName=name, retentionInDays=400)

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        world.client("logs").tag_resource(resourceArn=resource.id, tags=dict([tag]))

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("logs").delete_log_group(logGroupName=resource.id.partition("log-group:")[2])

    async def test_it_does_what_the_control_asks_and_never_lowers(self, world: World) -> None:
        resource = self.make_wrong(world)
        asked = {"control_parameters": {"minRetentionTime": ["731"]}}
        (written,) = (await self.read(world, resource, **asked)).verdict.wrong
        assert (written.before, written.after) == (30, 731)
        await self.action.write(world.writer(), resource, written)
        assert (await self.read(world, resource)).verdict == Verdict()
        assert (await self.read(world, resource, **asked)).verdict == Verdict()

    @pytest.mark.parametrize("value", [["366"], ["-1"], ["٣٦٥"], [""], [], ["365", "400"]])
    async def test_a_minimum_that_makes_no_sense_is_not_guessed(self, world: World, value: list[str]) -> None:
        with pytest.raises(Refused, match="makes no sense") as refused:
            await self.read(world, self.make_wrong(world), control_parameters={"minRetentionTime": value})
        assert refused.value.reason is Reason.UNREADABLE

    async def test_a_group_that_keeps_its_events_for_ever_is_right(self, world: World) -> None:
        resource = self._make(world, unique("logs"), None)
        assert (await self.read(world, resource)).verdict == Verdict()

    async def test_an_arn_may_mean_the_streams_too(self, world: World) -> None:
        resource = self.make_wrong(world)
        with_streams = resource._replace(id=f"{resource.id}:*")
        self.tag(world, resource, ("Keep", "Out"))
        assert [each.tags for each in await self._tags(world, with_streams)] == [(("Keep", "Out"),)]
        assert await self.fix(world, with_streams)
        assert (await self.read(world, resource)).verdict == Verdict()

    async def test_one_whose_retention_is_fixed_is_left(self, world: World) -> None:
        state = await self.action.read(world.reader(), self.make_wrong(world))
        with pytest.raises(Refused) as refused:
            self.action.judge(LiveState(state.parts, {"class": "DELIVERY"}), {}, self.situation())
        assert refused.value.reason is Reason.NOT_SUPPORTED


class TestAlarmActions(ActionTests):
    action: ClassVar[Action] = ACTIONS["cloudwatch-enable-alarm-actions"]
    writes = ("cloudwatch:EnableAlarmActions",)
    undo_writes = ("cloudwatch:DisableAlarmActions",)
    write_marker = ".EnableAlarmActions"
    tag_markers = (".ListTagsForResource", ".DescribeAlarms")

    def make_wrong(self, world: World) -> ResourceKey:
        return self._make(world, f"a:{unique('alarm')}")

    def _make(self, world: World, name: str) -> ResourceKey:
        world.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="n",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            ActionsEnabled=False,
            AlarmActions=[f"arn:aws:sns:{REGION}:{world.account}:pages"],
        )
        return world.resource("AwsCloudWatchAlarm", "cloudwatch", f"alarm:{name}")

    def _name(self, resource: ResourceKey) -> str:
        return resource.id.partition("alarm:")[2]

    def settings(self, world: World, resource: ResourceKey) -> Any:
        names = [self._name(resource)]
        alarm = world.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"][0]
        return {name: value for name, value in alarm.items() if not name.endswith("UpdatedTimestamp")}

    def fixed(self, settings: Any) -> Any:
        return settings | {"ActionsEnabled": True}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("cloudwatch").tag_resource(ResourceARN=resource.id, Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("cloudwatch").delete_alarms(AlarmNames=[self._name(resource)])

    async def test_alarms_of_auto_scaling_are_left_to_it(self, world: World) -> None:
        resource = self._make(world, "TargetTracking-service/shop-AlarmHigh-1")
        with pytest.raises(Refused) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.MANAGED_BY_AWS

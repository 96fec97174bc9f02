"""CloudWatch.17: alarms that do what they are to do."""

from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Tagged,
    Writer,
    name_after,
)
from posture.remediation.actions.setting import Setting, pairs, read_list

_GONE = frozenset({"ResourceNotFoundException", "ResourceNotFound"})
_KINDS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}
# Application Auto Scaling makes these, and asks not to edit them.
_OF_SCALING = "TargetTracking-"


class EnableAlarmActions(Setting):
    """What an alarm's actions are stays as it is (CloudWatch API, EnableAlarmActions)."""

    name = "cloudwatch-enable-alarm-actions"
    controls = frozenset({"CloudWatch.17"})
    works_on = WorksOn(frozenset({"AwsCloudWatchAlarm"}))
    iam = Iam(
        read=("cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"),
        write=("cloudwatch:EnableAlarmActions",),
        undo=("cloudwatch:DisableAlarmActions",),
    )
    risk = "From its next change of state on the alarm does what it is to do: page people, stop instances."
    undo_says = "The actions are off as before; what they have done stays."
    part = "ActionsEnabled"
    right = True
    summary = "Enable the actions of the alarm"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return whether the alarm's actions are enabled."""
        alarm = await _alarm(reader, resource)
        if self.part not in alarm:
            raise Refused(Reason.UNREADABLE, f"CloudWatch did not answer with {self.part}")
        return LiveState({self.part: alarm[self.part]}, {"name": alarm["AlarmName"]})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of an alarm that is there."""
        await _alarm(reader, resource)
        request = {"ResourceARN": resource.id}
        tags = await read_list(
            reader, "cloudwatch", "ListTagsForResource", request, member="Tags", gone=_GONE
        )
        return (Tagged(resource.id, pairs(tags)),)

    def check(self, state: LiveState) -> None:
        """Refuse alarms that are not the account's to change."""
        if state.about["name"].startswith(_OF_SCALING):
            raise Refused(Reason.MANAGED_BY_AWS, "Application Auto Scaling makes this alarm")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Enable or disable the actions."""
        request = {"AlarmNames": [name_after(resource, "alarm:")]}
        await writer.write("cloudwatch", f"{'Enable' if value else 'Disable'}AlarmActions", request)


async def _alarm(reader: Reader, resource: ResourceKey) -> dict[str, Any]:
    request = {"AlarmNames": [name_after(resource, "alarm:")], "AlarmTypes": sorted(_KINDS)}
    body = await reader.read("cloudwatch", "DescribeAlarms", request)
    listed = [body[kind] for kind in _KINDS.values() if kind in body]
    if not listed:
        raise Refused(Reason.UNREADABLE, "CloudWatch did not answer with alarms")
    found: list[dict[str, Any]] = [each for alarms in listed for each in alarms]
    if not found:
        raise Refused(Reason.RESOURCE_GONE, f"It is gone: there is no alarm {request['AlarmNames'][0]}")
    if [each.get("AlarmArn") for each in found] != [resource.id]:
        raise Refused(Reason.UNREADABLE, "CloudWatch did not answer with the alarm")
    return found[0]


ACTION = EnableAlarmActions()

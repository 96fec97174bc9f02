"""CloudWatch.16: log groups whose events are kept for as long as the control asks."""

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
from posture.remediation.actions.minimum import Minimum
from posture.remediation.actions.setting import read_or_gone

_GONE = frozenset({"ResourceNotFoundException"})
# Of ARNs that mean the streams of a group too.
_STREAMS = ":*"


class RaiseRetention(Minimum):
    """A group without retention keeps its events for ever, which is right (CloudWatch Logs API)."""

    name = "cloudwatch-log-group-raise-retention"
    controls = frozenset({"CloudWatch.16"})
    works_on = WorksOn(frozenset({"AwsLogsLogGroup"}))
    iam = Iam(
        read=("logs:DescribeLogGroups", "logs:ListTagsForResource"),
        write=("logs:PutRetentionPolicy",),
        undo=("logs:PutRetentionPolicy",),
    )
    risk = "Nothing is cut off; events are kept, and paid for, for longer."
    undo_says = "The retention is as before; events that are older are deleted."
    part = "retentionInDays"
    control_parameter = "minRetentionTime"
    default = 365
    allowed = (365, 400, 545, 731, 1827, 3653)
    summary = "Raise the days for which events of the log group are kept"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the days for which events are kept; None: for ever."""
        group = await _group(reader, resource)
        return LiveState({self.part: group.get(self.part)}, {"class": group.get("logGroupClass")})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of a group that is there."""
        await _group(reader, resource)
        request = {"resourceArn": resource.id.removesuffix(_STREAMS)}
        body = await read_or_gone(reader, "logs", "ListTagsForResource", request, gone=_GONE)
        if "tags" not in body:
            raise Refused(Reason.UNREADABLE, "CloudWatch Logs did not answer with the group's tags")
        return (Tagged(resource.id, tuple(body["tags"].items())),)

    def check(self, state: LiveState) -> None:
        """Refuse groups whose retention nobody can change."""
        if state.about["class"] == "DELIVERY":
            raise Refused(Reason.NOT_SUPPORTED, "Groups of class DELIVERY keep their events for a day")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the days."""
        request = {"logGroupName": _name(resource), self.part: value}
        await writer.write("logs", "PutRetentionPolicy", request)


def _name(resource: ResourceKey) -> str:
    return name_after(resource, "log-group:").removesuffix(_STREAMS)


async def _group(reader: Reader, resource: ResourceKey) -> dict[str, Any]:
    """Return the group. Groups are listed by name: it is the first of those that begin with its own."""
    name = _name(resource)
    body = await reader.read("logs", "DescribeLogGroups", {"logGroupNamePrefix": name})
    if "logGroups" not in body:
        raise Refused(Reason.UNREADABLE, "CloudWatch Logs did not answer with groups")
    found: list[dict[str, Any]] = [each for each in body["logGroups"] if each.get("logGroupName") == name]
    if not found:
        raise Refused(Reason.RESOURCE_GONE, f"It is gone: there is no log group {name}")
    return found[0]


ACTION = RaiseRetention()

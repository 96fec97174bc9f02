"""Trails: one setting of each, and their tags.

A trail's ARN is of its home Region, where alone it can be changed (CloudTrail API, UpdateTrail).
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

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
from posture.remediation.actions.setting import Setting, pairs, read_list, read_or_gone

_GONE = frozenset({"TrailNotFoundException", "ResourceNotFoundException"})


class TrailSetting(Setting):
    """`sent_as`: what UpdateTrail names the setting; what is not sent stays as it is."""

    works_on = WorksOn(frozenset({"AwsCloudTrailTrail"}))
    iam = Iam(
        read=("cloudtrail:GetTrail", "cloudtrail:ListTags"),
        write=("cloudtrail:UpdateTrail",),
        undo=("cloudtrail:UpdateTrail",),
    )
    sent_as: ClassVar[str]

    @abstractmethod
    def value_of(self, trail: Mapping[str, Any]) -> Json:
        """Return the part out of what describes a trail. Raises Refused where it is not said."""

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the setting."""
        name_after(resource, "trail/")
        body = await read_or_gone(reader, "cloudtrail", "GetTrail", {"Name": resource.id}, gone=_GONE)
        trail = body.get("Trail", {})
        if trail.get("TrailARN") != resource.id:
            raise Refused(Reason.UNREADABLE, "CloudTrail did not answer with the trail")
        return LiveState({self.part: self.value_of(trail)})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of a trail that is there."""
        await self.read(reader, resource)
        listed = await read_list(
            reader,
            "cloudtrail",
            "ListTags",
            {"ResourceIdList": [resource.id]},
            member="ResourceTagList",
            gone=_GONE,
        )
        if {each["ResourceId"] for each in listed} != {resource.id}:
            raise Refused(Reason.UNREADABLE, "CloudTrail did not answer with the tags of the trail")
        return (Tagged(resource.id, tuple(tag for each in listed for tag in pairs(each["TagsList"]))),)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set it, by the trail's ARN."""
        await writer.write("cloudtrail", "UpdateTrail", {"Name": resource.id, self.sent_as: value})

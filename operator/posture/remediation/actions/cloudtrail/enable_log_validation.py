"""CloudTrail.4: trails whose log files are validated."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import Iam, Json, Reader, Refused, State, Tagged, Writer, name_after
from posture.remediation.actions.setting import Setting, pairs, read_list, read_or_gone

_GONE = frozenset({"TrailNotFoundException", "ResourceNotFoundException"})
_MEMBER = "LogFileValidationEnabled"
_CONTROL_TOWER = "aws-controltower-"


class EnableLogValidation(Setting):
    """The trail's ARN is of its home Region, where alone it can be changed (CloudTrail API, UpdateTrail)."""

    name = "cloudtrail-enable-log-validation"
    controls = frozenset({"CloudTrail.4"})
    works_on = WorksOn(frozenset({"AwsCloudTrailTrail"}))
    iam = Iam(
        read=("cloudtrail:GetTrail", "cloudtrail:ListTags"),
        write=("cloudtrail:UpdateTrail",),
        undo=("cloudtrail:UpdateTrail",),
    )
    risk = "Nothing is cut off; digest files are written beside the logs."
    undo_says = "The setting is as before; the chain of digests ends there."
    part = "logFileValidation"
    right = True
    summary = "Enable the validation of the trail's log files"

    async def read(self, reader: Reader, resource: ResourceKey) -> State:
        """Return whether log files are validated."""
        name = name_after(resource, "trail/")
        body = await read_or_gone(reader, "cloudtrail", "GetTrail", {"Name": resource.id}, gone=_GONE)
        if _MEMBER not in body.get("Trail", {}):
            raise Refused(Reason.UNREADABLE, f"CloudTrail did not answer with {_MEMBER}")
        return State({self.part: body["Trail"][_MEMBER]}, {"name": name})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the trail's tags."""
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

    def check(self, state: State) -> None:
        """Refuse trails that Control Tower makes."""
        if state.about["name"].lower().startswith(_CONTROL_TOWER):
            raise Refused(Reason.MANAGED_BY_POLICY, "Control Tower manages the trail")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Turn it on or off; what is not sent stays as it is."""
        await writer.write(
            "cloudtrail", "UpdateTrail", {"Name": resource.id, "EnableLogFileValidation": value}
        )


ACTION = EnableLogValidation()

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
    Situation,
    Tagged,
    Writer,
    name_after,
)
from posture.remediation.actions.parameters import Parameter, Values, key_arn
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


_VALIDATED = "LogFileValidationEnabled"


class EnableLogValidation(TrailSetting):
    """One flag."""

    name = "cloudtrail-enable-log-validation"
    controls = frozenset({"CloudTrail.4"})
    about = "Trails whose log files are validated."
    risk = "Nothing is cut off; digest files are written beside the logs."
    undo_says = "The setting is as before; the chain of digests ends there."
    part = "logFileValidation"
    sent_as = "EnableLogFileValidation"
    right = True
    summary = "Enable the validation of the trail's log files"

    def value_of(self, trail: Mapping[str, Any]) -> Json:
        """Return whether log files are validated."""
        if _VALIDATED not in trail:
            raise Refused(Reason.UNREADABLE, f"CloudTrail did not answer with {_VALIDATED}")
        return trail[_VALIDATED]


_KEY_ID = "KmsKeyId"


class EnableTrailEncryption(TrailSetting):
    """CloudTrail refuses a key whose policy does not let it encrypt (CloudTrail API, UpdateTrail).

    A trail shows its key by the key's ARN, however it was named.
    """

    name = "cloudtrail-enable-encryption"
    controls = frozenset({"CloudTrail.2"})
    about = "Trails whose log files are encrypted with a KMS key."
    parameters = (
        Parameter(
            "key",
            "The ARN of a KMS key in the Region of the trail's bucket, whose policy lets CloudTrail encrypt.",
            None,
            key_arn,
            required=True,
        ),
    )
    risk = "Whoever reads the logs and may not decrypt with the key is cut off from new ones."
    undo_says = "The setting is as before; logs that were encrypted meanwhile stay so."
    part = "key"
    sent_as = _KEY_ID
    summary = "Encrypt the trail's log files"

    def value_of(self, trail: Mapping[str, Any]) -> Json:
        """Return the key; None: there is none."""
        return trail.get(_KEY_ID) or None

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return the rule's key, unless the trail has one."""
        del situation
        return present or values["key"]

    def says(self, present: Json, wanted: Json) -> str:
        """Say with which key."""
        del present
        return f"{self.summary} with {wanted}"

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the key, or none."""
        await super().put(writer, resource, value or "")


ACTIONS = (
    EnableLogValidation(),
    EnableTrailEncryption(),
)

"""SSM.7: nobody can share a document with everybody. One setting for each account and Region."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Iam, Json, LiveState, Reader, Refused, Writer, check_account
from posture.remediation.actions.setting import AccountSetting

_SETTING = {"SettingId": "/ssm/documents/console/public-sharing-permission"}
_BLOCKED = "Disable"


class BlockPublicDocuments(AccountSetting):
    """Documents that are public stay so (Systems Manager user guide, "Block public sharing")."""

    name = "ssm-block-public-documents"
    controls = frozenset({"SSM.7"})
    iam = Iam(
        read=("organizations:ListTagsForResource", "ssm:GetServiceSetting"),
        write=("ssm:UpdateServiceSetting",),
        undo=("ssm:ResetServiceSetting", "ssm:UpdateServiceSetting"),
    )
    risk = "No more documents can be shared with everybody; those that are stay shared."
    undo_says = "The setting is as before: what was written, or Amazon's default where nothing was."
    part = "publicSharing"
    right = {"value": _BLOCKED, "default": False}  # noqa: RUF012 - its type is in the base class
    summary = "Block public sharing of SSM documents in the Region"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the setting of the Region, and whether it is only Amazon's default."""
        check_account(resource)
        body = await reader.read("ssm", "GetServiceSetting", _SETTING)
        setting = body.get("ServiceSetting", {})
        if not setting.get("SettingValue") or not setting.get("Status"):
            raise Refused(Reason.UNREADABLE, "SSM did not answer with the setting")
        if setting["Status"] == "PendingUpdate":
            raise Refused(Reason.PENDING, "The setting is being changed")
        part = {"value": setting["SettingValue"], "default": setting["Status"] == "Default"}
        return LiveState({self.part: part})

    def is_right(self, present: Json) -> bool:
        """Whether sharing is blocked, by whomever."""
        return bool(present["value"] == _BLOCKED)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Write the setting, or go back to the default."""
        del resource
        if value["default"]:
            await writer.write("ssm", "ResetServiceSetting", _SETTING)
        else:
            await writer.write("ssm", "UpdateServiceSetting", {**_SETTING, "SettingValue": value["value"]})


ACTION = BlockPublicDocuments()

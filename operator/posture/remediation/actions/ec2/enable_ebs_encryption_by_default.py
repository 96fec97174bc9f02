"""EC2.7: new EBS volumes are encrypted. One setting for each account and Region."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Iam, Json, LiveState, Reader, Refused, Writer, check_account
from posture.remediation.actions.setting import AccountSetting

_MEMBER = "EbsEncryptionByDefault"


class EnableEbsEncryptionByDefault(AccountSetting):
    """Volumes and snapshots that exist are not touched (EC2 API reference, EnableEbsEncryptionByDefault)."""

    name = "ec2-enable-ebs-encryption-by-default"
    controls = frozenset({"EC2.7"})
    iam = Iam(
        read=("ec2:GetEbsEncryptionByDefault", "organizations:ListTagsForResource"),
        write=("ec2:EnableEbsEncryptionByDefault",),
        undo=("ec2:DisableEbsEncryptionByDefault",),
    )
    risk = (
        "Launches fail where the default key's policy does not allow them, or the instance type cannot use"
        " encrypted volumes."
    )
    undo_says = "The setting is as before; volumes that were made meanwhile stay encrypted."
    part = "ebsEncryptionByDefault"
    right = True
    summary = "Encrypt new EBS volumes by default"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the setting of the Region."""
        check_account(resource)
        body = await reader.read("ec2", "GetEbsEncryptionByDefault")
        if _MEMBER not in body:
            raise Refused(Reason.UNREADABLE, f"EC2 did not answer with {_MEMBER}")
        return LiveState({self.part: body[_MEMBER]})

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Turn it on or off."""
        del resource
        await writer.write("ec2", f"{'Enable' if value else 'Disable'}EbsEncryptionByDefault", {})


ACTION = EnableEbsEncryptionByDefault()

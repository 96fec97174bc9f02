"""EC2.182: nobody can share a snapshot with everybody. One setting for each account and Region."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ACCOUNT, ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Tagged,
    Writer,
    check_account,
    name_after,
)
from posture.remediation.actions.ec2.snapshots import public_snapshots
from posture.remediation.actions.setting import Setting

_TYPE = "AwsEc2SnapshotBlockPublicAccess"
_UNBLOCKED = "unblocked"
_BY_POLICY = "declarative-policy"


class BlockPublicSnapshots(Setting):
    """Snapshots that are public are treated as private; their own attributes stay as they are.

    Findings name the setting itself, or the account (EC2 API, EnableSnapshotBlockPublicAccess).
    """

    name = "ec2-snapshot-block-public-access"
    controls = frozenset({"EC2.182"})
    works_on = WorksOn(frozenset({ACCOUNT, _TYPE}))
    iam = Iam(
        read=(
            "ec2:DescribeSnapshotAttribute",
            "ec2:DescribeSnapshots",
            "ec2:GetSnapshotBlockPublicAccessState",
            "organizations:ListTagsForResource",
        ),
        write=("ec2:EnableSnapshotBlockPublicAccess",),
        undo=("ec2:DisableSnapshotBlockPublicAccess", "ec2:EnableSnapshotBlockPublicAccess"),
    )
    risk = (
        "Public snapshots of the Region can be restored by nobody else any more, and no more are made public."
    )
    undo_says = "The setting is as before, and snapshots that were public are so again."
    part = "state"
    right = "block-all-sharing"
    summary = "Block all public sharing of EBS snapshots in the Region"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the setting of the Region, and who decides it."""
        _check(resource)
        body = await reader.read("ec2", "GetSnapshotBlockPublicAccessState")
        if "State" not in body:
            raise Refused(Reason.UNREADABLE, "EC2 did not answer how far sharing is blocked")
        return LiveState({self.part: body["State"]}, {"managedBy": body.get("ManagedBy")})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the account and of each snapshot that would be public no longer."""
        _check(resource)
        account = Tagged(resource.id, await reader.account_tags())
        return (account, *(Tagged(*each) for each in await public_snapshots(reader)))

    def check(self, state: LiveState) -> None:
        """Refuse where a policy of the organization decides."""
        if state.about["managedBy"] == _BY_POLICY:
            raise Refused(
                Reason.MANAGED_BY_POLICY, "A declarative policy of the organization decides this: change that"
            )

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set how far sharing is blocked."""
        del resource
        if value == _UNBLOCKED:
            await writer.write("ec2", "DisableSnapshotBlockPublicAccess", {})
        else:
            await writer.write("ec2", "EnableSnapshotBlockPublicAccess", {"State": value})


def _check(resource: ResourceKey) -> None:
    """Raise Refused unless it is the account, or its setting in the Region."""
    if resource.type == ACCOUNT:
        check_account(resource)
    elif name_after(resource, "snapshotblockpublicaccess/") != resource.account_id:
        raise Refused(Reason.ACCOUNT_MISMATCH, f"{resource.id} is not of account {resource.account_id}")


ACTION = BlockPublicSnapshots()

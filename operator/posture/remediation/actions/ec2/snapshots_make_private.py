"""EC2.1: snapshots of EBS volumes that everybody can restore."""

from posture.domain.remediation.resources import ACCOUNT, ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Situation,
    SubWrite,
    Tagged,
    Verdict,
    Writer,
    check_account,
)
from posture.remediation.actions.ec2.snapshots import ATTRIBUTE, EVERYBODY, public_snapshots
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.setting import PartByPart

_PUBLIC = "public"


class MakeSnapshotsPrivate(PartByPart):
    """The finding is one of an account and Region; each public snapshot in it is one sub-write.

    Accounts that a snapshot is shared with by their ids keep it.
    """

    name = "ec2-snapshots-make-private"
    controls = frozenset({"EC2.1"})
    works_on = WorksOn(frozenset({ACCOUNT}))
    iam = Iam(
        read=("ec2:DescribeSnapshotAttribute", "ec2:DescribeSnapshots", "organizations:ListTagsForResource"),
        write=("ec2:ModifySnapshotAttribute",),
        undo=("ec2:ModifySnapshotAttribute",),
    )
    summary = "Let not everybody restore the snapshots"
    risk = "Nobody outside of the account can restore these snapshots but those that they are shared with."
    undo_says = "The snapshots are public again, unless public sharing has been blocked meanwhile."

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the public snapshots of the account in the Region."""
        check_account(resource)
        return LiveState({each.id: _PUBLIC for each in await public_snapshots(reader)})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags of the account and of each public snapshot."""
        check_account(resource)
        account = Tagged(resource.id, await reader.account_tags())
        return (account, *(Tagged(*each) for each in await public_snapshots(reader)))

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Each public snapshot is wrong."""
        del values, situation
        return Verdict(
            tuple(
                SubWrite(name, f"Let not everybody restore {name}", part, None)
                for name, part in sorted(state.parts.items())
            )
        )

    async def put_part(self, writer: Writer, resource: ResourceKey, part: str, value: Json) -> None:
        """Give everybody the permission, or take it away."""
        del resource
        request = {
            "SnapshotId": part,
            "Attribute": ATTRIBUTE,
            "OperationType": "remove" if value is None else "add",
            "GroupNames": [EVERYBODY],
        }
        await writer.write("ec2", "ModifySnapshotAttribute", request)


ACTION = MakeSnapshotsPrivate()

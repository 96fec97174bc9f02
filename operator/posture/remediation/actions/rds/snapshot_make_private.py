"""RDS.1: snapshots of instances and clusters that everybody can restore."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import Iam, Json, LiveState, Reader, Refused, Tagged, Writer
from posture.remediation.actions.rds.databases import (
    database_tags,
    describe_database,
    identifier_of,
    read_about,
)
from posture.remediation.actions.setting import Setting

_EVERYBODY, _RESTORE = "all", "restore"
_AVAILABLE = "available"
# What AWS Backup made is named so, and its to change (AWS Backup developer guide).
_OF_BACKUP = "awsbackup"


# What the API calls a kind of snapshot, and what its ARNs begin with.
_KINDS = {
    "AwsRdsDbSnapshot": ("DBSnapshot", "snapshot:"),
    "AwsRdsDbClusterSnapshot": ("DBClusterSnapshot", "cluster-snapshot:"),
}


class MakeSnapshotPrivate(Setting):
    """Accounts that a snapshot is shared with by their ids keep it.

    Snapshots of Neptune and DocumentDB are under the same API.
    """

    name = "rds-snapshot-make-private"
    controls = frozenset({"RDS.1"})
    works_on = WorksOn(frozenset(_KINDS))
    iam = Iam(
        read=(
            "rds:DescribeDBClusterSnapshotAttributes",
            "rds:DescribeDBClusterSnapshots",
            "rds:DescribeDBSnapshotAttributes",
            "rds:DescribeDBSnapshots",
        ),
        write=("rds:ModifyDBClusterSnapshotAttribute", "rds:ModifyDBSnapshotAttribute"),
        undo=("rds:ModifyDBClusterSnapshotAttribute", "rds:ModifyDBSnapshotAttribute"),
    )
    risk = "Nobody outside of the account can restore the snapshot but those that it is shared with."
    undo_says = "The snapshot is public again."
    part = "public"
    right = False
    summary = "Let not everybody restore the snapshot"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return whether everybody can restore it, and whether it can be changed now."""
        kind, prefix = _KINDS[resource.type]
        described = await describe_database(reader, resource, kind, prefix)
        body = await read_about(reader, f"Describe{kind}Attributes", resource, kind, prefix)
        listed = body.get(f"{kind}AttributesResult", {}).get(f"{kind}Attributes")
        if listed is None:
            raise Refused(Reason.UNREADABLE, "RDS did not answer who can restore the snapshot")
        allowed = [
            account
            for attribute in listed
            if attribute.get("AttributeName") == _RESTORE
            for account in attribute.get("AttributeValues", [])
        ]
        about = {"status": described.get("Status"), "type": described.get("SnapshotType")}
        return LiveState({self.part: _EVERYBODY in allowed}, about)

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags, from the answer that proves that it is there."""
        return (database_tags(resource, await describe_database(reader, resource, *_KINDS[resource.type])),)

    def check(self, state: LiveState) -> None:
        """Refuse what AWS Backup made, and wait while the snapshot is being made or changed."""
        if state.about["type"] == _OF_BACKUP:
            raise Refused(Reason.MANAGED_BY_AWS, "AWS Backup made the snapshot: change it there")
        if state.about["status"] != _AVAILABLE:
            raise Refused(Reason.PENDING, f"The snapshot is {state.about['status']}, not {_AVAILABLE}")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Let everybody restore it, or no longer. The call wants the name: an ARN is for reading."""
        kind, prefix = _KINDS[resource.type]
        request = {
            **identifier_of(resource, kind, prefix),
            "AttributeName": _RESTORE,
            "ValuesToAdd" if value else "ValuesToRemove": [_EVERYBODY],
        }
        await writer.write("rds", f"Modify{kind}Attribute", request)


ACTION = MakeSnapshotPrivate()

"""DynamoDB tables: their names in ARNs, their tags, their deletion and their recovery."""

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

GONE = frozenset({"ResourceNotFoundException", "TableNotFoundException"})


def table_name(resource: ResourceKey) -> str:
    """Return the name of a table."""
    return name_after(resource, "table/")


async def table_tags(reader: Reader, resource: ResourceKey) -> Tagged:
    """Return the tags of a table (ListTagsOfResource is paged)."""
    table_name(resource)
    request = {"ResourceArn": resource.id}
    tags = await read_list(reader, "dynamodb", "ListTagsOfResource", request, member="Tags", gone=GONE)
    return Tagged(resource.id, pairs(tags))


class ProtectTable(Setting):
    """A table that is being changed takes no other change (DynamoDB API, UpdateTable)."""

    name = "dynamodb-enable-deletion-protection"
    controls = frozenset({"DynamoDB.6"})
    about = "Tables that nobody deletes by mistake."
    works_on = WorksOn(frozenset({"AwsDynamoDbTable"}))
    iam = Iam(
        read=("dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"),
        write=("dynamodb:UpdateTable",),
        undo=("dynamodb:UpdateTable",),
    )
    risk = "Deleting the table fails from then on, in tools that manage it too."
    undo_says = "The setting is as before."
    part = "deletionProtection"
    right = True
    summary = "Protect the table from deletion"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return whether it is protected, and whether it can be changed now."""
        request = {"TableName": table_name(resource)}
        body = await read_or_gone(reader, "dynamodb", "DescribeTable", request, gone=GONE)
        if "TableStatus" not in body.get("Table", {}):
            raise Refused(Reason.UNREADABLE, "DynamoDB did not answer with the table")
        table = body["Table"]
        return LiveState(
            {self.part: bool(table.get("DeletionProtectionEnabled"))}, {"status": table["TableStatus"]}
        )

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the table's tags."""
        return (await table_tags(reader, resource),)

    def check(self, state: LiveState) -> None:
        """Wait while the table is being changed."""
        if state.about["status"] != "ACTIVE":
            raise Refused(Reason.PENDING, f"The table is {state.about['status']}")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Protect it or not."""
        request = {"TableName": table_name(resource), "DeletionProtectionEnabled": value}
        await writer.write("dynamodb", "UpdateTable", request)


class EnablePointInTimeRecovery(Setting):
    """The rest of the table's settings is not sent (DynamoDB API, UpdateContinuousBackups)."""

    name = "dynamodb-enable-point-in-time-recovery"
    controls = frozenset({"DynamoDB.2"})
    about = "Tables that can be restored to any second of the last weeks."
    works_on = WorksOn(frozenset({"AwsDynamoDbTable"}))
    iam = Iam(
        read=("dynamodb:DescribeContinuousBackups", "dynamodb:ListTagsOfResource"),
        write=("dynamodb:UpdateContinuousBackups",),
        undo=("dynamodb:UpdateContinuousBackups",),
    )
    risk = "Nothing is cut off; the backups are paid for by the size of the table."
    undo_says = "The setting is as before; what was recorded meanwhile cannot be restored from any more."
    part = "pointInTimeRecovery"
    right = "ENABLED"
    summary = "Enable point-in-time recovery of the table"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return whether it is enabled."""
        request = {"TableName": table_name(resource)}
        body = await read_or_gone(reader, "dynamodb", "DescribeContinuousBackups", request, gone=GONE)
        described = body.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
        if "PointInTimeRecoveryStatus" not in described:
            raise Refused(Reason.UNREADABLE, "DynamoDB did not answer with the state of continuous backups")
        return LiveState({self.part: described["PointInTimeRecoveryStatus"]})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the table's tags."""
        return (await table_tags(reader, resource),)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Enable or disable it."""
        specification = {"PointInTimeRecoveryEnabled": value == self.right}
        request = {"TableName": table_name(resource), "PointInTimeRecoverySpecification": specification}
        await writer.write("dynamodb", "UpdateContinuousBackups", request)


ACTIONS = (
    ProtectTable(),
    EnablePointInTimeRecovery(),
)

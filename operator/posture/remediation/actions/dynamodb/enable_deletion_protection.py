"""DynamoDB.6: tables that nobody deletes by mistake."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import Iam, Json, LiveState, Reader, Refused, Tagged, Writer
from posture.remediation.actions.dynamodb.tables import GONE, table_name, table_tags
from posture.remediation.actions.setting import Setting, read_or_gone


class ProtectTable(Setting):
    """A table that is being changed takes no other change (DynamoDB API, UpdateTable)."""

    name = "dynamodb-enable-deletion-protection"
    controls = frozenset({"DynamoDB.6"})
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


ACTION = ProtectTable()

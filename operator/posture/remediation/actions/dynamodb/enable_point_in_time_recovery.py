"""DynamoDB.2: tables that can be restored to any second of the last weeks."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import Iam, Json, LiveState, Reader, Refused, Tagged, Writer
from posture.remediation.actions.dynamodb.tables import GONE, table_name, table_tags
from posture.remediation.actions.setting import Setting, read_or_gone


class EnablePointInTimeRecovery(Setting):
    """The rest of the table's settings is not sent (DynamoDB API, UpdateContinuousBackups)."""

    name = "dynamodb-enable-point-in-time-recovery"
    controls = frozenset({"DynamoDB.2"})
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


ACTION = EnablePointInTimeRecovery()

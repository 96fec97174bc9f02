"""Athena.4: workgroups that publish metrics of their queries."""

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
from posture.remediation.actions.setting import Setting, pairs, read_list

_GONE = frozenset({"ResourceNotFoundException"})


class PublishMetrics(Setting):
    """What is not among the updates stays as it is (Athena API, UpdateWorkGroup)."""

    name = "athena-publish-metrics"
    controls = frozenset({"Athena.4"})
    works_on = WorksOn(frozenset({"AwsAthenaWorkGroup"}))
    iam = Iam(
        read=("athena:GetWorkGroup", "athena:ListTagsForResource"),
        write=("athena:UpdateWorkGroup",),
        undo=("athena:UpdateWorkGroup",),
    )
    risk = "Nothing is cut off; metrics of queries are published to CloudWatch."
    undo_says = "The setting is as before."
    part = "PublishCloudWatchMetricsEnabled"
    right = True
    summary = "Publish metrics of the workgroup's queries"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return whether metrics are published. Of a workgroup that is gone only the tags say so clearly."""
        await self.tags(reader, resource)
        body = await reader.read("athena", "GetWorkGroup", {"WorkGroup": _name(resource)})
        configuration = (body.get("WorkGroup") or {}).get("Configuration", {})
        if self.part not in configuration:
            raise Refused(Reason.UNREADABLE, f"Athena did not answer with {self.part}")
        return LiveState({self.part: configuration[self.part]})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the workgroup's tags (ListTagsForResource is paged)."""
        _name(resource)
        request = {"ResourceARN": resource.id}
        tags = await read_list(reader, "athena", "ListTagsForResource", request, member="Tags", gone=_GONE)
        return (Tagged(resource.id, pairs(tags)),)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Publish them or not."""
        request = {"WorkGroup": _name(resource), "ConfigurationUpdates": {self.part: value}}
        await writer.write("athena", "UpdateWorkGroup", request)


def _name(resource: ResourceKey) -> str:
    return name_after(resource, "workgroup/")


ACTION = PublishMetrics()

"""ECS.12: clusters that collect metrics of their containers."""

from typing import Any

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
from posture.remediation.actions.setting import Setting, pairs

_ENABLED = "enabled"
_INACTIVE = "INACTIVE"
_MISSING = "MISSING"


class EnableContainerInsights(Setting):
    """`enhanced` is right too, and stays (ECS API, ClusterSetting)."""

    name = "ecs-cluster-enable-container-insights"
    controls = frozenset({"ECS.12"})
    works_on = WorksOn(frozenset({"AwsEcsCluster"}))
    iam = Iam(("ecs:DescribeClusters",), ("ecs:UpdateClusterSettings",), ("ecs:UpdateClusterSettings",))
    risk = "Nothing is cut off; the metrics are paid for as custom metrics of CloudWatch."
    undo_says = "The setting is as before; metrics that were collected meanwhile stay."
    part = "containerInsights"
    right = _ENABLED
    summary = "Enable Container Insights of the cluster"

    def is_right(self, present: Json) -> bool:
        """Whether metrics are collected, with or without those of each container."""
        return present in {_ENABLED, "enhanced"}

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the setting."""
        cluster = await _cluster(reader, resource)
        settings = {each.get("name"): each.get("value") for each in cluster.get("settings", [])}
        if not settings.get(self.part):
            raise Refused(Reason.UNREADABLE, f"ECS did not answer with {self.part}")
        return LiveState({self.part: settings[self.part]})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags, from the answer that proves that the cluster is there."""
        cluster = await _cluster(reader, resource)
        if "tags" not in cluster:
            raise Refused(Reason.UNREADABLE, "ECS did not answer with the cluster's tags")
        return (Tagged(resource.id, pairs(cluster["tags"], "key", "value")),)

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set it."""
        request = {"cluster": resource.id, "settings": [{"name": self.part, "value": value}]}
        await writer.write("ecs", "UpdateClusterSettings", request)


async def _cluster(reader: Reader, resource: ResourceKey) -> dict[str, Any]:
    """Return the cluster; ECS keeps those that were deleted, as INACTIVE, for a while."""
    name = name_after(resource, "cluster/")
    request = {"clusters": [resource.id], "include": ["SETTINGS", "TAGS"]}
    body = await reader.read("ecs", "DescribeClusters", request)
    found: list[dict[str, Any]] = body.get("clusters", [])
    missing = [each.get("reason") for each in body.get("failures", [])] == [_MISSING]
    if missing or [each.get("status") for each in found] == [_INACTIVE]:
        raise Refused(Reason.RESOURCE_GONE, f"It is gone: there is no cluster {name}")
    if [each.get("clusterArn") for each in found] != [resource.id]:
        raise Refused(Reason.UNREADABLE, "ECS did not answer with the cluster")
    return found[0]


ACTION = EnableContainerInsights()

"""Redshift clusters: one setting of each, and their tags."""

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
from posture.remediation.actions.setting import Setting, pairs, read_or_gone, the_one

_GONE = frozenset({"ClusterNotFound"})
_AVAILABLE = "available"


class ClusterSetting(Setting):
    """The part is a member that describes a cluster and modifies it; others are not sent."""

    works_on = WorksOn(frozenset({"AwsRedshiftCluster"}))
    iam = Iam(("redshift:DescribeClusters",), ("redshift:ModifyCluster",), ("redshift:ModifyCluster",))

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the setting, and whether it can be changed now."""
        cluster = await _cluster(reader, resource)
        if self.part not in cluster:
            raise Refused(Reason.UNREADABLE, f"Redshift did not answer with {self.part}")
        return LiveState({self.part: cluster[self.part]}, {"status": cluster.get("ClusterStatus")})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags, from the answer that proves that the cluster is there."""
        cluster = await _cluster(reader, resource)
        if "Tags" not in cluster:
            raise Refused(Reason.UNREADABLE, "Redshift did not answer with the tags")
        return (Tagged(resource.id, pairs(cluster["Tags"])),)

    def check(self, state: LiveState) -> None:
        """Wait while the cluster is changed, resized, or paused: Redshift refuses changes then."""
        if state.about["status"] != _AVAILABLE:
            raise Refused(Reason.PENDING, f"The cluster is {state.about['status']}, not {_AVAILABLE}")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the member."""
        request = {"ClusterIdentifier": name_after(resource, "cluster:"), self.part: value}
        await writer.write("redshift", "ModifyCluster", request)


async def _cluster(reader: Reader, resource: ResourceKey) -> dict[str, Any]:
    name = name_after(resource, "cluster:")
    body = await read_or_gone(reader, "redshift", "DescribeClusters", {"ClusterIdentifier": name}, gone=_GONE)
    return the_one(body, "Clusters", "ClusterIdentifier", name)

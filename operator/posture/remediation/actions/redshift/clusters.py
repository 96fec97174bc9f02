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
from posture.remediation.actions.minimum import Minimum
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


class DisablePublicAccess(ClusterSetting):
    """Redshift changes it in the background."""

    name = "redshift-disable-public-access"
    controls = frozenset({"Redshift.1"})
    about = "Clusters that have no public address."
    risk = "Clients outside of the cluster's VPC, and what reaches it by its public address, are cut off."
    undo_says = (
        "The cluster is public again, under other addresses where it had no Elastic IP address of its own."
    )
    part = "PubliclyAccessible"
    right = False
    summary = "Make the cluster private"


class EnableEnhancedVpcRouting(ClusterSetting):
    """Redshift restarts the cluster to change it."""

    name = "redshift-enable-enhanced-vpc-routing"
    controls = frozenset({"Redshift.7"})
    about = "Clusters whose copies go through their VPC."
    risk = "The cluster is restarted at once, and copies fail where the VPC has no way to S3 and the like."
    undo_says = "The setting is as before; the cluster is restarted once more."
    part = "EnhancedVpcRouting"
    right = True
    summary = "Route the traffic of the cluster through its VPC"


class EnableVersionUpgrades(ClusterSetting):
    """Upgrades are installed in the maintenance window."""

    name = "redshift-enable-version-upgrades"
    controls = frozenset({"Redshift.6"})
    about = "Clusters that get major upgrades by themselves."
    risk = "Major versions are installed in the maintenance window, which restarts the cluster."
    undo_says = "The setting is as before; upgrades that were done meanwhile stay."
    part = "AllowVersionUpgrade"
    right = True
    summary = "Allow upgrades of the cluster to new major versions"


class RaiseSnapshotRetention(Minimum, ClusterSetting):
    """0 days are no automated snapshots (Redshift API, ModifyCluster)."""

    name = "redshift-raise-snapshot-retention"
    controls = frozenset({"Redshift.3"})
    about = "Clusters with automated snapshots that are kept for as long as the control asks."
    risk = "Nothing is cut off; snapshots are paid for by their size."
    undo_says = "The period is as before, and automated snapshots that are older than it are deleted at once."
    part = "AutomatedSnapshotRetentionPeriod"
    control_parameter = "MinRetentionPeriod"
    default = 7
    allowed = range(7, 36)
    summary = "Raise the days for which automated snapshots of the cluster are kept"


ACTIONS = (
    DisablePublicAccess(),
    EnableEnhancedVpcRouting(),
    EnableVersionUpgrades(),
    RaiseSnapshotRetention(),
)

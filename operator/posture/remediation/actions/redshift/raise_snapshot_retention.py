"""Redshift.3: clusters with automated snapshots that are kept for as long as the control asks."""

from posture.remediation.actions.minimum import Minimum
from posture.remediation.actions.redshift.clusters import ClusterSetting


class RaiseSnapshotRetention(Minimum, ClusterSetting):
    """0 days are no automated snapshots (Redshift API, ModifyCluster)."""

    name = "redshift-raise-snapshot-retention"
    controls = frozenset({"Redshift.3"})
    risk = "Nothing is cut off; snapshots are paid for by their size."
    undo_says = "The period is as before, and automated snapshots that are older than it are deleted at once."
    part = "AutomatedSnapshotRetentionPeriod"
    control_parameter = "MinRetentionPeriod"
    default = 7
    allowed = range(7, 36)
    summary = "Raise the days for which automated snapshots of the cluster are kept"


ACTION = RaiseSnapshotRetention()

"""RDS.7: clusters that nobody deletes by mistake."""

from posture.remediation.actions.rds.flags import ClusterFlag


class ClusterDeletionProtection(ClusterFlag):
    """One flag; nothing else is sent."""

    name = "rds-cluster-enable-deletion-protection"
    controls = frozenset({"RDS.7"})
    risk = "Deleting it fails from then on, in tools that manage it too."
    undo_says = "The setting is as before."
    part = "DeletionProtection"
    right = True
    summary = "Protect the cluster from deletion"


ACTION = ClusterDeletionProtection()

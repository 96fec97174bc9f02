"""Clusters of RDS: one flag of each."""

from posture.remediation.actions.rds.databases import BackupRetention, ClusterFlag


class ClusterCopyTags(ClusterFlag):
    """One flag; nothing else is sent."""

    name = "rds-cluster-copy-tags-to-snapshots"
    controls = frozenset({"RDS.16"})
    about = "Clusters whose snapshots carry their tags."
    risk = "Nothing is cut off; snapshots carry the tags from then on."
    undo_says = "The setting is as before; snapshots that were made meanwhile keep their tags."
    part = "CopyTagsToSnapshot"
    right = True
    summary = "Copy the cluster's tags to its snapshots"


class ClusterDeletionProtection(ClusterFlag):
    """One flag; nothing else is sent."""

    name = "rds-cluster-enable-deletion-protection"
    controls = frozenset({"RDS.7"})
    about = "Clusters that nobody deletes by mistake."
    risk = "Deleting it fails from then on, in tools that manage it too."
    undo_says = "The setting is as before."
    part = "DeletionProtection"
    right = True
    summary = "Protect the cluster from deletion"


class ClusterMinorUpgrades(ClusterFlag):
    """One flag; nothing else is sent."""

    name = "rds-cluster-enable-automatic-minor-upgrades"
    controls = frozenset({"RDS.35"})
    about = "Clusters that get minor upgrades by themselves."
    risk = "Minor versions are installed in the maintenance window, which restarts the database."
    undo_says = "The setting is as before; upgrades that were done meanwhile stay."
    part = "AutoMinorVersionUpgrade"
    right = True
    summary = "Enable automatic minor upgrades of the cluster"


class ClusterBackupRetention(BackupRetention, ClusterFlag):
    """A cluster always has backups, of the last day at least."""

    name = "rds-cluster-raise-backup-retention"
    controls = frozenset({"RDS.50"})
    about = "Clusters whose automated backups are kept for as long as the control asks."
    risk = "Nothing is cut off; backups are paid for by their size."
    undo_says = "The period is as before, and backups that are older than it are deleted."
    control_parameter = "minimumBackupRetentionPeriod"
    summary = "Raise the days for which automated backups of the cluster are kept"


ACTIONS = (
    ClusterCopyTags(),
    ClusterDeletionProtection(),
    ClusterMinorUpgrades(),
    ClusterBackupRetention(),
)

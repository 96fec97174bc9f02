"""RDS.50: clusters whose automated backups are kept for as long as the control asks."""

from posture.remediation.actions.rds.backups import BackupRetention
from posture.remediation.actions.rds.flags import ClusterFlag


class ClusterBackupRetention(BackupRetention, ClusterFlag):
    """A cluster always has backups, of the last day at least."""

    name = "rds-cluster-raise-backup-retention"
    controls = frozenset({"RDS.50"})
    risk = "Nothing is cut off; backups are paid for by their size."
    undo_says = "The period is as before, and backups that are older than it are deleted."
    control_parameter = "minimumBackupRetentionPeriod"
    summary = "Raise the days for which automated backups of the cluster are kept"


ACTION = ClusterBackupRetention()

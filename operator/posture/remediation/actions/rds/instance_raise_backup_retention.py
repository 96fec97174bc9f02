"""RDS.11: instances with automated backups that are kept for as long as the control asks."""

from posture.remediation.actions.rds.backups import BackupRetention
from posture.remediation.actions.rds.flags import OwnInstanceFlag


class InstanceBackupRetention(BackupRetention, OwnInstanceFlag):
    """Instances of clusters have the backups of their cluster."""

    name = "rds-instance-raise-backup-retention"
    controls = frozenset({"RDS.11"})
    risk = (
        "Backups are paid for by their size. Where there were none, writes stop for seconds when they begin,"
        " in the next maintenance window."
    )
    undo_says = (
        "The period is as before, and backups that are older than it are deleted: all of them where it was 0."
    )
    control_parameter = "backupRetentionMinimum"
    summary = "Raise the days for which automated backups of the instance are kept"


ACTION = InstanceBackupRetention()

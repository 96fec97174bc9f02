"""Instances of RDS: one flag of each."""

from posture.remediation.actions.rds.databases import BackupRetention, InstanceFlag, OwnInstanceFlag


class InstanceCopyTags(OwnInstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-copy-tags-to-snapshots"
    controls = frozenset({"RDS.17"})
    about = "Instances whose snapshots carry their tags."
    risk = "Nothing is cut off; snapshots carry the tags from then on."
    undo_says = "The setting is as before; snapshots that were made meanwhile keep their tags."
    part = "CopyTagsToSnapshot"
    right = True
    summary = "Copy the instance's tags to its snapshots"


class InstancePublicAccess(InstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-disable-public-access"
    controls = frozenset({"RDS.2"})
    about = "Instances that have no public address."
    risk = "Every client from outside of the VPC is cut off at once."
    undo_says = "The instance has a public address again, but another one."
    part = "PubliclyAccessible"
    right = False
    summary = "Take the instance's public address away"


class InstanceDeletionProtection(OwnInstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-enable-deletion-protection"
    controls = frozenset({"RDS.8"})
    about = "Instances that nobody deletes by mistake."
    risk = "Deleting it fails from then on, in tools that manage it too."
    undo_says = "The setting is as before."
    part = "DeletionProtection"
    right = True
    summary = "Protect the instance from deletion"


class InstanceIamAuthentication(OwnInstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-enable-iam-authentication"
    controls = frozenset({"RDS.10"})
    about = "Instances that users of IAM can log in to."
    risk = "Nothing is cut off; users of IAM can be allowed to log in beside those of the database."
    undo_says = "The setting is as before."
    part = "IAMDatabaseAuthenticationEnabled"
    sent_as = "EnableIAMDatabaseAuthentication"
    right = True
    summary = "Enable IAM authentication of the instance"


class InstanceMinorUpgrades(InstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-enable-automatic-minor-upgrades"
    controls = frozenset({"RDS.13"})
    about = "Instances that get minor upgrades by themselves."
    risk = "Minor versions are installed in the maintenance window, which restarts the database."
    undo_says = "The setting is as before; upgrades that were done meanwhile stay."
    part = "AutoMinorVersionUpgrade"
    right = True
    summary = "Enable automatic minor upgrades of the instance"


class InstanceBackupRetention(BackupRetention, OwnInstanceFlag):
    """Instances of clusters have the backups of their cluster."""

    name = "rds-instance-raise-backup-retention"
    controls = frozenset({"RDS.11"})
    about = "Instances with automated backups that are kept for as long as the control asks."
    risk = (
        "Backups are paid for by their size. Where there were none, writes stop for seconds when they begin,"
        " in the next maintenance window."
    )
    undo_says = (
        "The period is as before, and backups that are older than it are deleted: all of them where it was 0."
    )
    control_parameter = "backupRetentionMinimum"
    summary = "Raise the days for which automated backups of the instance are kept"


ACTIONS = (
    InstanceCopyTags(),
    InstancePublicAccess(),
    InstanceDeletionProtection(),
    InstanceIamAuthentication(),
    InstanceMinorUpgrades(),
    InstanceBackupRetention(),
)

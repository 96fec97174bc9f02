"""RDS.8: instances that nobody deletes by mistake."""

from posture.remediation.actions.rds.flags import OwnInstanceFlag


class InstanceDeletionProtection(OwnInstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-enable-deletion-protection"
    controls = frozenset({"RDS.8"})
    risk = "Deleting it fails from then on, in tools that manage it too."
    undo_says = "The setting is as before."
    part = "DeletionProtection"
    right = True
    summary = "Protect the instance from deletion"


ACTION = InstanceDeletionProtection()

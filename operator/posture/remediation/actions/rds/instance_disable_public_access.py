"""RDS.2: instances that have no public address."""

from posture.remediation.actions.rds.flags import InstanceFlag


class InstancePublicAccess(InstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-disable-public-access"
    controls = frozenset({"RDS.2"})
    risk = "Every client from outside of the VPC is cut off at once."
    undo_says = "The instance has a public address again, but another one."
    part = "PubliclyAccessible"
    right = False
    summary = "Take the instance's public address away"


ACTION = InstancePublicAccess()

"""RDS.10: instances that users of IAM can log in to."""

from posture.remediation.actions.rds.flags import OwnInstanceFlag


class InstanceIamAuthentication(OwnInstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-enable-iam-authentication"
    controls = frozenset({"RDS.10"})
    risk = "Nothing is cut off; users of IAM can be allowed to log in beside those of the database."
    undo_says = "The setting is as before."
    part = "IAMDatabaseAuthenticationEnabled"
    sent_as = "EnableIAMDatabaseAuthentication"
    right = True
    summary = "Enable IAM authentication of the instance"


ACTION = InstanceIamAuthentication()

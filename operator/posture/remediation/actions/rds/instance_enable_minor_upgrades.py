"""RDS.13: instances that get minor upgrades by themselves."""

from posture.remediation.actions.rds.flags import InstanceFlag


class InstanceMinorUpgrades(InstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-enable-automatic-minor-upgrades"
    controls = frozenset({"RDS.13"})
    risk = "Minor versions are installed in the maintenance window, which restarts the database."
    undo_says = "The setting is as before; upgrades that were done meanwhile stay."
    part = "AutoMinorVersionUpgrade"
    right = True
    summary = "Enable automatic minor upgrades of the instance"


ACTION = InstanceMinorUpgrades()

"""RDS.35: clusters that get minor upgrades by themselves."""

from posture.remediation.actions.rds.flags import ClusterFlag


class ClusterMinorUpgrades(ClusterFlag):
    """One flag; nothing else is sent."""

    name = "rds-cluster-enable-automatic-minor-upgrades"
    controls = frozenset({"RDS.35"})
    risk = "Minor versions are installed in the maintenance window, which restarts the database."
    undo_says = "The setting is as before; upgrades that were done meanwhile stay."
    part = "AutoMinorVersionUpgrade"
    right = True
    summary = "Enable automatic minor upgrades of the cluster"


ACTION = ClusterMinorUpgrades()

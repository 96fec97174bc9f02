"""Redshift.6: clusters that get major upgrades by themselves."""

from posture.remediation.actions.redshift.clusters import ClusterSetting


class EnableVersionUpgrades(ClusterSetting):
    """Upgrades are installed in the maintenance window."""

    name = "redshift-enable-version-upgrades"
    controls = frozenset({"Redshift.6"})
    risk = "Major versions are installed in the maintenance window, which restarts the cluster."
    undo_says = "The setting is as before; upgrades that were done meanwhile stay."
    part = "AllowVersionUpgrade"
    right = True
    summary = "Allow upgrades of the cluster to new major versions"


ACTION = EnableVersionUpgrades()

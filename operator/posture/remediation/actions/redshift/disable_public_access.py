"""Redshift.1: clusters that have no public address."""

from posture.remediation.actions.redshift.clusters import ClusterSetting


class DisablePublicAccess(ClusterSetting):
    """Redshift changes it in the background."""

    name = "redshift-disable-public-access"
    controls = frozenset({"Redshift.1"})
    risk = "Clients outside of the cluster's VPC, and what reaches it by its public address, are cut off."
    undo_says = (
        "The cluster is public again, under other addresses where it had no Elastic IP address of its own."
    )
    part = "PubliclyAccessible"
    right = False
    summary = "Make the cluster private"


ACTION = DisablePublicAccess()

"""Redshift.7: clusters whose copies go through their VPC."""

from posture.remediation.actions.redshift.clusters import ClusterSetting


class EnableEnhancedVpcRouting(ClusterSetting):
    """Redshift restarts the cluster to change it."""

    name = "redshift-enable-enhanced-vpc-routing"
    controls = frozenset({"Redshift.7"})
    risk = "The cluster is restarted at once, and copies fail where the VPC has no way to S3 and the like."
    undo_says = "The setting is as before; the cluster is restarted once more."
    part = "EnhancedVpcRouting"
    right = True
    summary = "Route the traffic of the cluster through its VPC"


ACTION = EnableEnhancedVpcRouting()

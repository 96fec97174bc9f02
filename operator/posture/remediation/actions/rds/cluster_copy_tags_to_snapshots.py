"""RDS.16: clusters whose snapshots carry their tags."""

from posture.remediation.actions.rds.flags import ClusterFlag


class ClusterCopyTags(ClusterFlag):
    """One flag; nothing else is sent."""

    name = "rds-cluster-copy-tags-to-snapshots"
    controls = frozenset({"RDS.16"})
    risk = "Nothing is cut off; snapshots carry the tags from then on."
    undo_says = "The setting is as before; snapshots that were made meanwhile keep their tags."
    part = "CopyTagsToSnapshot"
    right = True
    summary = "Copy the cluster's tags to its snapshots"


ACTION = ClusterCopyTags()

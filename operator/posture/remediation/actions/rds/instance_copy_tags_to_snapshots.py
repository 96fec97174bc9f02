"""RDS.17: instances whose snapshots carry their tags."""

from posture.remediation.actions.rds.flags import OwnInstanceFlag


class InstanceCopyTags(OwnInstanceFlag):
    """One flag; nothing else is sent."""

    name = "rds-instance-copy-tags-to-snapshots"
    controls = frozenset({"RDS.17"})
    risk = "Nothing is cut off; snapshots carry the tags from then on."
    undo_says = "The setting is as before; snapshots that were made meanwhile keep their tags."
    part = "CopyTagsToSnapshot"
    right = True
    summary = "Copy the instance's tags to its snapshots"


ACTION = InstanceCopyTags()

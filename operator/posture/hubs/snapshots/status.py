"""What is told of the snapshots of a hub."""

from typing import NamedTuple


class SnapshotStatus(NamedTuple):
    """What is told of the snapshots of a hub. Times are µs by AWS's clock."""

    taken: int | None = None
    """Up to when the last one that this replica stored, or found, reaches."""
    stored_bytes: int | None = None
    restored: str | None = None
    """That the store was taken over from a snapshot, and from which."""
    trouble: str | None = None
    """Why the last attempt failed, to store one or to take one over."""

"""Events about the store of a hub: it was rebuilt, taken over from a snapshot, or could not be saved."""

from posture.hubs.hub import Hub
from posture.hubs.snapshots.keeper import SnapshotStatus
from posture.kube.resources import ObjectRef
from posture.reconcile.context import Context


class StoreEvents:
    """Posts each of them once, on one target."""

    def __init__(self, context: Context) -> None:
        self._events = context.events
        self._replaced: str | None = None
        self._snapshots: SnapshotStatus | None = None

    def look_at(self, hub: Hub | None) -> None:
        """Look at another hub from now on: what became of its store before was told to others."""
        self._replaced = hub.status.store_replaced if hub else None

    async def post(self, ref: ObjectRef, hub: Hub | None) -> None:
        """Post what was not posted yet on the target. Raises KubeError."""
        await self._post_replaced(ref, hub.status.store_replaced if hub else None)
        await self._post_snapshots(ref, hub.status.snapshots if hub else None)

    async def _post_replaced(self, ref: ObjectRef, replaced: str | None) -> None:
        """Post that what was known of the hub had to be thrown away."""
        if replaced and replaced != self._replaced:
            note = f"The local store was unusable and is rebuilt; all findings are read again: {replaced}"
            await self._events.post(ref, "Warning", reason="StoreReplaced", action="Sync", note=note)
        self._replaced = replaced

    async def _post_snapshots(self, ref: ObjectRef, known: SnapshotStatus | None) -> None:
        """Post that a snapshot was taken over, or could not be stored or taken over."""
        before, self._snapshots = self._snapshots, known
        if known and known.restored and known.restored != (before and before.restored):
            note = f"The local store was taken over from a snapshot {known.restored}."
            await self._events.post(ref, "Normal", reason="StoreRestored", action="Sync", note=note)
        if known and known.trouble and known.trouble != (before and before.trouble):
            note = f"{known.trouble}. Without it all findings are read from Security Hub."
            await self._events.post(ref, "Warning", reason="SnapshotFailed", action="Sync", note=note)

"""The snapshots of one hub: taken over when its store is opened, stored while it is kept in sync.

Never a need: whatever goes wrong is told, and everything is as it is without snapshots.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from posture.domain.time import SECOND, datetime_of
from posture.hubs.snapshots.fetching import fetch
from posture.hubs.snapshots.index import INDEX, Unusable, decoded, fitting
from posture.hubs.snapshots.places import KeptSnapshots, PlaceErrors
from posture.hubs.snapshots.saving import Copy, NotLeading, known_index, save
from posture.hubs.stores import StoreOpening
from posture.pace import BackOff
from posture.sources.base import Source
from posture.sources.findings_view import FindingsView
from posture.sources.thread import Worker
from posture.store.interface import Stores

logger = logging.getLogger(__name__)

_LOOK_EVERY = 30.0
_FIRST_PAUSE = 10.0


class SnapshotStatus(NamedTuple):
    """What is told of the snapshots of a hub. Times are µs by AWS's clock."""

    taken: int | None = None
    """Up to when the last one that this replica stored, or found, reaches."""
    stored_bytes: int | None = None
    restored: str | None = None
    """That the store was taken over from a snapshot, and from which."""
    trouble: str | None = None
    """Why the last attempt failed, to store one or to take one over."""


class SnapshotKeeper:
    """Of one hub. `kept`: how its snapshots are kept now; `tell` is given each change of what is told."""

    def __init__(
        self,
        name: str,
        kept: Callable[[], KeptSnapshots | None],
        stores: Stores,
        leading: Callable[[], float],
        tell: Callable[[SnapshotStatus], None],
    ) -> None:
        self._name = name
        self._kept = kept
        self._stores = stores
        self._leading = leading
        self._tell = tell
        self._status = SnapshotStatus()
        self._tried: set[str] = set()

    async def take_over(
        self, worker: Worker, opening: StoreOpening, source: Source, owner: str
    ) -> FindingsView | None:
        """Put the latest snapshot that fits in the place of a store that is empty, or much older.

        Returns what is open then; None where it is what `source` was opened over. Raises StoreError.
        """
        kept = self._kept()
        if kept is None:
            return None
        known = source.report().latest if source.ready else None
        try:
            index = decoded(await kept.place.get(INDEX))
        except (Unusable, *PlaceErrors) as error:
            self._failed("could not be looked for", error)
            return None
        findings = None
        for snapshot in fitting(index, owner=owner, store_version=self._stores.version, known=known):
            # What was taken over once and is not there any more is not believed twice.
            if snapshot.name in self._tried:
                continue
            self._tried.add(snapshot.name)
            path = await asyncio.to_thread(self._stores.beside, self._name)
            try:
                await fetch(kept.place, snapshot, path)
                findings, why = await worker.call(opening.adopt, path)
            except (Unusable, *PlaceErrors) as error:
                self._failed(f"{snapshot.name} was passed over", error)
                continue
            finally:
                await asyncio.to_thread(path.unlink, missing_ok=True)
            if why is not None:
                self._failed(f"{snapshot.name} was passed over", Unusable(why))
                continue
            said = f"of {datetime_of(snapshot.taken):%Y-%m-%dT%H:%M:%SZ} ({snapshot.bytes} bytes)"
            logger.info("hub %s: its store was taken over from the snapshot %s", self._name, said)
            self._say(restored=said, taken=snapshot.taken, stored_bytes=snapshot.stored_bytes, trouble=None)
            break
        return findings

    async def run(self, worker: Worker, findings: FindingsView, owner: str, source: Source) -> None:
        """Store a snapshot whenever one is due, until cancelled. Raises StoreError."""
        pauses = BackOff(_FIRST_PAUSE)
        while True:
            kept = self._kept()
            if kept is None or not source.ready:
                await asyncio.sleep(_LOOK_EVERY if kept is None else min(_LOOK_EVERY, kept.every))
                continue
            try:
                last = await self._last_taken(kept, owner)
                now = source.report().latest
                left = 0.0 if last is None else kept.every - (now - last) / SECOND
                if left <= 0:
                    await self._store(kept, worker, findings, owner, now)
                    left = kept.every
            except (NotLeading, Unusable, *PlaceErrors) as error:
                self._failed("could not be stored", error)
                left = pauses.after(error, kept.every)
            else:
                pauses.succeeded()
            await asyncio.sleep(min(left, kept.every))

    async def _last_taken(self, kept: KeptSnapshots, owner: str) -> int | None:
        index = await known_index(kept.place)
        return max((each.taken for each in index.snapshots if each.owner == owner), default=None)

    async def _store(
        self, kept: KeptSnapshots, worker: Worker, findings: FindingsView, owner: str, taken: int
    ) -> None:
        path = await asyncio.to_thread(self._stores.beside, self._name)
        try:
            await worker.call(findings.copy_to, path)
            copy = Copy(path, self._name, owner, self._stores.version, taken)
            stored = await save(copy, kept, self._leading)
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        logger.info("hub %s: a snapshot of %d bytes is stored", self._name, stored.stored_bytes)
        self._say(taken=taken, stored_bytes=stored.stored_bytes, trouble=None)

    def _failed(self, what: str, error: Exception) -> None:
        said = f"A snapshot {what}: {error}"
        if said != self._status.trouble:
            logger.warning("hub %s: %s", self._name, said)
        self._say(trouble=said)

    def _say(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of SnapshotStatus
        self._status = self._status._replace(**changes)
        self._tell(self._status)

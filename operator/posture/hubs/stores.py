"""Opens a hub's store, and closes it whatever became of those who waited for it; removes what nobody uses.

The store of a hub that no target declares any more is kept for a week, should it come back.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from pathlib import Path

from posture.sources.findings_view import FindingsView
from posture.store.errors import Stop
from posture.store.interface import Stores


class StoreOpening:
    """A store that is opened and closed in the hub's thread.

    Whoever waits for `open` may be cancelled, and it is opened all the same: `close`, which runs after it,
    knows what there is to close. `stop` ends an opening that takes long.
    """

    def __init__(self, stores: Stores, name: str, owner: str, stop: Stop) -> None:
        self._stores = stores
        self._name = name
        self._owner = owner
        self._stop = stop
        self._findings: FindingsView | None = None

    def open(self) -> tuple[FindingsView, str | None]:
        """Open the store; returns with it why the file that was there was quarantined, if it was."""
        store, quarantined = self._stores.open(self._name, owner=self._owner, stop=self._stop)
        self._findings = FindingsView(store)
        return self._findings, quarantined

    def adopt(self, copy: Path) -> tuple[FindingsView, str | None]:
        """Put a copy in the place of the store, and open what is there then.

        Returns with it why the copy is not fit, where it is not: then the store is as it was.
        """
        self.close()
        why = self._stores.adopt(self._name, copy, owner=self._owner, stop=self._stop)
        findings, quarantined = self.open()
        return findings, why or quarantined

    def discard(self) -> None:
        """Quarantine what has been opened: the next opening makes a new store."""
        if self._findings is not None:
            self._findings.discard()

    def close(self) -> None:
        """Close what has been opened."""
        if self._findings is not None:
            self._findings.close()


logger = logging.getLogger(__name__)

_EVERY = 3600.0
UNUSED_FOR = 7 * 24 * 3600.0


async def remove_leftovers(stores: Stores, declared: Callable[[], Collection[str] | None]) -> None:
    """Look every hour for stores to remove, until cancelled.

    `declared`: the names of all hubs that a target declares, suspended ones too, or that this replica still
    works on; None while that is not known, and then nothing is concluded.
    """
    while True:
        await asyncio.sleep(_EVERY)
        names = declared()
        if names is None:
            continue
        try:
            await asyncio.to_thread(stores.remove_unused, set(names), time.time() - UNUSED_FOR)
        except OSError as error:
            logger.warning("Unused stores could not be looked for: %s", error)

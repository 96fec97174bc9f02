"""The opening of a hub's store, and its closing whatever became of those who waited for it."""

from pathlib import Path

from posture.hubs.known import Known
from posture.store import Stop, Store


class Opening:
    """A store that is opened and closed in the hub's thread.

    Whoever waits for `open` may be cancelled, and it is opened all the same: `close`, which runs after it,
    knows what there is to close. `stop` ends an opening that takes long.
    """

    def __init__(self, path: Path, owner: str, stop: Stop) -> None:
        self._path = path
        self._owner = owner
        self._stop = stop
        self._known: Known | None = None

    def open(self) -> tuple[Known, str | None]:
        """Open the store; returns with it why the file that was there was moved aside, if it was."""
        store, moved_aside = Store.open(self._path, owner=self._owner, stop=self._stop)
        self._known = Known(store)
        return self._known, moved_aside

    def discard(self) -> None:
        """Move what has been opened aside: the next opening makes a new store."""
        if self._known is not None:
            self._known.discard()

    def close(self) -> None:
        """Close what has been opened."""
        if self._known is not None:
            self._known.close()

"""The stores of all hubs as SQLite files in one directory."""

from collections.abc import Collection
from pathlib import Path

from posture.store.errors import Stop
from posture.store.interface import Opened
from posture.store.sqlite import schema
from posture.store.sqlite.files import adopt, remove_copy, remove_unused
from posture.store.sqlite.store import Store


class SqliteStores:
    """A file for each hub in `directory`, named after the hub."""

    version = schema.SCHEMA_VERSION

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, name: str) -> Path:
        """Return where the store of the hub of this name is."""
        return self._directory / f"{name}.sqlite"

    def open(self, name: str, *, owner: str, stop: Stop) -> Opened:
        """Open or create a store, as `posture.store.interface.Stores` says."""
        return Opened(*Store.open(self.path(name), owner=owner, stop=stop))

    def beside(self, name: str) -> Path:
        """Return where a copy of a store can be made; what an earlier one has left there is removed."""
        path = self._directory / f"{name}.sqlite.copy"
        remove_copy(path)
        return path

    def adopt(self, name: str, path: Path, *, owner: str, stop: Stop) -> str | None:
        """Put a copy in the place of a store, as `posture.store.interface.Stores` says."""
        return adopt(path, self.path(name), owner, stop)

    def remove_unused(self, in_use: Collection[str], written_before: float) -> None:
        """Remove the stores of all other names that nobody has written to since (seconds since the epoch)."""
        remove_unused(self._directory, {self.path(name) for name in in_use}, written_before)

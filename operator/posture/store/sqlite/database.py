"""The connection to a store's file: transactions, every failure as a typed error, and the quarantine.

A file that cannot be used is kept beside the new one, for whoever wants to know what happened to it.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from posture.api.reasons.words import Named
from posture.store.errors import Stop, StoreError, StoreLost, StoreUnavailable
from posture.store.sqlite import schema

LOCK_TIMEOUT_SECONDS = 1.0
_PAGES_A_STEP = 256

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Of a file with a header that no SQLite understands; it has no code of its own.
_UNKNOWN_FORMAT = "unsupported file format"
_ADVICE: dict[int, tuple[Named, str]] = {
    sqlite3.SQLITE_FULL: ("StoreDiskFull", "free space on the volume of --data-dir, or enlarge it"),
    sqlite3.SQLITE_IOERR: ("StoreUnreadable", "check the disk that holds --data-dir"),
    sqlite3.SQLITE_CANTOPEN: ("StoreNotWritable", "make --data-dir a directory that this user can write"),
    sqlite3.SQLITE_READONLY: ("StoreNotWritable", "mount a writable volume at --data-dir"),
    sqlite3.SQLITE_PERM: ("StoreNotWritable", "make --data-dir a directory that this user can write"),
    sqlite3.SQLITE_BUSY: (
        "StoreLocked",
        "give each replica a --data-dir of its own; the other process has it",
    ),
    sqlite3.SQLITE_LOCKED: (
        "StoreLocked",
        "give each replica a --data-dir of its own; the other process has it",
    ),
    sqlite3.SQLITE_INTERRUPT: ("StoreClosed", "it is opened again when it is needed"),
    sqlite3.SQLITE_NOMEM: ("StoreOutOfMemory", "raise the memory limit of the operator"),
}


class Database:
    """An open file. `on_rollback` runs whenever a transaction leaves nothing behind.

    Not for two threads at once. After `StoreLost` it is closed. Once `stop` is asked for nothing can be read
    any more, so that long reading, which goes page by page, ends; transactions can still be made.
    """

    def __init__(self, path: Path, stop: Stop) -> None:
        self.path = path
        self._stop = stop
        self.on_rollback: Callable[[], None] = lambda: None
        self._files: dict[Path, tuple[int, int] | None] = {}
        self._connection: sqlite3.Connection | None = None
        with self._typed_errors():
            self._connection = sqlite3.connect(
                path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                schema.configure_connection(self._connection)
            except BaseException:
                self._abandon()
                raise

    def watch_files(self) -> None:
        """Remember which files these are, to notice when they go. To be called after the first write."""
        for path in (self.path, self.path.with_name(f"{self.path.name}-wal")):
            self._files[path] = _identity(path)

    @property
    def closed(self) -> bool:
        """Whether there is no connection (any more)."""
        return self._connection is None

    def check(self) -> None:
        """Raise what reading would, without reading: it is lost, or about to be closed."""
        self._stop.check()
        self._present()

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of a query; StoreUnavailable once it is stopped."""
        self._stop.check()
        connection = self._present()
        with self._typed_errors():
            return connection.execute(sql, arguments).fetchall()

    def each(self, sql: str, arguments: Sequence[Any]) -> Iterator[Any]:
        """Yield the rows of a query as SQLite finds them; nothing may be written before the last.

        StoreUnavailable where it begins once it is stopped.
        """
        self._stop.check()
        connection = self._present()
        with self._typed_errors():
            yield from connection.execute(sql, arguments)

    def rows_unless_stopped(self, sql: str) -> list[Any]:
        """Return all rows of a query that may take long; StoreUnavailable when it is stopped meanwhile."""
        connection = self._present()
        with self._typed_errors():
            # SQLite forgets an interrupt when no statement is running. This one runs until the end, so that
            # an interrupt that comes before the query has begun ends it all the same.
            running = connection.execute("SELECT 1 UNION ALL SELECT 2")
            try:
                with self._stop.interrupting(connection.interrupt):
                    self._stop.check()
                    rows = connection.execute(sql).fetchall()
                self._stop.check()
                return rows
            finally:
                running.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction: all of it is kept when it ends, nothing of it when it raises."""
        connection = self._present()
        with self._typed_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self.on_rollback()
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def copy_to(self, path: Path, between: Callable[[], None]) -> None:
        """Write a copy to a file by SQLite's backup API; `between` is called after each step.

        The copy is as durable as its last page: whoever keeps it sees to that.
        """
        connection = self._present()
        with self._typed_errors(), closing(sqlite3.connect(path, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")
            connection.backup(copy, pages=_PAGES_A_STEP, progress=lambda *_: between())

    def close(self) -> None:
        """Close the connection; SQLite moves what is in the journal into the file. Closing twice is fine."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with self._typed_errors():
                connection.close()

    def _present(self) -> sqlite3.Connection:
        """Return the connection, if its files are still the ones that the paths lead to."""
        if self._connection is None:
            raise StoreLost(
                f"The store {self.path.name} is closed",
                reason="StoreLost",
                advice="it is opened again and all findings are read again",
            )
        for path, identity in self._files.items():
            if _identity(path) != identity:
                self._abandon()
                raise StoreLost(
                    f"The file {path.name} was deleted or replaced while in use",
                    reason="StoreDeleted",
                    advice="keep other programs out of --data-dir; all findings are read again",
                )
        return self._connection

    def _abandon(self) -> None:
        """Let go of files that are not to be trusted, so that new ones may take their place.

        Closing deletes the journal by its path: it must happen before another store is made there.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error:
                # Nothing in these files is wanted any more, and the reason is already being reported.
                del connection

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            typed = self._typed(error)
            if typed is None:
                raise
            raise typed from error

    def _typed(self, error: sqlite3.Error) -> StoreError | None:
        """Return what an error of SQLite means for the caller; None for a defect of ours."""
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return None
        if code & 0xFF in _DAMAGED or str(error) == _UNKNOWN_FORMAT:
            self._abandon()
            moved = quarantine(self.path)
            return StoreLost(
                f"The store {self.path.name} is damaged ({error}) and was moved to {moved.name}",
                reason="StoreDamaged",
                advice="check the disk that holds --data-dir; all findings are read again",
            )
        if code & 0xFF in _ADVICE:
            reason, advice = _ADVICE[code & 0xFF]
            return StoreUnavailable(f"The store {self.path.name}: {error}", reason=reason, advice=advice)
        return None


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from any other that may take its path; None when there is none."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason, advice = _ADVICE[sqlite3.SQLITE_IOERR]
        raise StoreUnavailable(
            f"The store {path.name}: {error.strerror}", reason=reason, advice=advice
        ) from error
    return (status.st_dev, status.st_ino)


KEPT = 2


def quarantine(path: Path) -> Path:
    """Rename a database to `<name>.broken-1` and return that path; no connection to it may be open.

    The one that was there becomes `.broken-2`; older ones are deleted. A journal needs no care: closing has
    moved it into the file, and SQLite drops one that it finds beside an empty file. Raises
    `StoreUnavailable`.
    """
    names = [path, *(path.with_name(f"{path.name}.broken-{n}") for n in range(1, KEPT + 1))]
    try:
        for source, target in reversed(list(pairwise(names))):
            if source.exists():
                source.replace(target)
    except OSError as error:
        raise StoreUnavailable(
            f"The store {path.name} cannot be used, nor moved aside ({error.strerror})",
            reason="StoreNotWritable",
            advice=f"delete {path} and what is named after it",
        ) from error
    return names[1]

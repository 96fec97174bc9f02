"""Opens the file of a store: made where there is none, quarantined when unfit, removed when unused.

The integrity check reads the whole file, so it runs where there is reason to doubt: after a stop that was not
clean. SQLite itself refuses a file that is shorter than it says, drops the journal of a file that is gone,
and notices other damage when it meets it (`StoreLost`). Nobody uses a store whose hub is not declared and
that has not been written to for long.
"""

import logging
import os
import re
import sqlite3
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeAlias, TypeVar

from posture.store.errors import Stop, StoreError, StoreLost, StoreUnavailable
from posture.store.sqlite import schema
from posture.store.sqlite.database import Database, quarantine
from posture.store.sqlite.dimensions import Dimensions

CHECK = "PRAGMA quick_check(1)"

T = TypeVar("T")
Build: TypeAlias = Callable[[Database, Dimensions], T]


class _Unfit(Exception):  # noqa: N818 - not an error: a finding about the file
    """The file is sound, but cannot be used here."""


def open_fitting(path: Path, owner: str, stop: Stop, build: Build[T]) -> tuple[T, str | None]:
    """Open or create the store of `owner` at `path`, and build what reads it further.

    Returns with it why the file that was there has been quarantined, if it was. Raises `StoreUnavailable`,
    also when it is stopped.
    """
    stop.check()
    _make_directory(path.parent)
    try:
        return _open(path, owner, stop, build), None
    except StoreLost as damaged:
        reason = str(damaged)
    except _Unfit as unfit:
        reason = f"{unfit}; it was moved to {quarantine(path).name}"
    return _open(path, owner, stop, build), reason


def _open(path: Path, owner: str, stop: Stop, build: Build[T]) -> T:
    """Open a file that is new or fits."""
    database = Database(path, stop)
    try:
        if not database.rows("SELECT 1 FROM sqlite_master LIMIT 1") and not _application(database):
            with database.transaction() as connection:
                schema.create(connection, owner)
        version = _refuse_foreign(database, owner)
        _refuse_damaged(database)
        if version != schema.SCHEMA_VERSION:
            with database.transaction() as connection:
                schema.migrate(connection, version)
        dimensions = _load(database)
        with database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('in use', 'yes')")
        database.watch_files()
        return build(database, dimensions)
    except BaseException:
        database.close()
        raise


def mark_clean(database: Database) -> None:
    """Note that the store is closed in an orderly way; the last transaction before `close`."""
    with database.transaction() as connection:
        connection.execute("DELETE FROM meta WHERE key = 'in use'")


def adopt(copy: Path, path: Path, owner: str, stop: Stop) -> str | None:
    """Put a copy in the place of the store of `owner`, which is closed; return why not, where it is unfit.

    All of it is checked first, and is on the disk before it takes the place. Raises `StoreUnavailable`.
    """
    try:
        database = Database(copy, stop)
        try:
            if _refuse_foreign(database, owner) != schema.SCHEMA_VERSION:
                raise _Unfit("the file is of an older version")
            verdict = database.rows_unless_stopped(CHECK)
            if verdict != [("ok",)]:
                raise _Unfit(f"the file is damaged ({verdict[0][0]})")
            _load(database)
            mark_clean(database)
        finally:
            database.close()
    except (_Unfit, StoreLost) as unfit:
        remove_copy(copy)
        return str(unfit)
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
    copy.replace(path)
    return None


def remove_copy(copy: Path) -> None:
    """Remove a copy that is not wanted any more, and what SQLite has put beside it."""
    for file in copy.parent.glob(f"{copy.name}*"):
        file.unlink(missing_ok=True)


def _application(database: Database) -> int:
    return int(database.rows("PRAGMA application_id")[0][0])


def _refuse_foreign(database: Database, owner: str) -> int:
    """Return the version of the file, the present one or one that can be brought to it."""
    if _application(database) != schema.APPLICATION_ID:
        raise _Unfit("the file belongs to another program")
    version: int = database.rows("PRAGMA user_version")[0][0]
    if not schema.MIGRATED_VERSION <= version <= schema.SCHEMA_VERSION:
        age = "an older" if version < schema.SCHEMA_VERSION else "a newer"
        raise _Unfit(f"the file is of {age} version ({version}, this is {schema.SCHEMA_VERSION})")
    held = {sql for (sql,) in database.rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    if held != schema.expected_tables(version):
        raise _Unfit("the file does not hold the tables of its version")
    if database.rows("SELECT value FROM meta WHERE key = 'owner'") != [(owner,)]:
        raise _Unfit("the file belongs to another hub")
    return version


def _refuse_damaged(database: Database) -> None:
    if not database.rows("SELECT 1 FROM meta WHERE key = 'in use'"):
        return
    verdict = database.rows_unless_stopped(CHECK)
    if verdict != [("ok",)]:
        raise _Unfit(f"the file is damaged ({verdict[0][0]})")


def _load(database: Database) -> Dimensions:
    try:
        with database.transaction() as connection:
            return Dimensions.load(connection)
    except (ValueError, sqlite3.InterfaceError) as error:
        raise _Unfit(f"the file is damaged ({error})") from error


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The directory {directory} cannot be made ({error.strerror})",
            reason="StoreNotWritable",
            advice="make --data-dir a directory that this user can write",
        ) from error


logger = logging.getLogger(__name__)

_FILE = re.compile(
    r"(?P<store>posture-hub-[0-9a-f]{16}\.sqlite)(\.copy)?(-wal|-shm|-journal|\.broken-\d+)?", re.ASCII
)


def remove_unused(directory: Path, in_use: Collection[Path], written_before: float) -> list[Path]:
    """Remove the stores in a directory that are not among `in_use`; return their paths.

    Only those of which no file was written since (seconds since the epoch), and which no process has open:
    with each goes its journal and what was quarantined of it. Files that are named otherwise are not touched.
    What cannot be removed is logged and stays.
    """
    removed = []
    for path in sorted(_stores(directory) - set(in_use)):
        try:
            if _is_old(path, written_before) and not _is_open(path):
                size = _remove(path)
                removed.append(path)
                logger.info("Removed the store %s, which no target uses any more (%d bytes)", path, size)
        except OSError as error:
            logger.warning(
                "The store %s, which no target uses any more, could not be removed: %s", path, error
            )
    return removed


def _stores(directory: Path) -> set[Path]:
    matches = (_FILE.fullmatch(file.name) for file in directory.iterdir())
    return {directory / match["store"] for match in matches if match}


def _files(store: Path) -> Iterator[Path]:
    """Yield what belongs to a store, itself first: whoever has it open notices by that."""
    for file in sorted(store.parent.glob(f"{store.name}*")):
        match = _FILE.fullmatch(file.name)
        if match and match["store"] == store.name and file.is_file():
            yield file


def _is_old(store: Path, written_before: float) -> bool:
    return all(file.stat().st_mtime < written_before for file in _files(store))


def _is_open(store: Path) -> bool:
    """Whether another process, or another part of this one, has it open, or that cannot be told."""
    if not store.exists():
        return False
    try:
        Database(store, Stop()).close()
    except StoreUnavailable:
        return True
    except StoreError:
        # It is damaged, and has been quarantined: nobody can have it open.
        return False
    return False


def _remove(store: Path) -> int:
    """Remove the files of a store; return how many bytes they held."""
    size = 0
    for file in list(_files(store)):
        size += file.stat().st_size
        file.unlink()
    return size

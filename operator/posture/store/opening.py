"""From a path to a database that fits: created when there is none, moved aside when it cannot be used.

The integrity check reads the whole file, so it runs where there is reason to doubt: after a stop that was not
clean. SQLite itself refuses a file that is shorter than it says, drops the journal of a file that is gone,
and notices other damage when it meets it (`StoreLost`).
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

from posture.store import schema
from posture.store.aside import move_aside
from posture.store.database import Database
from posture.store.dimensions import Dimensions
from posture.store.errors import StoreLost, StoreUnavailable
from posture.store.stopping import Stop

CHECK = "PRAGMA quick_check(1)"

T = TypeVar("T")
Build: TypeAlias = Callable[[Database, Dimensions], T]


class _Unfit(Exception):  # noqa: N818 - not an error: a finding about the file
    """The file is sound, but cannot be used here."""


def open_fitting(path: Path, owner: str, stop: Stop, build: Build[T]) -> tuple[T, str | None]:
    """Open or create the store of `owner` at `path`, and build what reads it further.

    Returns with it why the file that was there has been moved aside, if it was. Raises `StoreUnavailable`,
    also when it is stopped.
    """
    stop.check()
    _make_directory(path.parent)
    try:
        return _open(path, owner, stop, build), None
    except StoreLost as damaged:
        reason = str(damaged)
    except _Unfit as unfit:
        reason = f"{unfit}; it was moved to {move_aside(path).name}"
    return _open(path, owner, stop, build), reason


def _open(path: Path, owner: str, stop: Stop, build: Build[T]) -> T:
    """Open a file that is new or fits."""
    database = Database(path, stop)
    try:
        if not database.rows("SELECT 1 FROM sqlite_master LIMIT 1") and not _application(database):
            with database.transaction() as connection:
                schema.create(connection, owner)
        _refuse_foreign(database, owner)
        _refuse_damaged(database)
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


def _application(database: Database) -> int:
    return int(database.rows("PRAGMA application_id")[0][0])


def _refuse_foreign(database: Database, owner: str) -> None:
    if _application(database) != schema.APPLICATION_ID:
        raise _Unfit("the file belongs to another program")
    version = database.rows("PRAGMA user_version")[0][0]
    if version != schema.VERSION:
        age = "an older" if version < schema.VERSION else "a newer"
        raise _Unfit(f"the file is of {age} version ({version}, this is {schema.VERSION})")
    held = {sql for (sql,) in database.rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    if held != schema.expected_tables():
        raise _Unfit("the file does not hold the tables of its version")
    if database.rows("SELECT value FROM meta WHERE key = 'owner'") != [(owner,)]:
        raise _Unfit("the file belongs to another hub")


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

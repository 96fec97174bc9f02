"""Short texts by key, stored together with the rows they speak of: cursors, progress, times."""

import sqlite3
from collections.abc import Mapping

from posture.store.sqlite.database import Database


def get(database: Database, key: str) -> str | None:
    """Return a value; None when there is none."""
    rows = database.rows("SELECT value FROM state WHERE key = ?", (key,))
    return rows[0][0] if rows else None


def with_prefix(database: Database, prefix: str) -> dict[str, str]:
    """Return all values whose keys begin so."""
    return dict(
        database.rows(
            "SELECT key, value FROM state WHERE substr(key, 1, ?) = ? ORDER BY key", (len(prefix), prefix)
        )
    )


def put(connection: sqlite3.Connection, state: Mapping[str, str | None]) -> None:
    """Set values, in the caller's transaction; None deletes a key."""
    for key, value in state.items():
        if value is None:
            connection.execute("DELETE FROM state WHERE key = ?", (key,))
        else:
            connection.execute("REPLACE INTO state VALUES (?, ?)", (key, value))

"""What is kept beside the findings: short texts by key, and moments by subject and key.

Texts are stored together with the rows that they speak of: cursors, progress, times. Moments are what is
remembered of very many things, each by a few bytes.
"""

import sqlite3
from collections.abc import Collection, Mapping

from posture.store.sqlite.database import Database

# From one subject to the next, without a look at what is between.
_SUBJECTS = (
    "WITH RECURSIVE known (subject) AS (SELECT min(subject) FROM moment UNION ALL"
    " SELECT (SELECT min(moment.subject) FROM moment WHERE moment.subject > known.subject)"
    " FROM known WHERE known.subject IS NOT NULL) SELECT subject FROM known WHERE subject IS NOT NULL"
)


class KeptBeside:
    """What a store keeps beside its findings."""

    _database: Database

    def state(self, key: str) -> str | None:
        """Return a stored text; None when there is none."""
        rows = self._database.rows("SELECT value FROM state WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def states(self, prefix: str = "") -> dict[str, str]:
        """Return the stored texts whose keys begin so."""
        sql = "SELECT key, value FROM state WHERE substr(key, 1, ?) = ? ORDER BY key"
        return dict(self._database.rows(sql, (len(prefix), prefix)))

    def put_state(self, state: Mapping[str, str | None]) -> None:
        """Store texts by key; None deletes one."""
        with self._database.transaction() as connection:
            put_state(connection, state)

    def moments(self, subject: str) -> dict[bytes, int]:
        """Return the moments of a subject by key; empty where there is none."""
        found = self._database.each("SELECT key, at FROM moment WHERE subject = ?", (subject,))
        return {key: at for key, at in found}  # noqa: C416 - `dict` lets nobody else run

    def put_moments(
        self, changed: Mapping[str, Mapping[bytes, int | None]], *, subjects: Collection[str]
    ) -> None:
        """Store moments by subject and key in one transaction; None deletes one.

        All subjects that are not among `subjects` are forgotten first.
        """
        with self._database.transaction() as connection:
            known = [subject for (subject,) in connection.execute(_SUBJECTS)]
            gone = [(subject,) for subject in known if subject not in subjects]
            connection.executemany("DELETE FROM moment WHERE subject = ?", gone)
            for subject, moments in changed.items():
                connection.executemany(
                    "DELETE FROM moment WHERE subject = ? AND key = ?",
                    ((subject, key) for key, at in moments.items() if at is None),
                )
                connection.executemany(
                    "REPLACE INTO moment VALUES (?, ?, ?)",
                    ((subject, key, at) for key, at in moments.items() if at is not None),
                )


def put_state(connection: sqlite3.Connection, state: Mapping[str, str | None]) -> None:
    """Set texts, in the caller's transaction; None deletes a key."""
    for key, value in state.items():
        if value is None:
            connection.execute("DELETE FROM state WHERE key = ?", (key,))
        else:
            connection.execute("REPLACE INTO state VALUES (?, ?)", (key, value))

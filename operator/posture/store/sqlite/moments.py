"""Moments by subject and key: what is remembered of very many things, each by a few bytes."""

import sqlite3
from collections.abc import Collection, Mapping

from posture.store.sqlite.database import Database

# From one subject to the next, without a look at what is between.
_SUBJECTS = (
    "WITH RECURSIVE known (subject) AS (SELECT min(subject) FROM moment UNION ALL"
    " SELECT (SELECT min(moment.subject) FROM moment WHERE moment.subject > known.subject)"
    " FROM known WHERE known.subject IS NOT NULL) SELECT subject FROM known WHERE subject IS NOT NULL"
)


def of_subject(database: Database, subject: str) -> dict[bytes, int]:
    """Return the moments of a subject, by key."""
    sql = "SELECT key, at FROM moment WHERE subject = ?"
    return {key: at for key, at in database.each(sql, (subject,))}  # noqa: C416 - `dict` lets nobody else run


def put(
    connection: sqlite3.Connection,
    moments: Mapping[str, Mapping[bytes, int | None]],
    subjects: Collection[str],
) -> None:
    """Forget all other subjects, then set moments, in the caller's transaction; None deletes one."""
    known = [subject for (subject,) in connection.execute(_SUBJECTS)]
    gone = [(subject,) for subject in known if subject not in subjects]
    connection.executemany("DELETE FROM moment WHERE subject = ?", gone)
    for subject, changed in moments.items():
        connection.executemany(
            "DELETE FROM moment WHERE subject = ? AND key = ?",
            ((subject, key) for key, at in changed.items() if at is None),
        )
        connection.executemany(
            "REPLACE INTO moment VALUES (?, ?, ?)",
            ((subject, key, at) for key, at in changed.items() if at is not None),
        )

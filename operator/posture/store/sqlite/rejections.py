"""Findings that could not be decoded, and those stored with a default for what could not be read.

The first are remembered, so that each is logged once and can be named; the others are named as long as the
row stands so.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from posture.domain.findings import Rejection
from posture.store.records import Copy, Read, key_of
from posture.store.sqlite.changes import key_batches, placeholders
from posture.store.sqlite.database import Database


class Rejections:
    """The rejected findings of one store. Their keys are in memory: mostly there is none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: set[bytes] = {key for (key,) in database.rows("SELECT key FROM rejected")}
        self._decoded: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, rejections: Sequence[Rejection], asked_at: int) -> list[Rejection]:
        """Remember rejections; return those that were not known."""
        keyed = {key_of(rejection.product_arn, rejection.id): rejection for rejection in rejections}
        fresh = {key: rejection for key, rejection in keyed.items() if key not in self._keys}
        with self._database.transaction() as connection:
            connection.executemany(
                "REPLACE INTO rejected VALUES (?, ?, ?, ?, ?, ?)",
                [(key, *rejection, asked_at) for key, rejection in keyed.items()],
            )
        self._keys |= fresh.keys()
        return list(fresh.values())

    def first(self, limit: int) -> list[Rejection]:
        """Return the latest rejections."""
        rows = self._database.rows(
            "SELECT id, product_arn, account, why FROM rejected ORDER BY asked DESC, id, product_arn LIMIT ?",
            (limit,),
        )
        return [Rejection(*row) for row in rows]

    def forget(self, asked_before: int) -> None:
        """Forget rejections that no request since `asked_before` has met."""
        forgotten = self._database.rows("SELECT key FROM rejected WHERE asked < ?", (asked_before,))
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM rejected WHERE key = ?", forgotten)
        self._keys -= {key for (key,) in forgotten}

    def decoded(self, connection: sqlite3.Connection, keys: Collection[bytes]) -> None:
        """Delete those that could be decoded this time."""
        if self._keys:
            self._decoded = self._keys.intersection(keys)
            connection.executemany("DELETE FROM rejected WHERE key = ?", [(key,) for key in self._decoded])

    def committed(self) -> None:
        """Let go of those that were decoded."""
        self._keys -= self._decoded
        self._decoded = set()

    def discard_unstored(self) -> None:
        """Keep those that a rolled-back transaction had decoded."""
        self._decoded = set()


# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound


def note_unreadable(
    connection: sqlite3.Connection, copies: Mapping[bytes, Copy], reads: Sequence[Read]
) -> list[Rejection]:
    """Name the rows that now stand by an unreadable copy, and withdraw those that stand by a readable one.

    After the rows were written, in the caller's transaction. Returns what was not said yet: of another
    finding, or for another reason. Copies that were too late to change anything say nothing of the row. When
    a row is removed, so is what is said of it (`Changes.remove`).
    """
    whys = {(read.asked_at, key): why for read in reads for key, why in read.unreadable.items()}
    said = _said(connection, copies)
    if not whys and not said:
        return []
    now = {
        key: Rejection(finding.id, finding.product_arn, finding.account_id, whys[asked_at, key])
        for key, (finding, asked_at) in copies.items()
        if (asked_at, key) in whys
    }
    asked = _asked(connection, now.keys() | said.keys())
    standing = {key for key, at in asked.items() if at == copies[key][1]}
    fresh = {key: now[key] for key in standing & now.keys() if said.get(key) != now[key].why}
    connection.executemany(
        "REPLACE INTO unreadable VALUES (?, ?, ?, ?, ?)", [(key, *each) for key, each in fresh.items()]
    )
    connection.executemany(
        "DELETE FROM unreadable WHERE key = ?", [(key,) for key in (standing & said.keys()) - now.keys()]
    )
    return list(fresh.values())


def some_unreadable(database: Database, limit: int) -> list[Rejection]:
    """Return some of them, mostly the same ones."""
    rows = database.rows("SELECT id, product_arn, account, why FROM unreadable LIMIT ?", (limit,))
    return [Rejection(*row) for row in rows]


def count_unreadable(database: Database) -> int:
    """Return how many there are."""
    return int(database.rows("SELECT count(*) FROM unreadable")[0][0])


def _said(connection: sqlite3.Connection, keys: Collection[bytes]) -> dict[bytes, str]:
    if connection.execute("SELECT 1 FROM unreadable LIMIT 1").fetchone() is None:
        return {}
    said: dict[bytes, str] = {}
    for batch in key_batches(keys):
        said.update(
            connection.execute(f"SELECT key, why FROM unreadable WHERE key IN ({placeholders(batch)})", batch)
        )
    return said


def _asked(connection: sqlite3.Connection, keys: Collection[bytes]) -> dict[bytes, int]:
    """Return by key when the copies were asked for that the rows stand by."""
    asked: dict[bytes, int] = {}
    for batch in key_batches(keys):
        asked.update(
            connection.execute(
                "SELECT key, asked FROM finding INDEXED BY finding_by_key"
                f" WHERE key IN ({placeholders(batch)})",
                batch,
            )
        )
    return asked

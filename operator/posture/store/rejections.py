"""Findings that could not be decoded: remembered, so that each is logged once and can be named."""

import sqlite3
from collections.abc import Collection, Sequence

from posture.store.database import Database
from posture.store.encoding import key_of
from posture.store.records import Rejection


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

    def some(self, limit: int) -> list[Rejection]:
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

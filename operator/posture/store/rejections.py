"""Findings that could not be decoded: remembered, so that each is logged once and can be named."""

import sqlite3
from collections.abc import Sequence

from posture.store.database import Database
from posture.store.records import Read, Rejection


class Rejections:
    """The rejected findings of one store. Their ids are in memory: mostly there is none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids = {finding_id for (finding_id,) in database.rows("SELECT id FROM rejected")}
        self._decoded: set[str] = set()

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, rejections: Sequence[Rejection], asked_at: int) -> list[Rejection]:
        """Remember rejections; return those that were not known."""
        fresh = {rejection.id: rejection for rejection in rejections if rejection.id not in self._ids}
        with self._database.transaction() as connection:
            connection.executemany(
                "REPLACE INTO rejected VALUES (?, ?, ?, ?)",
                [(*rejection, asked_at) for rejection in rejections],
            )
        self._ids |= fresh.keys()
        return list(fresh.values())

    def some(self, limit: int) -> list[Rejection]:
        """Return the latest rejections."""
        rows = self._database.rows(
            "SELECT id, account, why FROM rejected ORDER BY asked DESC, id LIMIT ?", (limit,)
        )
        return [Rejection(*row) for row in rows]

    def forget(self, asked_before: int) -> None:
        """Forget rejections that no request since `asked_before` has met."""
        forgotten = self._database.rows("SELECT id FROM rejected WHERE asked < ?", (asked_before,))
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM rejected WHERE id = ?", forgotten)
        self._ids -= {finding_id for (finding_id,) in forgotten}

    def decoded(self, connection: sqlite3.Connection, reads: Sequence[Read]) -> None:
        """Delete those that could be decoded this time."""
        if self._ids:
            self._decoded = self._ids.intersection(finding.id for read in reads for finding in read.findings)
            connection.executemany(
                "DELETE FROM rejected WHERE id = ?", [(finding_id,) for finding_id in self._decoded]
            )

    def committed(self) -> None:
        """Let go of those that were decoded."""
        self._ids -= self._decoded
        self._decoded = set()

    def discard_unstored(self) -> None:
        """Keep those that a rolled-back transaction had decoded."""
        self._decoded = set()

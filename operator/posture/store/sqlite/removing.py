"""Rows that go: not returned any more, of a product that nobody asks for, or archived for long."""
# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound

import sqlite3
from collections.abc import Collection, Iterator
from heapq import heappop, heappush
from typing import Any

from posture.domain.consistency import SETTLING
from posture.domain.findings import RecordState
from posture.store.sqlite import schema
from posture.store.sqlite.changes import RowPlace, stored_rows
from posture.store.sqlite.database import Database
from posture.store.sqlite.dimensions import Dimensions

CHUNK = 2000
"""Rows deleted in one transaction: what is deleted at once must fit into the journal."""

_COLUMNS = f"key, state, chk, account, region, severity, compliance, workflow, body, {schema.ANNOTATED}"

Doomed = tuple[bytes, RowPlace, int, bool]
"""A row that is to go: key, place, body, and whether it has a note or user-defined fields."""


class Removals:
    """When the request started that no longer returned a finding, for requests that may still be in flight.

    Only in memory: what was in flight dies with the process.
    """

    def __init__(self) -> None:
        self.asked: dict[bytes, int] = {}
        self._noted: list[tuple[int, list[bytes]]] = []

    def note(self, keys: Collection[bytes], asked_at: int) -> None:
        """Remember that these were gone."""
        if keys:
            self.asked.update(dict.fromkeys(keys, asked_at))
            heappush(self._noted, (asked_at, list(keys)))
        self.settle(asked_at)

    def settle(self, now: int) -> None:
        """Forget those of so long ago that no answer can be so late."""
        while self._noted and now - self._noted[0][0] > SETTLING:
            asked_at, keys = heappop(self._noted)
            for key in keys:
                if self.asked.get(key) == asked_at:
                    del self.asked[key]


def gone_of(connection: sqlite3.Connection, keys: Collection[bytes], asked_at: int) -> list[Doomed]:
    """Return the rows that no request since `asked_at` has returned."""
    return [
        (key, row.place, row.body, row.customer is not None)
        for key, row in stored_rows(connection, keys).items()
        if row.asked < asked_at
    ]


def chunks_of_other_products(
    database: Database, dimensions: Dimensions, wanted: Collection[str]
) -> Iterator[list[Doomed]]:
    """Yield rows of other products; each chunk once the one before is gone."""
    unwanted = [
        number for number, check in enumerate(dimensions.checks.values) if check.product not in wanted
    ]
    for state in RecordState:
        for check in unwanted:
            yield from _chunks(database, "state = ? AND chk = ?", (int(state), check))


def chunks_of_archived(database: Database, asked_before: int) -> Iterator[list[Doomed]]:
    """Yield archived rows not seen since; each chunk once the one before is gone."""
    yield from _chunks(database, "state = ? AND asked < ?", (int(RecordState.ARCHIVED), asked_before))


def _chunks(database: Database, where: str, arguments: tuple[Any, ...]) -> Iterator[list[Doomed]]:
    while rows := database.rows(f"SELECT {_COLUMNS} FROM finding WHERE {where} LIMIT {CHUNK}", arguments):
        yield [(row[0], row[1:8], row[8], bool(row[9])) for row in rows]

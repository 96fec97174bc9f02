"""What one transaction does to the rows of findings: gathered first, then written in few statements."""
# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from posture.store.records import CellKey

Key = TypeVar("Key")

KEYS_A_QUERY = 1000
"""Keys in one statement; SQLite's own limit is above 30,000."""

ACTIVE = 0

RowPlace = tuple[int, int, int, int, int, int, int]
"""A row's primary key but for `key`: state, chk, account, region, severity, compliance, workflow."""

_STATEMENTS = {
    "new body": "INSERT INTO body VALUES (?, ?, ?)",
    "new row": "INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "moved row": (
        "UPDATE finding SET state = ?, chk = ?, account = ?, region = ?, severity = ?, compliance = ?,"
        " workflow = ?, updated = ?, asked = ?, provider = ?, customer = ?, failing = ?, seen = ?"
        " WHERE key = ?"
    ),
    "refreshed row": (
        "UPDATE finding SET updated = ?, asked = ?, provider = ?, customer = ?, failing = ?, seen = ?"
        " WHERE key = ?"
    ),
    "seen row": "UPDATE finding SET asked = ? WHERE key = ?",
    "told row": "UPDATE finding SET asked = ?, failing = ?, seen = ? WHERE key = ?",
    "provider": "UPDATE body SET provider = ? WHERE id = ?",
    "customer": "UPDATE body SET customer = ? WHERE id = ?",
    "removed row": "DELETE FROM finding WHERE key = ?",
    "removed overlay": "DELETE FROM overlay WHERE key = ?",
    "removed unreadable": "DELETE FROM unreadable WHERE key = ?",
    "removed body": "DELETE FROM body WHERE id = ?",
    "removed whole": "DELETE FROM whole WHERE id = ?",
}


class StoredRow(NamedTuple):
    """A stored row."""

    place: RowPlace
    """Where it stands."""
    updated: int
    asked: int
    """When it was last seen."""
    provider: bytes
    """A digest of what is in its body; so is the next one."""
    customer: bytes | None
    body: int
    failing: int | None = None
    """`FailingSince.since`; the next is its `seen`. None where it does not fail, or not known since when."""
    seen: int | None = None


class Changes:
    """Changes to rows. `new_body`: gives the number of a body that does not exist yet.

    `changed`: how many rows are inserted, changed or removed; `added`: how many more there are than before.
    `cells`: where ACTIVE ones of these were and are; `archived`: the same of archived ones, as long as they
    have a note or user-defined fields.
    """

    def __init__(self, new_body: Callable[[], int]) -> None:
        self.changed = 0
        self.added = 0
        self.cells: set[CellKey] = set()
        self.archived: set[CellKey] = set()
        self._new_body = new_body
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _STATEMENTS}

    def insert(self, key: bytes, row: StoredRow, provider: bytes, customer: bytes | None) -> StoredRow:
        """Add a row; its body's number is given here. Returns the row with it."""
        body = self._new_body()
        self._rows["new body"].append((body, provider, customer))
        self._rows["new row"].append(
            (
                *row.place,
                key,
                row.updated,
                row.asked,
                row.provider,
                row.customer,
                body,
                row.failing,
                row.seen,
            )
        )
        self.added += 1
        self._count(row.place, annotated=row.customer is not None)
        return row._replace(body=body)

    def see(self, key: bytes, asked: int) -> None:
        """Note that a row was seen as it is stored."""
        self._rows["seen row"].append((asked, key))

    def tell(self, key: bytes, after: StoredRow) -> None:
        """Note since when a row fails that is otherwise as it is stored: nothing that was counted changes."""
        self._rows["told row"].append((after.asked, after.failing, after.seen, key))
        self._note(after.place, annotated=after.customer is not None)

    def update(self, key: bytes, before: StoredRow, after: StoredRow) -> None:
        """Change a row, but for its body."""
        values = (
            after.updated,
            after.asked,
            after.provider,
            after.customer,
            after.failing,
            after.seen,
            key,
        )
        if after.place == before.place:
            self._rows["refreshed row"].append(values)
        else:
            self._rows["moved row"].append((*after.place, *values))
        self._note(before.place, annotated=before.customer is not None)
        self._count(after.place, annotated=after.customer is not None)

    def rewrite_provider(self, body: int, provider: bytes) -> None:
        """Replace the provider's part of a body."""
        self._rows["provider"].append((provider, body))

    def rewrite_customer(self, body: int, customer: bytes | None) -> None:
        """Replace the customer's part of a body."""
        self._rows["customer"].append((customer, body))

    def remove(self, key: bytes, place: RowPlace, body: int, *, annotated: bool) -> None:
        """Delete a row, its body, its overlay, and what is said of it.

        `annotated`: it has a note or user-defined fields.
        """
        self._rows["removed row"].append((key,))
        self._rows["removed overlay"].append((key,))
        self._rows["removed unreadable"].append((key,))
        self._rows["removed body"].append((body,))
        self._rows["removed whole"].append((body,))
        self.added -= 1
        self._count(place, annotated=annotated)

    def apply(self, connection: sqlite3.Connection) -> None:
        """Write everything, in the caller's transaction."""
        for name, rows in self._rows.items():
            if rows:
                connection.executemany(_STATEMENTS[name], rows)

    def _count(self, place: RowPlace, *, annotated: bool) -> None:
        self.changed += 1
        self._note(place, annotated=annotated)

    def _note(self, place: RowPlace, *, annotated: bool) -> None:
        if place[0] == ACTIVE:
            self.cells.add(place[1:4])
        elif annotated:
            self.archived.add(place[1:4])


def stored_rows(connection: sqlite3.Connection, keys: Collection[bytes]) -> dict[bytes, StoredRow]:
    """Return the rows of some keys; those without a row are left out."""
    rows = {}
    for batch in key_batches(keys):
        found = connection.execute(
            "SELECT key, state, chk, account, region, severity, compliance, workflow, updated, asked,"
            " provider, customer, body, failing, seen FROM finding INDEXED BY finding_by_key"
            f" WHERE key IN ({placeholders(batch)})",
            batch,
        )
        for row in found:
            rows[row[0]] = StoredRow(row[1:8], *row[8:])
    return rows


def key_batches(keys: Iterable[Key]) -> Iterator[Sequence[Key]]:
    """Cut keys into parts that fit into one statement."""
    iterator = iter(keys)
    while batch := tuple(islice(iterator, KEYS_A_QUERY)):
        yield batch


def placeholders(values: Sequence[object]) -> str:
    """Return the question marks of an IN list."""
    return ",".join("?" * len(values))

"""Our own writes of customer fields, held against reads that do not show them yet."""
# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from posture.domain.consistency import SETTLING, CustomerFields, Overlay, overlaid, stacked
from posture.store.records import CustomerWrite, FindingRef
from posture.store.sqlite.changes import Changes, StoredRow, key_batches, placeholders, stored_rows
from posture.store.sqlite.database import Database
from posture.store.sqlite.dimensions import Dimensions
from posture.store.sqlite.encoding import (
    decode_overlay,
    decode_provider,
    digest_of,
    encode_customer,
    encode_overlay,
    stored_customer_fields,
)

WrittenRows: TypeAlias = dict[bytes, tuple[StoredRow, CustomerFields]]
"""By key, rows after a write of ours, with the customer's fields before it."""


class Overlays:
    """The overlays of one store. Which findings have one is kept in memory: most writes need not look.

    `_keys` may hold too many, never too few: what a rolled-back transaction added does no harm.
    """

    def __init__(self, database: Database) -> None:
        self._keys: set[bytes] = {key for (key,) in database.rows("SELECT key FROM overlay")}
        self._dropped: set[bytes] = set()

    def find(self, connection: sqlite3.Connection, keys: Collection[bytes]) -> dict[bytes, Overlay]:
        """Return the overlays of some findings, by key."""
        if not self._keys:
            return {}
        held = {}
        for batch in key_batches(self._keys.intersection(keys)):
            for key, *columns in connection.execute(
                f"SELECT key, workflow, fields, written FROM overlay WHERE key IN ({placeholders(batch)})",
                batch,
            ):
                held[key] = decode_overlay(*columns)
        return held

    def put(self, connection: sqlite3.Connection, overlays: Mapping[bytes, Overlay]) -> None:
        """Store overlays in place of those that the findings may have."""
        self._keys.update(overlays)
        connection.executemany(
            "REPLACE INTO overlay VALUES (?, ?, ?, ?)",
            [(key, *encode_overlay(overlay)) for key, overlay in overlays.items()],
        )

    def drop(self, connection: sqlite3.Connection, keys: Collection[bytes]) -> None:
        """Delete overlays that have been seen, or whose time is over."""
        if keys:
            self._dropped.update(keys)
            connection.executemany("DELETE FROM overlay WHERE key = ?", [(key,) for key in keys])

    def committed(self) -> None:
        """Forget what has been dropped."""
        self._keys -= self._dropped
        self._dropped.clear()

    def discard_unstored(self) -> None:
        """Keep what a rolled-back transaction had dropped."""
        self._dropped.clear()


def record(
    connection: sqlite3.Connection,
    writes: Sequence[CustomerWrite],
    written_at: int,
    overlays: Overlays,
    changes: Changes,
) -> WrittenRows:
    """Show our own writes in their rows at once, and hold them. Findings that are not stored are left out.

    Returns by key the rows as they are then, with the customer's fields that they had before.
    """
    rows = stored_rows(connection, {write.key for write in writes})
    customers = _customer_blobs(connection, [row.body for row in rows.values()])
    held = overlays.find(connection, rows)
    shown: dict[bytes, CustomerFields] = {}
    written: WrittenRows = {}
    for key, workflow, note, user_fields, note_by in writes:
        if key not in rows:
            continue
        row = rows[key]
        fields = shown.get(key) or stored_customer_fields(row.place[6], customers[row.body])
        tells = user_fields is not None and not set(user_fields) <= set(fields.user_fields)
        overlay = Overlay(workflow, note, user_fields, written_at, note_by, tells)
        shown[key] = overlaid(overlay, fields)
        held[key] = stacked(held.get(key), overlay)
    for key, fields in shown.items():
        row = rows[key]
        customer = encode_customer(fields.note, fields.user_fields, fields.note_by)
        after = row._replace(place=(*row.place[:6], int(fields.workflow)), customer=digest_of(customer))
        if after != row:
            written[key] = after, stored_customer_fields(row.place[6], customers[row.body])
            changes.update(key, row, after)
            if after.customer != row.customer:
                changes.rewrite_customer(row.body, customer)
    overlays.put(connection, {key: held[key] for key in shown})
    return written


def unconfirmed(database: Database, dimensions: Dimensions, now: int) -> list[FindingRef]:
    """Return the findings with a write that no read has shown, and whose time is over."""
    rows = database.rows(
        "SELECT overlay.key, body.provider FROM overlay CROSS JOIN finding ON finding.key = overlay.key"
        " CROSS JOIN body ON body.id = finding.body WHERE written < ?",
        (now - SETTLING,),
    )
    return [dimensions.reference(key, decode_provider(blob)) for key, blob in rows]


def unseen(database: Database) -> dict[bytes, int]:
    """Return when each write was made that no read has shown."""
    return dict(database.rows("SELECT key, written FROM overlay"))


def _customer_blobs(connection: sqlite3.Connection, bodies: Sequence[int]) -> dict[int, bytes | None]:
    blobs: dict[int, bytes | None] = {}
    for body in bodies:
        blobs.update(connection.execute("SELECT id, customer FROM body WHERE id = ?", (body,)))
    return blobs

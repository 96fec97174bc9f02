"""What waits for outputs: one list of events a hub, and for each output how far it has come in it.

Events are put in the transaction that makes them true, and go when every output has passed them. Numbers
never come again, also when nothing is left.
"""

import sqlite3
import zlib
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from posture.domain.outbox import (
    ChangeKind,
    EventKind,
    OutboxEvent,
    Outlet,
    StatedChange,
    WaitingEvents,
    event_id,
)
from posture.store.sqlite.database import Database
from posture.store.sqlite.dimensions import Dimensions

_FASTEST = 1
_AT_ONCE = 10_000
_KINDS, _CHANGES = tuple(EventKind), tuple(ChangeKind)

_PUT = "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_AFTER = (
    "SELECT id, event, kind, change, at, chk, account, audience, first, fields, body FROM outbox"
    " WHERE id > ? ORDER BY id LIMIT ?"
)
_PASSED = "DELETE FROM outbox WHERE id <= coalesce((SELECT min(reached) FROM outlet), ?)"


class NewEvent(NamedTuple):
    """An event that is to be put. `body`: packed; `digest`: of what is packed in it."""

    kind: EventKind
    change: ChangeKind
    subject: bytes
    at: int
    digest: bytes
    body: bytes
    place: tuple[int, int] | None = None
    """The numbers of its check and account."""
    audience: str = ""
    fields: tuple[str, ...] = ()
    first: bool = False


def packed(text: bytes) -> bytes:
    """Return a body as it is stored."""
    return zlib.compress(text, _FASTEST)


def decompressed(blob: bytes) -> bytes:
    """Return what `packed` was given."""
    return zlib.decompress(blob)


def digest_of_whole(text: bytes) -> bytes:
    """Return the 16 bytes by which it is known whether a body is another one."""
    return blake2b(text, digest_size=16).digest()


class SqliteOutbox:
    """The outbox of one store. `hub`: whose it is, in every replica."""

    def __init__(self, database: Database, dimensions: Dimensions, hub: str) -> None:
        self.outlets: frozenset[Outlet] = frozenset()
        self.announced: frozenset[str] = frozenset()
        """The products that have been read once: what is found of them from now on is new."""
        self._database = database
        self._dimensions = dimensions
        self._hub = hub
        self._last = self._stored = int(
            database.rows(
                "SELECT max(coalesce((SELECT max(id) FROM outbox), 0),"
                " coalesce((SELECT max(reached) FROM outlet), 0))"
            )[0][0]
        )

    def wants(self, kind: EventKind) -> bool:
        """Whether any output is told of such things."""
        return any(kind in each.kinds for each in self.outlets)

    @property
    def backfills(self) -> bool:
        """Whether any output is told of the findings of a first sweep."""
        return any(each.backfill and EventKind.FINDING in each.kinds for each in self.outlets)

    def follow(self, outlets: Collection[Outlet], announced: Collection[str]) -> int:
        """Serve these outputs from now on, and no others; return how many events waited for others.

        One that is new is told of what happens from now on.
        """
        known = dict(self._database.rows("SELECT name, reached FROM outlet"))
        names = {each.name for each in outlets}
        lost: int = sum(self._last - reached for name, reached in known.items() if name not in names)
        wants_findings = any(EventKind.FINDING in each.kinds for each in outlets)
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM outlet WHERE name = ?", [(name,) for name in known.keys() - names]
            )
            connection.executemany(
                "INSERT INTO outlet VALUES (?, ?)", [(name, self._last) for name in names - known.keys()]
            )
            connection.execute(_PASSED, (self._last,))
            if not wants_findings:
                connection.execute("DELETE FROM whole")
        self.outlets, self.announced = frozenset(outlets), frozenset(announced)
        return lost

    def put(self, connection: sqlite3.Connection, events: Iterable[NewEvent], written: int) -> None:
        """Put events, in the caller's transaction. `written`: when that is (µs by AWS's clock)."""
        rows = []
        for each in events:
            self._last += 1
            change = each.change
            if each.kind is not EventKind.FINDING and change is ChangeKind.CHANGED:
                change = ChangeKind.NEW
            identity = event_id(self._hub, each.kind, each.subject, change, each.at, each.digest)
            check, account = each.place or (None, None)
            rows.append(
                (
                    self._last,
                    identity,
                    +each.kind,
                    +each.change,
                    each.at,
                    written,
                    check,
                    account,
                    each.audience,
                    int(each.first),
                    ",".join(each.fields),
                    each.body,
                )
            )
        connection.executemany(_PUT, rows)

    def state(self, statements: Sequence[StatedChange], now: int) -> int:
        """Tell what was not told so before, as far as any output is told of such; return how many that were.

        Its id does not depend on what was told before: a store that begins anew repeats the event.
        """
        events = []
        with self._database.transaction() as connection:
            for each in statements:
                if self.wants(each.kind) and (change := _told_anew(connection, each)) is not None:
                    digest, subject = digest_of_whole(each.body), each.subject.encode()
                    told = NewEvent(each.kind, change, subject, each.at, digest, packed(each.body))
                    events.append(told._replace(audience=each.audience))
            self.put(connection, events, now)
        self.committed()
        return len(events)

    def told(self, prefix: str) -> list[str]:
        """Return the subjects that begin so and were told to exist."""
        rows = self._database.rows(
            "SELECT subject FROM told WHERE substr(subject, 1, ?) = ? ORDER BY subject", (len(prefix), prefix)
        )
        return [subject for (subject,) in rows]

    def first(self, outlet: str, size: int) -> list[OutboxEvent]:
        """Return the first events that an output has not passed, whatever they are of: so many bytes of them.

        The last of them may make it more; one is there where any waits.
        """
        events, length = [], 0
        for row in self._database.each(_AFTER, (self._reached(outlet), _AT_ONCE)):
            events.append(self._event(row))
            length += len(events[-1].body)
            if length >= size:
                break
        return events

    def settle(self, outlet: str, number: int) -> None:
        """Note that an output has passed all events up to this number."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE outlet SET reached = ? WHERE name = ? AND reached < ?", (number, outlet, number)
            )
            connection.execute(_PASSED, (0,))

    def drop(self, outlet: str, *, most: int, written_before: int) -> int:
        """Pass over the oldest events of an output that are too many, or too old; return how many."""
        reached = self._reached(outlet)
        ((aged,),) = self._database.rows(
            "SELECT coalesce(max(id), 0) FROM (SELECT id, written FROM outbox WHERE id > ? ORDER BY id"
            " LIMIT ?) WHERE written < ?",
            (reached, _AT_ONCE, written_before),
        )
        passed = max(aged, self._last - most)
        if passed <= reached:
            return 0
        ((dropped,),) = self._database.rows(
            f"SELECT count(*) FROM outbox WHERE id > ? AND id <= ? AND {self._theirs(outlet)}",  # noqa: S608 - of numbers
            (reached, passed),
        )
        self.settle(outlet, passed)
        return int(dropped)

    def waiting(self, outlet: str) -> WaitingEvents:
        """Return what waits for an output: the few that are not for it are counted until it has passed."""
        reached = self._reached(outlet)
        rows = self._database.rows("SELECT written FROM outbox WHERE id > ? ORDER BY id LIMIT 1", (reached,))
        return WaitingEvents(self._last - reached, rows[0][0]) if rows else WaitingEvents(0, None)

    def committed(self) -> None:
        """Note that what was put is kept."""
        self._stored = self._last

    def discard_unstored(self) -> None:
        """Forget what a transaction that was rolled back had put."""
        self._last = self._stored

    def _reached(self, outlet: str) -> int:
        rows = self._database.rows("SELECT reached FROM outlet WHERE name = ?", (outlet,))
        return int(rows[0][0]) if rows else self._last

    def _theirs(self, outlet: str) -> str:
        """Return the condition for what an output is told of."""
        found = next((each for each in self.outlets if each.name == outlet), None)
        if found is None:
            return "0"
        kinds = f"kind IN ({','.join(str(+kind) for kind in found.kinds)})"
        return kinds if found.backfill else f"{kinds} AND first = 0"

    def _event(self, row: tuple[Any, ...]) -> OutboxEvent:
        number, event, kind, change, at, check, account, audience, first, fields, body = row
        dimensions = self._dimensions
        return OutboxEvent(
            number,
            event.hex(),
            _KINDS[kind],
            _CHANGES[change],
            at,
            decompressed(body),
            tuple(fields.split(",")) if fields else (),
            "" if account is None else dimensions.accounts.values[account],
            None if check is None else dimensions.checks.values[check],
            audience,
            bool(first),
        )


def _told_anew(connection: sqlite3.Connection, statement: StatedChange) -> ChangeKind | None:
    """Note what is told; return what has changed by it, None where nothing has."""
    subject = (statement.subject,)
    found = connection.execute("SELECT digest FROM told WHERE subject = ?", subject).fetchone()
    if statement.gone:
        connection.execute("DELETE FROM told WHERE subject = ?", subject)
        return None if found is None else ChangeKind.GONE
    digest = digest_of_whole(statement.body)
    if found == (digest,):
        return None
    connection.execute("REPLACE INTO told VALUES (?, ?)", (*subject, digest))
    return ChangeKind.NEW if found is None else ChangeKind.CHANGED

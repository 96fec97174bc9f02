"""Findings in SQLite: keys in one narrow table with the indexes, JSON bodies in another, on disk.

The order of pages is (UpdatedAt, seq). Findings that agree in product, record state, workflow and compliance
share a *class*; an index by class makes every filter on those four a merge of index ranges.
"""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from sandbox.securityhub.asff import Keys, encode, keys_of

_TABLES = """
CREATE TABLE findings (
    seq INTEGER PRIMARY KEY, id TEXT, product_arn TEXT, account TEXT, region TEXT, updated INTEGER NOT NULL,
    class INTEGER NOT NULL, severity TEXT, generator TEXT, control TEXT,
    noted INTEGER);
CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""
_INDEXES = {
    "by_id": "(id)",
    "by_updated": "(updated)",
    "by_class": "(class, updated)",
    "by_account": "(account, updated)",
    "by_noted": "(updated) WHERE noted IS NOT NULL",
}
_BATCH = 2000
_CHUNK = 500


class FindingClass(NamedTuple):
    """What the findings of one class have in common."""

    product_name: str | None
    provider: str | None
    record: str | None
    workflow: str | None
    compliance: str | None


class Store:
    """All findings of all accounts and Regions.

    `directory`: where the database file goes; a temporary one, removed at the end, where it is None.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="securityhub-")
        folder = directory or Path(self._temporary.name if self._temporary else ".")
        self.path = folder / "findings.sqlite"
        self.path.unlink(missing_ok=True)
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        # A throwaway database: nothing has to survive a crash.
        self.connection.executescript(
            "PRAGMA page_size=8192; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-131072; PRAGMA temp_store=FILE;"
        )
        self.classes: dict[int, FindingClass] = {}
        self.class_counts: Counter[int] = Counter()
        self.account_counts: Counter[str | None] = Counter()
        self._class_numbers: dict[FindingClass, int] = {}
        self._next_seq = 1
        self._create()

    def _create(self) -> None:
        self.connection.executescript(_TABLES)
        self._create_indexes()

    def _create_indexes(self) -> None:
        for name, columns in _INDEXES.items():
            self.connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON findings {columns}")

    def close(self) -> None:
        """Close the database and remove a temporary one."""
        self.connection.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def clear(self) -> None:
        """Forget every finding."""
        self.connection.executescript("DROP TABLE findings; DROP TABLE bodies;")
        self.classes.clear()
        self.class_counts.clear()
        self.account_counts.clear()
        self._class_numbers.clear()
        self._create()

    def __len__(self) -> int:
        return self.class_counts.total()

    def load(self, bodies: Iterable[bytes]) -> Iterator[int]:
        """Add findings that are not there yet; yields the number so far after each batch."""
        batch: list[tuple[Keys, bytes]] = []
        count = 0
        for body in bodies:
            batch.append((keys_of(body), body))
            if len(batch) == _BATCH:
                count += self._insert(batch)
                batch.clear()
                yield count
        yield count + self._insert(batch)

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Build the indexes after what is loaded in this block: several times faster into an empty store.

        Nothing can be found before the block ends.
        """
        if len(self):
            yield
            return
        for name in _INDEXES:
            self.connection.execute(f"DROP INDEX IF EXISTS {name}")
        try:
            yield
        finally:
            self._create_indexes()

    def _insert(self, batch: Sequence[tuple[Keys, bytes]]) -> int:
        first = self._next_seq
        self._next_seq += len(batch)
        rows = [self._row(seq, keys) for seq, (keys, _) in enumerate(batch, first)]
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO findings VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)
        self.connection.executemany(
            "INSERT INTO bodies VALUES (?,?)", [(seq, body) for seq, (_, body) in enumerate(batch, first)]
        )
        self.connection.execute("COMMIT")
        return len(batch)

    def _row(self, seq: int, keys: Keys) -> tuple[int | str | None, ...]:
        number = self._class_number(keys)
        self.class_counts[number] += 1
        self.account_counts[keys.account] += 1
        return (
            *(seq, keys.id, keys.product_arn, keys.account, keys.region, keys.updated, number),
            *(keys.severity, keys.generator, keys.control, keys.noted),
        )

    def _class_number(self, keys: Keys) -> int:
        shared = FindingClass(keys.product_name, keys.provider, keys.record, keys.workflow, keys.compliance)
        number = self._class_numbers.get(shared)
        if number is None:
            number = len(self._class_numbers) + 1
            self._class_numbers[shared] = number
            self.classes[number] = shared
        return number

    def add(self, body: bytes, keys: Keys | None = None) -> int:
        """Add one finding and return its seq. `keys`: by which it is found, where not by what it says."""
        self._insert([(keys or keys_of(body), body)])
        return self._next_seq - 1

    def replace(self, seq: int, body: bytes, keys: Keys | None = None) -> None:
        """Put another body in a finding's place; its seq stays."""
        self._forget(seq)
        row = self._row(seq, keys or keys_of(body))
        self.connection.execute("INSERT INTO findings VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
        self.connection.execute("UPDATE bodies SET body = ? WHERE seq = ?", (body, seq))

    def delete(self, seq: int) -> None:
        """Remove one finding."""
        self._forget(seq)
        self.connection.execute("DELETE FROM bodies WHERE seq = ?", (seq,))

    def _forget(self, seq: int) -> None:
        found = self.connection.execute(
            "SELECT class, account FROM findings WHERE seq = ?", (seq,)
        ).fetchone()
        if found is None:
            raise KeyError(seq)
        self.class_counts[found[0]] -= 1
        self.account_counts[found[1]] -= 1
        if not self.account_counts[found[1]]:
            del self.account_counts[found[1]]
        self.connection.execute("DELETE FROM findings WHERE seq = ?", (seq,))

    def find(
        self, finding_id: str, product_arn: str | None = None
    ) -> list[tuple[int, str | None, str | None]]:
        """Return (seq, account, Region) of the findings with this Id, and ProductArn where one is given."""
        sql = "SELECT seq, account, region FROM findings WHERE id = ?"
        if product_arn is None:
            return self.connection.execute(sql, (finding_id,)).fetchall()
        return self.connection.execute(f"{sql} AND product_arn = ?", (finding_id, product_arn)).fetchall()

    def place(self, seq: int) -> tuple[str | None, str | None]:
        """Return a finding's account and Region."""
        sql = "SELECT account, region FROM findings WHERE seq = ?"
        account, region = self.connection.execute(sql, (seq,)).fetchone()
        return account, region

    def body(self, seq: int) -> bytes:
        """Return one finding's JSON."""
        found = self.connection.execute("SELECT body FROM bodies WHERE seq = ?", (seq,)).fetchone()
        if found is None:
            raise KeyError(seq)
        return bytes(found[0])

    def bodies(self, seqs: Sequence[int]) -> dict[int, bytes]:
        """Return the JSON of several findings, by seq."""
        sql = "SELECT seq, body FROM bodies WHERE seq IN (SELECT value FROM json_each(?))"
        return dict(self.connection.execute(sql, (encode(seqs),)))

    def all_bodies(self) -> Iterator[tuple[int, bytes]]:
        """Yield (seq, JSON) of every finding, in the order of arrival; findings may change meanwhile."""
        last = 0
        while rows := self.connection.execute(
            "SELECT seq, body FROM bodies WHERE seq > ? ORDER BY seq LIMIT ?", (last, _CHUNK)
        ).fetchall():
            yield from rows
            last = rows[-1][0]

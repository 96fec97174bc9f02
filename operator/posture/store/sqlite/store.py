"""What is known of one hub's findings, in one SQLite file. All SQL of the operator is in this package."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from posture.domain.findings import Check, Rejection
from posture.domain.outbox import EventKind
from posture.store.errors import Stop
from posture.store.records import (
    CellKey,
    CustomerWrite,
    FindingRef,
    Members,
    Read,
    Summary,
    Written,
    key_of,
    newest_copies,
)
from posture.store.sqlite import kept, members, overlays, removing
from posture.store.sqlite import rejections as unreadable
from posture.store.sqlite.changes import Changes
from posture.store.sqlite.database import Database, quarantine
from posture.store.sqlite.dimensions import Dimensions
from posture.store.sqlite.files import mark_clean, open_fitting
from posture.store.sqlite.kept import KeptBeside
from posture.store.sqlite.members import summarize
from posture.store.sqlite.outbox import SqliteOutbox
from posture.store.sqlite.reading import FindingReader
from posture.store.sqlite.rejections import Rejections
from posture.store.sqlite.telling import Telling
from posture.store.sqlite.writing import CopyWriting


class Store(FindingReader, KeptBeside):
    """An open store. One thread at a time; every method may raise `StoreUnavailable` or `StoreLost`.

    Times are integer microseconds since the epoch by AWS's clock. Iterators read page by page: the store may
    be written to while they run, and rows that move meanwhile are met once, twice or not at all.
    """

    def __init__(self, database: Database, dimensions: Dimensions, stop: Stop) -> None:
        super().__init__(database, dimensions)
        self._stop = stop
        self._overlays = overlays.Overlays(database)
        self._rejections = Rejections(database)
        self._removals = removing.Removals()
        self.outbox = SqliteOutbox(database, dimensions, _owner(database))
        """What waits for outputs."""
        self._count = members.count(database, dimensions, Members.ALL, None, None)
        self._last_body: int = database.rows("SELECT coalesce(max(id), 0) FROM body")[0][0]
        database.on_rollback = self._rolled_back

    @staticmethod
    def open(path: Path, *, owner: str, stop: Stop | None = None) -> "OpenedFile":
        """Open or create the store at `path`; `owner` is the hub it belongs to.

        A file that is damaged, of another version, or not this hub's, is quarantined and replaced by an empty
        one. Raises `StoreUnavailable`, also while another process has it open. `stop` ends the opening, and
        later whatever reads, or removes very many rows: that raises `StoreUnavailable`. What writes still
        does.
        """
        stop = stop or Stop()
        return OpenedFile(*open_fitting(path, owner, stop, partial(Store, stop=stop)))

    def close(self) -> None:
        """Close the file, marked as sound. Closing again, or after `StoreLost`, does nothing."""
        if self._database.closed:
            return
        try:
            mark_clean(self._database)
        finally:
            self._database.close()

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to a file that is not there, in steps between which others may go first."""
        self._database.copy_to(path, self._stop.between)

    def discard(self) -> None:
        """Close the file and quarantine it: what is in it must not be believed. Raises StoreUnavailable."""
        path = self._database.path
        self.close()
        quarantine(path)

    def write(
        self,
        reads: Sequence[Read],
        *,
        cursor: int | None = None,
        state: Mapping[str, str | None] | None = None,
        vague: int = 0,
    ) -> Written:
        """Store findings and state in one transaction.

        `cursor` comes with the pages of a sweep: it says up to where the changes have been read, and rows
        that had to be corrected although the copy's `updated_at` is before it are counted by reason. `state`:
        as in `put_state`. `vague`: by how much (µs) the copies may be newer than their `asked_at` says.
        """
        changes = self._changes()
        telling = Telling(self.outbox, reads)
        asked = self._removals.asked
        writing = CopyWriting(self._dimensions, self._overlays, changes, asked, cursor, telling, vague)
        copies, latest = newest_copies(reads), max((read.asked_at for read in reads), default=0)
        with self._database.transaction() as connection:
            writing.take(connection, copies)
            self._dimensions.save(connection)
            changes.apply(connection)
            telling.apply(connection, latest)
            said = unreadable.note_unreadable(connection, copies.newest, reads)
            self._rejections.decoded(connection, copies.newest)
            kept.put_state(connection, state or {})
        self._committed(changes.added)
        self._removals.settle(latest)
        return Written(
            changes.changed,
            changes.cells,
            writing.corrections,
            writing.renamed,
            writing.news,
            said,
            changes.archived,
            doubtful=writing.doubtful,
        )

    def remove(
        self, keys: Collection[bytes], *, asked_at: int, state: Mapping[str, str | None] | None = None
    ) -> Written:
        """Remove findings that a request by Id, started at `asked_at`, did not return.

        A row that a later request has returned stays. Answers to earlier requests no longer bring them back.
        """
        return self.remove_all([(asked_at, keys)], state=state)

    def remove_all(
        self, gone: Iterable[tuple[int, Collection[bytes]]], *, state: Mapping[str, str | None] | None = None
    ) -> Written:
        """Remove findings as `remove` does, by the start of the request that did not return them.

        All of them in one transaction: findings that are gone together are counted together. It ends when it
        is stopped, and then none of them is removed.
        """
        changed, added, cells, archived = 0, 0, set[CellKey](), set[CellKey]()
        removed: list[tuple[list[bytes], int]] = []
        with self._database.transaction() as connection:
            for asked_at, keys in gone:
                self._stop.between()
                going = removing.gone_of(connection, keys, asked_at)
                changes = self._remove(connection, going, told_at=asked_at)
                removed.append(([each[0] for each in going], asked_at))
                changed += changes.changed
                added += changes.added
                cells |= changes.cells
                archived |= changes.archived
            kept.put_state(connection, state or {})
        self._committed(added)
        for keys, asked_at in removed:
            self._removals.note(keys, asked_at)
        return Written(changed, cells, {}, archived=archived)

    def purge_products(self, wanted: Collection[str]) -> Written:
        """Remove the findings of all other products, in several transactions; call again after a failure.

        In one call, so that nobody meets those that are not removed yet.
        """
        return self._remove_chunks(
            removing.chunks_of_other_products(self._database, self._dimensions, wanted)
        )

    def forget_archived(self, asked_before: int) -> Written:
        """Remove archived findings that no request since has returned."""
        chunks = removing.chunks_of_archived(self._database, asked_before)
        return self._remove_chunks(chunks, told_at=asked_before)

    def record_writes(self, writes: Sequence[CustomerWrite], *, written_at: int) -> Written:
        """Show at once what BatchUpdateFindings accepted, and hold it against reads that do not show it yet.

        `written_at`: when that request started. Held until a read shows it, `domain.order.SETTLING` at most.
        """
        changes = self._changes()
        with self._database.transaction() as connection:
            written = overlays.record(connection, writes, written_at, self._overlays, changes)
            changes.apply(connection)
            self._tell_writes(connection, written, written_at)
        self._committed(changes.added)
        return Written(changes.changed, changes.cells, {}, archived=changes.archived)

    def unconfirmed(self, now: int) -> list[FindingRef]:
        """Return findings whose write no read has shown in time: read them by Id to know what they are."""
        return overlays.unconfirmed(self._database, self._dimensions, now)

    def unread(
        self, which: Members, asked_before: int, *, products: Collection[str] | None = None
    ) -> Iterator[FindingRef]:
        """Yield the members that no request since `asked_before` has returned.

        After a complete sweep that began then: what may be gone. After a re-list: what has left the set.
        """
        return members.unread(self._database, self._dimensions, which, asked_before, products)

    def count(
        self,
        which: Members = Members.ALL,
        *,
        asked_before: int | None = None,
        products: Collection[str] | None = None,
    ) -> int:
        """Count the members of a set; only those not returned since `asked_before`, when that is given.

        How many there are of all is known, nothing is read for it.
        """
        if which is Members.ALL and asked_before is None and products is None:
            self._database.check()
            return self._count
        return members.count(self._database, self._dimensions, which, asked_before, products)

    def unseen_writes(self) -> dict[bytes, int]:
        """Return the findings with a write of ours that no read has shown yet, and when it was written."""
        return overlays.unseen(self._database)

    def places(self) -> tuple[list[str], list[str]]:
        """Return every account id and every Region that a finding has ever been of."""
        return list(self._dimensions.accounts.values), list(self._dimensions.regions.values)

    def checks(self) -> list[Check]:
        """Return every check that a finding has ever been of."""
        return list(self._dimensions.checks.values)

    def account_names(self) -> dict[str, str]:
        """Return the name of each account, by its id; accounts without a name are left out."""
        accounts = self._dimensions.accounts.values
        return {accounts[number]: name for number, (name, _) in self._dimensions.names.current.items()}

    def summary(self) -> Summary:
        """Return how much is stored."""
        return summarize(self._database, self._dimensions)

    def reject(self, rejections: Sequence[Rejection], *, asked_at: int) -> list[Rejection]:
        """Remember findings that could not be decoded, until they can; return those that were not known."""
        return self._rejections.add(rejections, asked_at)

    def rejected(self, limit: int = 20) -> list[Rejection]:
        """Return rejected findings, the latest first."""
        return self._rejections.first(limit)

    def count_rejected(self) -> int:
        """Return how many findings are rejected."""
        return len(self._rejections)

    def forget_rejected(self, asked_before: int) -> None:
        """Forget rejections that no request since has met, as after a complete sweep that began then."""
        self._rejections.forget(asked_before)

    def unreadable(self, limit: int = 20) -> list[Rejection]:
        """Return findings that are stored with a default for what was odd."""
        return unreadable.some_unreadable(self._database, limit)

    def count_unreadable(self) -> int:
        """Return how many findings are stored with a default for what was odd."""
        return unreadable.count_unreadable(self._database)

    def _tell_writes(self, connection: sqlite3.Connection, written: overlays.WrittenRows, at: int) -> None:
        """Tell outputs what our own writes have done about exceptions."""
        if not written or not self.outbox.wants(EventKind.EXCEPTION):
            return
        telling = Telling(self.outbox)
        for finding in self.read_findings(written.keys()):
            key = key_of(finding.product_arn, finding.id)
            row, before = written[key]
            telling.wrote(key, finding, row, before.user_fields, at)
        telling.apply(connection, at)

    def _remove(
        self, connection: sqlite3.Connection, going: Sequence[removing.Doomed], *, told_at: int | None
    ) -> Changes:
        """Remove rows; outputs are told that they are gone, as of `told_at`, where that is given."""
        if told_at is not None:
            telling = Telling(self.outbox)
            places = [(key, (place[1], place[2]), body) for key, place, body, _ in going]
            telling.gone(connection, places, told_at, self.read_findings)
            telling.apply(connection, told_at)
        changes = self._changes()
        for key, place, body, annotated in going:
            changes.remove(key, place, body, annotated=annotated)
        changes.apply(connection)
        return changes

    def _remove_chunks(
        self, chunks: Iterator[list[removing.Doomed]], *, told_at: int | None = None
    ) -> Written:
        changed, cells, archived = 0, set[CellKey](), set[CellKey]()
        for chunk in chunks:
            self._stop.between()
            with self._database.transaction() as connection:
                changes = self._remove(connection, chunk, told_at=told_at)
            self._committed(changes.added)
            changed += changes.changed
            cells |= changes.cells
            archived |= changes.archived
        return Written(changed, cells, {}, archived=archived)

    def _changes(self) -> Changes:
        return Changes(self._new_body)

    def _new_body(self) -> int:
        self._last_body += 1
        return self._last_body

    def _committed(self, added: int) -> None:
        self._count += added
        for part in (self._dimensions, self._overlays, self._rejections, self.outbox):
            part.committed()

    def _rolled_back(self) -> None:
        for part in (self._dimensions, self._overlays, self._rejections, self.outbox):
            part.discard_unstored()


def _owner(database: Database) -> str:
    """Return whose store it is."""
    return str(database.rows("SELECT value FROM meta WHERE key = 'owner'")[0][0])


class OpenedFile(NamedTuple):
    """A store, and why the file that was there could not be used, if there was one."""

    store: Store
    quarantined: str | None

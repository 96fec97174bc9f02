"""What one transaction tells outputs of findings: those that are new, have changed, or are gone.

A finding is kept whole beside its row where an output wants it, packed: what has changed in it is told by
that, and what is gone is told as it was last known. Where it is not known whole, as after an output was
added, its row has to do until it is read again.
"""
# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from posture.domain.exceptions.marks import Mark, UserFields, read_mark
from posture.domain.findings import Compliance, Finding
from posture.domain.outbox import CUSTOMERS, ChangeKind, EventKind, changed_fields
from posture.domain.time import text_of
from posture.store.records import Read, key_of
from posture.store.sqlite.changes import StoredRow, key_batches, placeholders
from posture.store.sqlite.encoding import decode_customer
from posture.store.sqlite.outbox import NewEvent, SqliteOutbox, decompressed, digest_of_whole, packed

Described = Callable[[Collection[bytes]], Iterable[Finding]]
"""Reads findings by their keys, as they are stored."""

_fields = msgspec.json.Decoder(dict[str, object]).decode


class Telling:
    """Gathers what is told of findings in one transaction. `rows`: reads them as they are stored."""

    def __init__(self, outbox: SqliteOutbox, reads: Sequence[Read] = ()) -> None:
        self._outbox = outbox
        self._findings = outbox.wants(EventKind.FINDING)
        self._exceptions = outbox.wants(EventKind.EXCEPTION)
        self._wholes = {read.asked_at: read.wholes for read in reads if read.wholes}
        self._digests: dict[int, bytes] = {}
        self._kept: list[tuple[int, bytes, bytes]] = []
        self._told: list[NewEvent] = []

    def begin(self, connection: sqlite3.Connection, rows: Mapping[bytes, StoredRow]) -> None:
        """Learn which of the stored findings are known whole."""
        if not self._findings:
            return
        for batch in key_batches(row.body for row in rows.values()):
            found = connection.execute(
                f"SELECT id, digest FROM whole WHERE id IN ({placeholders(batch)})", batch
            )
            self._digests.update(found)

    def inserted(self, key: bytes, finding: Finding, asked_at: int, row: StoredRow) -> None:
        """Tell of a finding that was not stored. `row`: as it is stored now."""
        if self._findings:
            whole = self._whole(key, finding, asked_at)
            digest, body = self._keep(row.body, whole)
            self._tell(
                ChangeKind.NEW, key, row, finding.updated_at, digest, body, first=not self._known(finding)
            )
        if self._exceptions and self._known(finding):
            self._tell_mark(key, finding, row, None, read_mark(finding.user_fields), asked_at)

    def compared(
        self,
        connection: sqlite3.Connection,
        key: bytes,
        finding: Finding,
        asked_at: int,
        rows: tuple[StoredRow, StoredRow],
        *,
        held: bool,
    ) -> None:
        """Tell what a copy that counts changes. `rows`: before and after it.

        `held`: it may show the customer's fields as they were before a write of ours, which is not told.
        """
        before, after = rows
        if self._exceptions and before.customer != after.customer:
            marks = self._mark_before(connection, before.body), read_mark(finding.user_fields)
            self._tell_mark(key, finding, after, *marks, asked_at)
        if not self._findings:
            return
        at = finding.updated_at if after.updated > before.updated else asked_at
        differs = (before.place, before.provider, before.customer) != (
            after.place,
            after.provider,
            after.customer,
        )
        whole = self._wholes.get(asked_at, {}).get(key)
        known = self._digests.get(before.body)
        if whole is None or known is None:
            if whole is None and not differs:
                return
            body = self._whole(key, finding, asked_at) if whole is None else whole
            digest, blob = self._keep(before.body, body)
            if differs:
                self._tell(ChangeKind.CHANGED, key, after, at, digest, blob, first=not self._known(finding))
            elif self._outbox.backfills:
                self._tell(ChangeKind.NEW, key, after, finding.updated_at, digest, blob, first=True)
            return
        if digest_of_whole(whole) == known:
            return
        ((kept,),) = connection.execute("SELECT body FROM whole WHERE id = ?", (before.body,))
        earlier = decompressed(kept)
        besides = CUSTOMERS if held else ()
        fields = changed_fields(_fields(earlier), _fields(whole), besides=besides)
        if held and not fields:
            return
        digest, blob = self._keep(before.body, whole)
        if fields:
            first = not self._known(finding)
            self._tell(ChangeKind.CHANGED, key, after, at, digest, blob, fields, first=first)

    def gone(
        self,
        connection: sqlite3.Connection,
        going: Sequence[tuple[bytes, tuple[int, int], int]],
        at: int,
        described: Described,
    ) -> None:
        """Tell of findings that are about to be removed: key, numbers of check and account, body of each."""
        if not self._findings:
            return
        wholes: dict[int, tuple[bytes, bytes]] = {}
        for batch in key_batches(body for _, _, body in going):
            found = connection.execute(
                f"SELECT id, digest, body FROM whole WHERE id IN ({placeholders(batch)})", batch
            )
            wholes.update({body: (digest, blob) for body, digest, blob in found})
        unknown = [key for key, _, body in going if body not in wholes]
        rest = {key_of(each.product_arn, each.id): described_whole(each) for each in described(unknown)}
        for key, place, body in going:
            digest, blob = wholes.get(body) or (digest_of_whole(rest[key]), packed(rest[key]))
            self._told.append(NewEvent(EventKind.FINDING, ChangeKind.GONE, key, at, digest, blob, place))

    def wrote(self, key: bytes, finding: Finding, row: StoredRow, before: UserFields, at: int) -> None:
        """Tell what a write of ours has done about an exception; `finding`: as it is since."""
        if self._exceptions:
            self._tell_mark(key, finding, row, read_mark(before), read_mark(finding.user_fields), at)

    def apply(self, connection: sqlite3.Connection, written: int) -> None:
        """Store all of it, in the caller's transaction."""
        if self._kept:
            connection.executemany("REPLACE INTO whole VALUES (?, ?, ?)", self._kept)
        if self._told:
            self._outbox.put(connection, self._told, written)

    def _known(self, finding: Finding) -> bool:
        """Whether all findings of its product had been read before."""
        return finding.check.product in self._outbox.announced

    def _whole(self, key: bytes, finding: Finding, asked_at: int) -> bytes:
        return self._wholes.get(asked_at, {}).get(key) or described_whole(finding)

    def _keep(self, body: int, whole: bytes) -> tuple[bytes, bytes]:
        digest, blob = digest_of_whole(whole), packed(whole)
        self._kept.append((body, digest, blob))
        return digest, blob

    def _tell(
        self,
        change: ChangeKind,
        key: bytes,
        row: StoredRow,
        at: int,
        digest: bytes,
        body: bytes,
        fields: tuple[str, ...] = (),
        *,
        first: bool,
    ) -> None:
        if first and not self._outbox.backfills:
            return
        place = row.place[1], row.place[2]
        told = NewEvent(EventKind.FINDING, change, key, at, digest, body, place, fields=fields, first=first)
        self._told.append(told)

    def _tell_mark(
        self,
        key: bytes,
        finding: Finding,
        row: StoredRow,
        before: Mark | None,
        after: Mark | None,
        at: int,
    ) -> None:
        mark = after or before
        if mark is None or (before and before.policy) == (after and after.policy):
            return
        change = (
            ChangeKind.NEW if before is None else ChangeKind.GONE if after is None else ChangeKind.CHANGED
        )
        body = msgspec.json.encode(
            {
                "exception": "Finding",
                "state": "Ended" if after is None else "Suppressed",
                "policy": mark.policy,
                "owner": mark.owner,
                "findingId": finding.id,
                "productArn": finding.product_arn,
                "control": finding.check.control,
                "accountId": finding.account_id,
                "region": finding.region,
                "workflow": finding.workflow.name,
                "note": finding.note,
            }
        )
        place = row.place[1], row.place[2]
        digest = digest_of_whole(body)
        self._told.append(NewEvent(EventKind.EXCEPTION, change, key, at, digest, packed(body), place))

    def _mark_before(self, connection: sqlite3.Connection, body: int) -> Mark | None:
        ((customer,),) = connection.execute("SELECT customer FROM body WHERE id = ?", (body,))
        return read_mark(decode_customer(customer)[1])


def described_whole(finding: Finding) -> bytes:
    """Return what is known of a finding of which no more is: in the shape of ASFF, as JSON."""
    check = finding.check
    compliance = {
        "Status": finding.compliance.name,
        "SecurityControlId": check.control,
        "AssociatedStandards": [{"StandardsId": f"standards/{each}"} for each in check.standards],
    }
    told = {
        "SchemaVersion": "2018-10-08",
        "Id": finding.id,
        "ProductArn": finding.product_arn,
        "AwsAccountId": finding.account_id,
        "Region": finding.region,
        "Title": finding.title,
        "CreatedAt": text_of(finding.created_at),
        "UpdatedAt": text_of(finding.updated_at),
        "Severity": {"Label": finding.severity.name},
        "RecordState": finding.record_state.name,
        "Workflow": {"Status": finding.workflow.name},
        "Resources": [
            {"Type": each.type, "Id": each.id, "Tags": dict(each.tags)} for each in finding.resources
        ],
    }
    if finding.compliance is not Compliance.NONE:
        told["Compliance"] = compliance
    return msgspec.json.encode(told)

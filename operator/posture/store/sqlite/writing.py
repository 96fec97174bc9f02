"""What was read from Security Hub, brought into the rows: order of copies, overlays, corrections."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from posture.domain.consistency import (
    CopyVerdict,
    CustomerFields,
    Overlay,
    judge_copy,
    outlives_removal,
    overlaid,
    supersedes,
)
from posture.domain.failing import Standing, after_copy
from posture.domain.findings import Compliance, FailingSince, Finding, RecordState
from posture.store.records import Copies, Copy, FindingRef
from posture.store.sqlite.changes import Changes, StoredRow, stored_rows
from posture.store.sqlite.dimensions import Dimensions
from posture.store.sqlite.encoding import digest, digest_of, encode_customer, encode_provider
from posture.store.sqlite.overlays import Overlays
from posture.store.sqlite.telling import Telling

_COMPLIANCES = tuple(Compliance)


class CopyWriting:
    """Decides for each copy what it changes, within one transaction.

    `removed`: by key, when the request started that no longer returned a finding. `cursor`: corrections are
    counted for copies updated before it; None: for none. `telling`: what outputs are told of it. `vague`: by
    how much (µs) the copies may be newer than their stamps say; one that may be newer or older than what is
    stored, and differs from it, changes nothing and is `doubtful`.
    """

    def __init__(
        self,
        dimensions: Dimensions,
        overlays: Overlays,
        changes: Changes,
        removed: dict[bytes, int],
        cursor: int | None,
        telling: Telling,
        vague: int = 0,
    ) -> None:
        self.corrections: Counter[str] = Counter()
        self.renamed = False
        self.news: int | None = None
        self.doubtful: list[FindingRef] = []
        self._dimensions = dimensions
        self._overlays = overlays
        self._changes = changes
        self._removed = removed
        self._telling = telling
        self._cursor = -1 if cursor is None else cursor
        self._vague = vague
        self._over: list[bytes] = []

    def take(self, connection: sqlite3.Connection, copies: Copies) -> None:
        """Bring copies in; the rows themselves are written when the changes are applied."""
        rows = stored_rows(connection, copies.newest)
        held = self._overlays.find(connection, copies.newest)
        self._telling.begin(connection, rows)
        for key, (finding, asked_at) in copies.newest.items():
            row = rows.get(key)
            if row is None:
                if outlives_removal(asked_at, self._removed.get(key, -1)):
                    before = self._standing(key, None, copies.before.get(key, ()))
                    self._insert(key, finding, asked_at, after_copy(before, finding))
            elif self._vague and self._is_doubtful(key, row, copies, held):
                self.doubtful.append(FindingRef(key, finding.id, finding.product_arn))
            elif supersedes((finding.updated_at, asked_at), (row.updated, row.asked)):
                overlay = held.get(key)
                copy = finding if overlay is None else self._held(key, overlay, finding, asked_at)
                before = self._standing(key, row, copies.before.get(key, ()))
                after = self._compare(key, copy, asked_at, row, after_copy(before, finding))
                is_held = overlay is not None and key not in self._over
                self._telling.compared(connection, key, copy, asked_at, (row, after), held=is_held)
        self._overlays.drop(connection, self._over)

    def _is_doubtful(self, key: bytes, row: StoredRow, copies: Copies, held: Mapping[bytes, Overlay]) -> bool:
        """Whether nobody can tell which is the newer: this copy, or what is stored, or another copy.

        Archival and what customers write may leave `UpdatedAt` as it is. Our own writes are held by rules of
        their own.
        """
        finding, asked_at = copies.newest[key]
        if key in held:
            return False
        for other, asked in copies.before.get(key, ()):
            if (other.updated_at, asked) == (finding.updated_at, asked_at) and other != finding:
                return True
        if row.updated != finding.updated_at or not 0 <= row.asked - asked_at < self._vague:
            return False
        copy, *_ = self._encoded(finding, asked_at, None)
        return (copy.place, copy.provider, copy.customer) != (row.place, row.provider, row.customer)

    def _standing(self, key: bytes, row: StoredRow | None, copies: Sequence[Copy]) -> Standing | None:
        """Return how a finding stood before the copy that counts, by those of its copies that did before."""
        standing, stamp = None, None
        if row is not None:
            known = None if row.failing is None or row.seen is None else FailingSince(row.failing, row.seen)
            standing, stamp = Standing(_COMPLIANCES[row.place[5]], known), (row.updated, row.asked)
        for finding, asked_at in copies:
            counts = (
                outlives_removal(asked_at, self._removed.get(key, -1))
                if stamp is None
                else supersedes((finding.updated_at, asked_at), stamp)
            )
            if counts:
                standing = Standing(finding.compliance, after_copy(standing, finding))
                stamp = finding.updated_at, asked_at
        return standing

    def _insert(self, key: bytes, finding: Finding, asked_at: int, failing: FailingSince | None) -> None:
        row, provider, customer = self._encoded(finding, asked_at, failing)
        self._telling.inserted(key, finding, asked_at, self._changes.insert(key, row, provider, customer))
        self._note_news(finding.updated_at)
        if finding.updated_at < self._cursor and finding.record_state is RecordState.ACTIVE:
            self.corrections["missed_finding"] += 1

    def _compare(
        self, key: bytes, finding: Finding, asked_at: int, before: StoredRow, failing: FailingSince | None
    ) -> StoredRow:
        """Change a row to what a copy says; return it as it is then."""
        after, provider, customer = self._encoded(finding, asked_at, failing)
        same_provider, same_customer = after.provider == before.provider, after.customer == before.customer
        if (
            same_provider
            and same_customer
            and after.updated == before.updated
            and after.place == before.place
        ):
            if (after.failing, after.seen) != (before.failing, before.seen):
                self._changes.tell(key, after)
            elif asked_at != before.asked:
                self._changes.see(key, asked_at)
            return after
        self._changes.update(key, before, after)
        if after.updated > before.updated:
            self._note_news(after.updated)
        if not same_provider:
            self._changes.rewrite_provider(before.body, provider)
        if not same_customer:
            self._changes.rewrite_customer(before.body, customer)
        if finding.updated_at < self._cursor:
            self.corrections[_missed(before, after)] += 1
        return after

    def _note_news(self, updated_at: int) -> None:
        if self.news is None or updated_at < self.news:
            self.news = updated_at

    def _held(self, key: bytes, overlay: Overlay, finding: Finding, asked_at: int) -> Finding:
        """Return the finding with our own write, unless this copy ends the overlay."""
        shown = CustomerFields(finding.workflow, finding.note, finding.user_fields, finding.note_by)
        if judge_copy(overlay, shown, asked_at) is not CopyVerdict.HELD:
            self._over.append(key)
            return finding
        return finding._replace(**overlaid(overlay, shown)._asdict())

    def _encoded(
        self, finding: Finding, asked_at: int, failing: FailingSince | None
    ) -> tuple[StoredRow, bytes, bytes | None]:
        """Return a finding's row, but for the number of its body, and the two parts of its body."""
        dimensions = self._dimensions
        check, account, region = dimensions.place(finding)
        if dimensions.names.saw(account, finding.account_name, finding.updated_at):
            self.renamed = True
        provider = encode_provider(
            finding, dimensions.word(finding.product_arn), dimensions.word(finding.title)
        )
        customer = encode_customer(finding.note, finding.user_fields, finding.note_by)
        # Plain integers, which plus makes of an enumeration's at a quarter of the cost: sqlite3 looks an
        # adapter up for every value of another type.
        place = (
            +finding.record_state,
            check,
            account,
            region,
            +finding.severity,
            +finding.compliance,
            +finding.workflow,
        )
        since, seen = failing or (None, None)
        row = StoredRow(
            place, finding.updated_at, asked_at, digest(provider), digest_of(customer), 0, since, seen
        )
        return row, provider, customer


def _missed(before: StoredRow, after: StoredRow) -> str:
    """Name what the changes and re-lists had not brought."""
    if after.updated == before.updated and after.place[0] != before.place[0]:
        return "missed_archival"
    if (
        after.updated != before.updated
        or after.provider != before.provider
        or after.place[:6] != before.place[:6]
    ):
        return "missed_update"
    return "missed_workflow"

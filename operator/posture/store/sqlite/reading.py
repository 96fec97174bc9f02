"""Whole findings, as they went in."""
# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound

from collections.abc import Collection, Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from posture.domain.exceptions.marks import IsOurs
from posture.domain.findings import Check, Compliance, FailingSince, Finding, RecordState, Severity, Workflow
from posture.store.records import CellKey, CellRow, FailedAsk, FailedRow, FindingRef, in_order, key_of
from posture.store.sqlite import schema
from posture.store.sqlite.cells import CellReader
from posture.store.sqlite.changes import key_batches, placeholders
from posture.store.sqlite.database import Database
from posture.store.sqlite.dimensions import Dimensions
from posture.store.sqlite.encoding import decode_customer, decode_provider
from posture.store.sqlite.failed import FailedReader

ROWS_A_PAGE = 1000

_COLUMNS = (
    "state, chk, account, region, severity, compliance, workflow, key, updated, body.provider, body.customer,"
    " failing, seen"
)
_OF_CELL = (
    f"SELECT {_COLUMNS} FROM finding CROSS JOIN body ON body.id = body"
    " WHERE state = ? AND chk = ? AND account = ? AND region = ?"
    " AND (severity, compliance, workflow, key) > (?, ?, ?, ?)"
    f" ORDER BY severity, compliance, workflow, key LIMIT {ROWS_A_PAGE}"
)
_ANNOTATED_CELLS = (
    "SELECT DISTINCT chk, account, region FROM finding INDEXED BY finding_annotated"
    f" WHERE {schema.ANNOTATED} AND state = ?"
)
_ANNOTATIONS = (
    "SELECT body.customer FROM finding INDEXED BY finding_annotated CROSS JOIN body ON body.id = body"
    f" WHERE finding.{schema.ANNOTATED} AND state = ? AND chk = ?"
)
_WRITTEN = (
    "SELECT 1 FROM overlay CROSS JOIN finding INDEXED BY finding_by_key ON finding.key = overlay.key"
    " WHERE chk = ? LIMIT 1"
)
_SURVEYED_CELLS = {
    RecordState.ACTIVE: (
        "SELECT DISTINCT chk, account, region FROM finding INDEXED BY finding_open"
        f" WHERE {schema.OPEN} AND chk IN ({{}})"
    ),
    RecordState.ARCHIVED: (
        "SELECT DISTINCT chk, account, region FROM finding INDEXED BY finding_annotated"
        f" WHERE {schema.ANNOTATED} AND state = 1 AND chk IN ({{}})"
    ),
}
_OF_CELLS = "(SELECT column1 AS c, column2 AS a, column3 AS r FROM (VALUES {}))"
_SURVEYED = {
    RecordState.ACTIVE: (
        f"SELECT {_COLUMNS} FROM {_OF_CELLS}"
        " CROSS JOIN finding ON state = 0 AND chk = c AND account = a AND region = r"
        f" AND (compliance <> 0 OR finding.{schema.ANNOTATED}) CROSS JOIN body ON body.id = body"
    ),
    RecordState.ARCHIVED: (
        f"SELECT {_COLUMNS} FROM {_OF_CELLS} CROSS JOIN finding INDEXED BY finding_annotated"
        f" ON finding.{schema.ANNOTATED} AND state = 1 AND chk = c AND account = a AND region = r"
        " CROSS JOIN body ON body.id = body"
    ),
}
_PASSED_SUPPRESSED = (
    f"SELECT {_COLUMNS} FROM finding INDEXED BY finding_exceptional CROSS JOIN body ON body.id = body"
    f" WHERE {schema.EXCEPTIONAL} AND compliance = 0 AND workflow = 3 AND chk IN ({{}})"
)
_cell_of = itemgetter(1, 2, 3)
_STATES, _SEVERITIES = tuple(RecordState), tuple(Severity)
_COMPLIANCES, _WORKFLOWS = tuple(Compliance), tuple(Workflow)


class FindingReader:
    """Reads findings of one store; at most a page of them is in memory at a time."""

    def __init__(self, database: Database, dimensions: Dimensions) -> None:
        self._database = database
        self._dimensions = dimensions

    def cells(self, keys: Collection[CellKey] | None, *, cutoff: int) -> Iterator[CellRow]:
        """Yield the cells of `keys`, or all that have ACTIVE findings; fresh: updated since `cutoff`."""
        reader = CellReader(self._database, self._dimensions, cutoff)
        return reader.everything() if keys is None else reader.of_keys(keys)

    def failed_cells(self, keys: Collection[CellKey] | None, ask: FailedAsk) -> Iterator[FailedRow]:
        """Yield the failed findings of the cells of `keys`, or of all, and what is overdue of them."""
        reader = FailedReader(self._database, self._dimensions, ask)
        return reader.everything() if keys is None else reader.of_keys(keys)

    def findings_of(self, cell: CellKey) -> Iterator[Finding]:
        """Yield the ACTIVE findings of a cell."""
        return self._of_cell(cell, RecordState.ACTIVE)

    def overdue_findings(self, cell: CellKey, ask: FailedAsk, *, most: int) -> list[Finding]:
        """Return the findings of a cell that are overdue for the longest, that first."""
        keys = FailedReader(self._database, self._dimensions, ask).longest(cell, most)
        found = {key_of(each.product_arn, each.id): each for each in self.read_findings(keys)}
        return [found[key] for key in keys]

    def read_findings(self, keys: Collection[bytes]) -> Iterator[Finding]:
        """Yield the findings of some keys; those that are not stored are left out."""
        for batch in key_batches(keys):
            yield from map(
                self._finding,
                self._database.rows(
                    f"SELECT {_COLUMNS} FROM finding INDEXED BY finding_by_key CROSS JOIN body"
                    f" ON body.id = body WHERE key IN ({placeholders(batch)})",
                    batch,
                ),
            )

    def seen_before(self, keys: Collection[bytes], asked_at: int) -> list[FindingRef]:
        """Return those of some findings that no request since `asked_at` has returned."""
        found = []
        for batch in key_batches(keys):
            rows = self._database.rows(
                "SELECT key, body.provider FROM finding INDEXED BY finding_by_key CROSS JOIN body"
                f" ON body.id = body WHERE key IN ({placeholders(batch)}) AND asked < ?",
                (*batch, asked_at),
            )
            found += [self._dimensions.reference(key, decode_provider(blob)) for key, blob in rows]
        return found

    def findings(
        self,
        *,
        checks: Collection[Check] | None = None,
        accounts: Collection[str] | None = None,
        regions: Collection[str] | None = None,
        state: RecordState = RecordState.ACTIVE,
    ) -> Iterator[Finding]:
        """Yield the findings of some checks, accounts and Regions; None: of any. Others are not looked at."""
        dimensions = self._dimensions
        wanted_accounts = None if accounts is None else dimensions.accounts.known(accounts)
        wanted_regions = None if regions is None else dimensions.regions.known(regions)
        numbers = range(len(dimensions.checks.values)) if checks is None else dimensions.checks.known(checks)
        for check in numbers:
            for key in self._cells(state, check, wanted_accounts):
                if wanted_regions is None or key[2] in wanted_regions:
                    yield from self._of_cell(key, state)

    def annotated_cells(self, state: RecordState) -> set[CellKey]:
        """Return the cells with a finding in that state that has a note or user-defined fields."""
        return set(self._database.rows(_ANNOTATED_CELLS, (int(state),)))

    def marked_products(self, besides: Collection[str], is_ours: IsOurs) -> set[str]:
        """Return the other products with a finding that bears a mark, or had a write that no read has shown.

        `is_ours`: whether user-defined fields bear one.
        """
        found: set[str] = set()
        for number, check in enumerate(self._dimensions.checks.values):
            if check.product in besides or check.product in found:
                continue
            if self._database.rows(_WRITTEN, (number,)) or any(
                is_ours(decode_customer(customer)[1])
                for state in RecordState
                for (customer,) in self._database.rows(_ANNOTATIONS, (int(state), number))
            ):
                found.add(check.product)
        return found

    def surveyed_cells(
        self, checks: Collection[Check], state: RecordState
    ) -> dict[Check, dict[str, dict[str, CellKey]]]:
        """Return the cells in which policies can select something, by check, account id and Region.

        Of ACTIVE findings those that did not pass, of archived ones those with a note or user-defined fields.
        """
        dimensions = self._dimensions
        accounts, regions = dimensions.accounts.values, dimensions.regions.values
        cells: dict[Check, dict[str, dict[str, CellKey]]] = {}
        for batch in key_batches(dimensions.checks.known(checks)):
            for key in self._database.rows(_SURVEYED_CELLS[state].format(placeholders(batch)), batch):
                check, account, region = key
                by_account = cells.setdefault(dimensions.checks.values[check], {})
                by_account.setdefault(accounts[account], {})[regions[region]] = key
        return cells

    def surveyed(
        self, cells: Collection[CellKey], state: RecordState
    ) -> Iterator[tuple[CellKey, Iterator[Finding]]]:
        """Yield findings that policies may have to do with, cell by cell; no others are looked at.

        That are those with a note or user-defined fields, and ACTIVE ones that did not pass. Cells without
        any are left out. Each cell's are to be read before the next cell is asked for.
        """
        for batch in key_batches(in_order(cells)):
            wanted = ",".join("(?, ?, ?)" for _ in batch)
            rows = self._database.each(_SURVEYED[state].format(wanted), tuple(chain.from_iterable(batch)))
            for key, those in groupby(rows, _cell_of):
                yield key, map(self._finding, those)

    def passed_suppressed(self, checks: Collection[Check]) -> Iterator[Finding]:
        """Yield the ACTIVE findings of some checks that passed and are suppressed; others are not read."""
        for batch in key_batches(self._dimensions.checks.known(checks)):
            rows = self._database.each(_PASSED_SUPPRESSED.format(placeholders(batch)), batch)
            yield from map(self._finding, rows)

    def _of_cell(self, key: CellKey, state: RecordState) -> Iterator[Finding]:
        """Yield the findings of one cell, or the archived ones that would be in it."""
        position: tuple[Any, ...] = (-1, -1, -1, b"")
        while True:
            rows = self._database.rows(_OF_CELL, (int(state), *key, *position))
            yield from map(self._finding, rows)
            if len(rows) < ROWS_A_PAGE:
                return
            position = rows[-1][4:8]

    def _cells(self, state: RecordState, check: int, accounts: list[int] | None) -> list[CellKey]:
        """Return the cells of a check."""
        sql = "SELECT DISTINCT chk, account, region FROM finding WHERE state = ? AND chk = ?"
        if accounts is not None:
            sql = f"{sql} AND account IN ({','.join(map(str, accounts))})"
        return self._database.rows(sql, (int(state), check))

    def _finding(self, row: tuple[Any, ...]) -> Finding:
        state, check, account, region, severity, compliance, workflow, _, updated_at = row[:9]
        provider, customer, failing, seen = row[9:]
        dimensions = self._dimensions
        finding_id, product_arn, title, created_at, resources = decode_provider(provider)
        note, user_fields, note_by = decode_customer(customer)
        return Finding(
            id=finding_id,
            product_arn=dimensions.text(product_arn),
            check=dimensions.checks.values[check],
            account_id=dimensions.accounts.values[account],
            account_name=dimensions.names.name_of(account),
            region=dimensions.regions.values[region],
            title=dimensions.text(title),
            severity=_SEVERITIES[severity],
            compliance=_COMPLIANCES[compliance],
            record_state=_STATES[state],
            created_at=created_at,
            updated_at=updated_at,
            resources=resources,
            workflow=_WORKFLOWS[workflow],
            note=note,
            user_fields=user_fields,
            note_by=note_by,
            failing=None if failing is None else FailingSince(failing, seen),
        )

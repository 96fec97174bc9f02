"""ACTIVE findings that failed, by cell: since when, and which of them for longer than they may."""
# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound

from collections.abc import Collection, Iterator
from heapq import nsmallest
from typing import Any

from posture.domain.findings import Check, Compliance, Severity, Workflow
from posture.domain.objectives.failed import FailedCell, FailedCounts
from posture.store.records import CellKey, FailedAsk, FailedRow
from posture.store.sqlite.changes import ACTIVE
from posture.store.sqlite.database import Database
from posture.store.sqlite.dimensions import Dimensions

_SEVERITIES = tuple(Severity)

_LATE = f"CASE severity {' '.join(f'WHEN {+each} THEN ?{+each + 1}' for each in Severity)} END"
"""Since when a row may not fail: numbers 1 to 5 of the arguments, None where there is no limit."""
_FIELDS = (
    f"severity, count(*), count(failing), min(failing), coalesce(sum(failing < {_LATE}), 0),"
    f" min(CASE WHEN failing >= {_LATE} THEN failing END), min(updated)"
)
_FAILED = (
    f"state = {ACTIVE} AND chk = ?6 AND {{}} AND updated >= ?7 AND workflow <> {+Workflow.SUPPRESSED}"
    f" AND compliance IN ({+Compliance.FAILED}, ?8)"
)
_OF_CHECK = (
    f"SELECT account, region, {_FIELDS} FROM finding WHERE {_FAILED.format('TRUE')}"
    " GROUP BY account, region, severity"
)
_OF_CELL = (
    f"SELECT ?9, ?10, {_FIELDS} FROM finding WHERE {_FAILED.format('account = ?9 AND region = ?10')}"
    " GROUP BY severity"
)
_OVERDUE = (
    f"SELECT failing, severity, key FROM finding WHERE {_FAILED.format('account = ?9 AND region = ?10')}"
    f" AND failing < {_LATE}"
)


class FailedReader:
    """Reads since when findings fail, as one question asks for it."""

    def __init__(self, database: Database, dimensions: Dimensions, ask: FailedAsk) -> None:
        self._database = database
        self._dimensions = dimensions
        self._ask = ask
        self._shared: dict[tuple[tuple[Severity, int], ...], tuple[tuple[Severity, int], ...]] = {}
        self._late = tuple(None if limit is None else ask.now - limit for limit in ask.limits)

    def everything(self) -> Iterator[FailedRow]:
        """Yield every cell with a failed finding; a check at a time is held in memory."""
        for check in range(len(self._dimensions.checks.values)):
            groups = self._database.rows(_OF_CHECK, self._arguments(check))
            at, start = None, 0
            for index, (account, region, *_) in enumerate(groups):
                if (account, region) != at:
                    if at is not None:
                        yield self._row((check, *at), groups[start:index])
                    at, start = (account, region), index
            if at is not None:
                yield self._row((check, *at), groups[start:])

    def of_keys(self, keys: Collection[CellKey]) -> Iterator[FailedRow]:
        """Yield the cells that were asked for; without a `FailedCell` where nothing failed."""
        for key in keys:
            groups = self._database.rows(_OF_CELL, (*self._arguments(key[0]), *key[1:]))
            yield self._row(key, groups) if groups else FailedRow(key, None, None)

    def longest(self, key: CellKey, most: int) -> list[bytes]:
        """Return the findings of a cell that are overdue for the longest, that first."""
        late = self._database.each(_OVERDUE, (*self._arguments(key[0]), *key[1:]))
        due = ((since + (self._ask.limits[severity] or 0), found) for since, severity, found in late)
        return [found for _, found in nsmallest(most, due)]

    def _arguments(self, number: int) -> tuple[Any, ...]:
        """Return what any of the statements takes of a check."""
        own = self._check(number).source is not None
        cutoff = self._ask.cutoff if own else 0
        # Without Compliance another product's finding has failed; Security Hub's own has no result.
        return (*self._late, number, cutoff, +(Compliance.FAILED if own else Compliance.NONE))

    def _check(self, number: int) -> Check:
        return self._dimensions.checks.values[number]

    def _row(self, key: CellKey, groups: list[tuple[Any, ...]]) -> FailedRow:
        check = self._check(key[0])
        oldest: list[int] = []
        overdue: list[tuple[Severity, int]] = []
        due: list[int] = []
        changes: list[int] = []
        unknown = 0
        failed: list[tuple[Severity, int]] = []
        for _, _, severity, n, told, first, late, next_late, updated in groups:
            failed.append((_SEVERITIES[severity], n))
            limit = self._ask.limits[severity]
            if first is not None:
                oldest.append(first)
            if check.source is not None:
                changes.append(updated + self._ask.window)
            if limit is None:
                continue
            unknown += n - told
            if late:
                overdue.append((_SEVERITIES[severity], late))
                due.append(first + limit)
            if next_late is not None:
                changes.append(next_late + limit)
        kinds, late_kinds = tuple(failed), tuple(overdue)
        counts = FailedCounts(
            self._shared.setdefault(kinds, kinds),
            min(oldest, default=None),
            self._shared.setdefault(late_kinds, late_kinds),
            min(due, default=None),
            unknown,
        )
        dimensions = self._dimensions
        cell = FailedCell(
            check, dimensions.accounts.values[key[1]], dimensions.regions.values[key[2]], counts
        )
        return FailedRow(key, cell, min(changes, default=None))

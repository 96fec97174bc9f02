"""ACTIVE findings counted by cell."""
# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound

from collections.abc import Collection, Iterable, Iterator

from posture.domain.findings import Cell, Compliance, Count, Severity, Workflow
from posture.store.records import CellKey, CellRow
from posture.store.sqlite.changes import ACTIVE
from posture.store.sqlite.database import Database
from posture.store.sqlite.dimensions import Dimensions

CellLook = tuple[int, int, int, int, int]
"""Severity, compliance, workflow, how many findings look so, how many of them are fresh."""

_SEVERITIES, _COMPLIANCES, _WORKFLOWS = tuple(Severity), tuple(Compliance), tuple(Workflow)
_DIFFERENT_COUNTS = 10_000

_COUNTS = (
    "severity, compliance, workflow, count(*), sum(updated >= ?1),"
    " min(CASE WHEN updated >= ?1 THEN updated END)"
)
_OF_CHECK = (
    f"SELECT account, region, {_COUNTS} FROM finding WHERE state = {ACTIVE} AND chk = ?2"
    " GROUP BY account, region, severity, compliance, workflow"
)
_OF_CELL = (
    f"SELECT {_COUNTS} FROM finding WHERE state = {ACTIVE} AND chk = ?2 AND account = ?3 AND region = ?4"
    " GROUP BY severity, compliance, workflow"
)


class CellReader:
    """Reads cells as they are with one evaluation window, which began at `cutoff`.

    Most cells look like many others: their counts are made once and shared.
    """

    def __init__(self, database: Database, dimensions: Dimensions, cutoff: int) -> None:
        self._database = database
        self._dimensions = dimensions
        self._cutoff = cutoff
        self._shared: dict[tuple[CellLook, ...], tuple[Count, ...]] = {}

    def everything(self) -> Iterator[CellRow]:
        """Yield every cell that has ACTIVE findings; a check at a time is held in memory."""
        for check in range(len(self._dimensions.checks.values)):
            yield from self._of_check(check)

    def of_keys(self, keys: Collection[CellKey]) -> Iterator[CellRow]:
        """Yield the cells that were asked for; empty ones without a `Cell`."""
        for key in keys:
            groups = self._database.rows(_OF_CELL, (self._cutoff, *key))
            if groups:
                yield self._row(key, [group[:5] for group in groups], _oldest(group[5] for group in groups))
            else:
                yield CellRow(key, None, None)

    def _of_check(self, check: int) -> Iterator[CellRow]:
        groups = self._database.rows(_OF_CHECK, (self._cutoff, check))
        at = (-1, -1)
        shape: list[CellLook] = []
        times: list[int | None] = []
        for account, region, severity, compliance, workflow, n, fresh, oldest in groups:
            if (account, region) != at:
                if shape:
                    yield self._row((check, *at), shape, _oldest(times))
                at, shape, times = (account, region), [], []
            shape.append((severity, compliance, workflow, n, fresh))
            times.append(oldest)
        if shape:
            yield self._row((check, *at), shape, _oldest(times))

    def _row(self, key: CellKey, shape: list[CellLook], oldest_fresh: int | None) -> CellRow:
        looks = tuple(shape)
        counts = self._shared.get(looks)
        if counts is None:
            counts = _counts(looks)
            if len(self._shared) < _DIFFERENT_COUNTS:
                self._shared[looks] = counts
        check, account, region = key
        dimensions = self._dimensions
        cell = Cell(
            dimensions.checks.values[check],
            dimensions.accounts.values[account],
            dimensions.regions.values[region],
            counts,
        )
        return CellRow(key, cell, oldest_fresh)


def _oldest(times: Iterable[int | None]) -> int | None:
    known = [time for time in times if time is not None]
    return min(known) if known else None


def _counts(looks: tuple[CellLook, ...]) -> tuple[Count, ...]:
    counts = []
    for severity, compliance, workflow, n, fresh in looks:
        look = (_SEVERITIES[severity], _COMPLIANCES[compliance], _WORKFLOWS[workflow])
        if fresh:
            counts.append(Count(*look, fresh=True, n=fresh))
        if n > fresh:
            counts.append(Count(*look, fresh=False, n=n - fresh))
    return tuple(counts)

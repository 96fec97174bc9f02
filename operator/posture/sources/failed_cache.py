"""The failed findings of a hub by cell, as one evaluation window and one set of limits see them.

What is overdue changes by the passing of time: `Ages` knows when, so that a poll looks at nothing but what
was written to and what has aged.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from posture.domain.findings import Check
from posture.domain.objectives.failed import FailedCell, FailedCounts, ResolveLimits
from posture.sources.cell_cache import Ages, numbers_of, packed_key, unpacked
from posture.store.interface import FindingRows
from posture.store.records import CellKey, FailedAsk, FailedRow


class FailedLimits(NamedTuple):
    """An evaluation window (µs), and for how long findings may fail."""

    window: int
    limits: ResolveLimits = ResolveLimits()

    def as_of(self, now: int) -> FailedAsk:
        """Return what is asked of a store as of a moment."""
        return FailedAsk(self.window, self.limits, now)


class FailedCache:
    """Every cell with a failed finding. A cell is kept as a whole number, and what is known of it."""

    def __init__(self, limits: FailedLimits) -> None:
        self._limits = limits
        self._now: int | None = None
        self._cells: dict[int, dict[int, FailedCounts]] = {}
        self._ages = Ages()
        self._checks: dict[int, Check] = {}
        self._accounts: dict[int, str] = {}
        self._regions: dict[int, str] = {}

    def refresh(self, store: FindingRows, touched: Collection[CellKey], now: int) -> int:
        """Bring the cells to the moment `now` (µs); return how many of them have changed.

        `touched`: the cells written to since the last refresh.
        """
        ask = self._limits.as_of(now)
        if self._now is None or now < self._now:
            # Back in time nothing tells what is no longer overdue.
            self._cells, self._ages = {}, Ages()
            moved = sum(map(self._put, store.failed_cells(None, ask)))
        else:
            aged = {unpacked(packed) for packed in self._ages.due(now)}.difference(touched)
            moved = sum(map(self._put, store.failed_cells(touched, ask)))
            moved += sum(map(self._put, store.failed_cells(aged, ask)))
        self._ages.forget(now)
        self._now = now
        return moved

    def cells(self) -> Iterator[tuple[int, FailedCell]]:
        """Yield the cells, each with its key as a whole number."""
        accounts, regions = self._accounts, self._regions
        for number, cells in self._cells.items():
            check = self._checks[number]
            for packed, counts in cells.items():
                account, region = numbers_of(packed)
                yield packed, FailedCell(check, accounts[account], regions[region], counts)

    def _put(self, row: FailedRow) -> bool:
        """Take in a cell as it is stored; whether it was another one."""
        key, cell, changes_after = row
        check, account, region = key
        packed = packed_key(key)
        self._ages.note(packed, changes_after)
        if cell is None:
            return self._cells.get(check, {}).pop(packed, None) is not None
        cells = self._cells.setdefault(check, {})
        before = cells.get(packed)
        self._checks[check] = cell.check
        self._accounts[account] = cell.account_id
        self._regions[region] = cell.region
        cells[packed] = cell.counts
        return cell.counts != before

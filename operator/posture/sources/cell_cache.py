"""The cells of a hub in memory, as one evaluation window sees them: small, and refreshed by what changed.

Cells change by the passing of time too: `Ages` knows when, so that no poll looks through all of them.
"""

from array import array
from collections.abc import Collection, Iterator
from itertools import chain

from posture.domain.findings import Cell, Check, Count
from posture.domain.time import MINUTE, cutoff
from posture.store.interface import FindingRows
from posture.store.records import CellKey, CellRow

CellCounts = tuple[Count, ...]

_ACCOUNT_BITS = 24
_REGION_BITS = 12
_ACCOUNT_MASK, _REGION_MASK = (1 << _ACCOUNT_BITS) - 1, (1 << _REGION_BITS) - 1


class CellCache:
    """Every cell with ACTIVE findings. `window`: the evaluation window in µs.

    A hub of a million findings has some hundred thousand cells, and most of them look alike: a cell is kept
    as a whole number and a reference to counts that it shares with others.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._cutoff: int | None = None
        self._cells: dict[int, dict[int, CellCounts]] = {}
        self._ages = Ages()
        self._shared: dict[CellCounts, CellCounts] = {}
        self._checks: dict[int, Check] = {}
        self._numbers: dict[Check, int] = {}
        self._accounts: dict[int, str] = {}
        self._regions: dict[int, str] = {}

    def refresh(self, store: FindingRows, touched: Collection[CellKey], now: int) -> int:
        """Bring the cells to the moment `now` (µs); return how many cells were touched, or changed by time.

        `touched`: the cells written to since the last refresh. Nothing else is read, but for those of which
        findings may have left the window meanwhile.
        """
        until = cutoff(now, self._window)
        if self._cutoff is None or until < self._cutoff:
            # Back in time findings come into the window again: no age tells which.
            self._cells, self._ages = {}, Ages()
            moved = sum(map(self._put, store.cells(None, cutoff=until)))
        else:
            aged = {unpacked(packed) for packed in self._ages.due(until)}.difference(touched)
            moved = len(touched)
            for row in store.cells(touched, cutoff=until):
                self._put(row)
            moved += sum(map(self._put, store.cells(aged, cutoff=until)))
        self._ages.forget(until)
        self._cutoff = until
        if len(self._shared) > 2 * sum(map(len, self._cells.values())) + 1_000:
            self._shared = {counts: counts for cells in self._cells.values() for counts in cells.values()}
        return moved

    def cells(self, checks: Collection[Check] | None = None) -> Iterator[Cell]:
        """Yield the cells of some checks, others are not looked at; None: all cells."""
        if checks is None:
            return chain.from_iterable(map(self._of_check, self._cells))
        numbers = (self._numbers.get(check) for check in checks)
        return chain.from_iterable(self._of_check(each) for each in numbers if each in self._cells)

    def checks(self) -> Collection[Check]:
        """Return every check that a cell has been of."""
        return self._numbers.keys()

    def _of_check(self, number: int) -> Iterator[Cell]:
        check = self._checks[number]
        for packed, counts in self._cells[number].items():
            account, region = numbers_of(packed)
            yield Cell(check, self._accounts[account], self._regions[region], counts)

    def _put(self, row: CellRow) -> bool:
        """Take in a cell as it is stored; whether it was another one."""
        (check, account, region), cell, oldest = row
        packed = packed_key(row.key)
        self._ages.note(packed, oldest)
        if cell is None:
            return self._cells.get(check, {}).pop(packed, None) is not None
        cells = self._cells.setdefault(check, {})
        before = cells.get(packed)
        self._checks[check] = cell.check
        self._numbers[cell.check] = check
        self._accounts[account] = cell.account_id
        self._regions[region] = cell.region
        cells[packed] = counts = self._shared.setdefault(cell.counts, cell.counts)
        return counts != before


def packed_key(key: CellKey) -> int:
    """Return a cell's key as a whole number below 2^64."""
    check, account, region = key
    return (check << _ACCOUNT_BITS | account) << _REGION_BITS | region


def numbers_of(packed: int) -> tuple[int, int]:
    """Return the account and the Region of the key that this number is of."""
    return packed >> _REGION_BITS & _ACCOUNT_MASK, packed & _REGION_MASK


def unpacked(packed: int) -> CellKey:
    """Return the key that this number is of."""
    rest, region = divmod(packed, 1 << _REGION_BITS)
    check, account = divmod(rest, 1 << _ACCOUNT_BITS)
    return check, account, region


class Ages:
    """By minute, the cells that change by the passing of time when a moment that moves on is past it.

    Of a `CellCache` that is when the oldest finding inside the evaluation window was updated, and the moment
    is when the window begins. A cell is a whole number below 2^64. A hub has some hundred thousand, which are
    kept in eight bytes each and a reference to their minute; one that moved on stays in the minute that it
    left until that is over.
    """

    def __init__(self) -> None:
        self._minutes: dict[int, array[int]] = {}
        self._of: dict[int, array[int]] = {}

    def note(self, cell: int, at: int | None) -> None:
        """Take in the moment (µs) past which a cell changes; None: there is none."""
        if at is None:
            self._of.pop(cell, None)
            return
        cells = self._minutes.setdefault(at // MINUTE, array("Q"))
        if self._of.get(cell) is not cells:
            self._of[cell] = cells
            cells.append(cell)

    def due(self, cutoff: int) -> Iterator[int]:
        """Yield the cells that may have changed by the time that the moment is at the cutoff.

        They are due until they are noted anew: those of the cutoff's own minute may still be as they were.
        """
        last = cutoff // MINUTE
        for minute, cells in self._minutes.items():
            if minute <= last:
                yield from {cell for cell in cells if self._of.get(cell) is cells}

    def forget(self, cutoff: int) -> None:
        """Let go of the minutes before the cutoff, of which every cell that was due has been noted anew."""
        last = cutoff // MINUTE
        for minute in [minute for minute in self._minutes if minute < last]:
            del self._minutes[minute]

"""The cells of a hub in memory, as one evaluation window sees them: small, and refreshed by what changed."""

from collections.abc import Collection, Iterator

from posture.domain.cells import Cell, Count
from posture.domain.findings import Check
from posture.domain.freshness import cutoff
from posture.store import CellKey, Store

Counts = tuple[Count, ...]

_ACCOUNT_BITS = 24
_REGION_BITS = 12


class Board:
    """Every cell with ACTIVE findings. `window`: the evaluation window in µs.

    A hub of a million findings has some hundred thousand cells, and most of them look alike: a cell is kept
    as a whole number and a reference to counts that it shares with others.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._cutoff: int | None = None
        self._cells: dict[int, Counts] = {}
        self._shared: dict[Counts, Counts] = {}
        self._checks: dict[int, Check] = {}
        self._accounts: dict[int, str] = {}
        self._regions: dict[int, str] = {}

    def refresh(self, store: Store, touched: Collection[CellKey], now: int) -> int:
        """Bring the board to the moment `now` (µs), and return how many cells were read again.

        `touched`: the cells written to since the last refresh. Those that time alone has changed, because
        findings left the window, are found in the store.
        """
        until = cutoff(now, self._window)
        keys = None if self._cutoff is None else set(touched) | store.aged(self._cutoff, until)
        read = 0
        for key, cell, _ in store.cells(keys, cutoff=until):
            self._put(key, cell)
            read += 1
        self._cutoff = until
        if len(self._shared) > 2 * len(self._cells) + 1_000:
            self._shared = {counts: counts for counts in self._cells.values()}
        return read

    def cells(self) -> Iterator[Cell]:
        """Yield all cells."""
        for packed, counts in self._cells.items():
            check, account, region = _unpack(packed)
            yield Cell(self._checks[check], self._accounts[account], self._regions[region], counts)

    def _put(self, key: CellKey, cell: Cell | None) -> None:
        if cell is None:
            self._cells.pop(_pack(key), None)
            return
        check, account, region = key
        self._checks[check] = cell.check
        self._accounts[account] = cell.account_id
        self._regions[region] = cell.region
        self._cells[_pack(key)] = self._shared.setdefault(cell.counts, cell.counts)


def _pack(key: CellKey) -> int:
    check, account, region = key
    return (check << _ACCOUNT_BITS | account) << _REGION_BITS | region


def _unpack(packed: int) -> CellKey:
    rest, region = divmod(packed, 1 << _REGION_BITS)
    check, account = divmod(rest, 1 << _ACCOUNT_BITS)
    return check, account, region

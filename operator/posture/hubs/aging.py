"""When cells change by the passing of time alone: no poll has to look through all findings for them."""

from array import array
from collections.abc import Iterator

_MINUTE = 60 * 1_000_000


class Ages:
    """By minute, the cells whose oldest finding inside the evaluation window was updated in it.

    A cell is a whole number below 2^64. A hub has some hundred thousand, which are kept in eight bytes each
    and a reference to their minute; one that moved on stays in the minute that it left until that is over.
    """

    def __init__(self) -> None:
        self._minutes: dict[int, array[int]] = {}
        self._of: dict[int, array[int]] = {}

    def note(self, cell: int, oldest: int | None) -> None:
        """Take in when the oldest fresh finding of a cell was updated (µs); None: it has none."""
        if oldest is None:
            self._of.pop(cell, None)
            return
        cells = self._minutes.setdefault(oldest // _MINUTE, array("Q"))
        if self._of.get(cell) is not cells:
            self._of[cell] = cells
            cells.append(cell)

    def due(self, cutoff: int) -> Iterator[int]:
        """Yield the cells that may have findings updated before the cutoff which were fresh until now.

        They are due until they are noted anew: those of the cutoff's own minute may still be as they were.
        """
        last = cutoff // _MINUTE
        for minute, cells in self._minutes.items():
            if minute <= last:
                yield from {cell for cell in cells if self._of.get(cell) is cells}

    def forget(self, cutoff: int) -> None:
        """Let go of the minutes before the cutoff, of which every cell that was due has been noted anew."""
        last = cutoff // _MINUTE
        for minute in [minute for minute in self._minutes if minute < last]:
            del self._minutes[minute]

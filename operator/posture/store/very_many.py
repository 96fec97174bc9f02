"""Very many cells, gone through so that others have their turns.

A hub of a million findings has some hundred thousand cells. One call that sorts so many tuples takes half a
second, one that lets them all go a tenth, and neither lets another thread run meanwhile: the event loop would
stand still although it is the hub's thread that works. A loop in Python gives way every few milliseconds.
"""

from collections.abc import Iterable, Iterator

from posture.store.records import CellKey


def in_order(cells: Iterable[CellKey]) -> Iterator[CellKey]:
    """Yield cells in the order in which the store has them; they are looked through before the first."""
    by_check: dict[int, dict[int, list[CellKey]]] = {}
    for cell in cells:
        by_check.setdefault(cell[0], {}).setdefault(cell[1], []).append(cell)
    for check in sorted(by_check):
        by_account = by_check.pop(check)
        for account in sorted(by_account):
            yield from sorted(by_account.pop(account))


def let_go(cells: set[CellKey]) -> None:
    """Empty a set; nobody else may use it."""
    while cells:
        cells.pop()

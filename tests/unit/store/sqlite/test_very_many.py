from hypothesis import given
from hypothesis import strategies as st

from posture.store.records import CellKey, in_order, let_go
from tests.support.examples import examples

NUMBERS = st.integers(0, 300)


@examples(100)
@given(st.sets(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
def test_cells_come_in_order_although_they_are_not_sorted_at_once(cells: set[CellKey]) -> None:
    assert list(in_order(cells)) == sorted(cells)
    let_go(cells)
    assert not cells


def test_what_is_emptied_later_is_not_missed() -> None:
    """A caller may let its cells go while it reads them."""
    cells = {(1, number, 0) for number in range(5)}
    ordered = in_order(cells)
    first = next(ordered)
    let_go(cells)
    assert [first, *ordered] == [(1, number, 0) for number in range(5)]

"""Counts by cell, against counting by hand."""

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import Check, Compliance, Finding, RecordState, Severity
from posture.store.records import CellRow, Read
from posture.store.sqlite.store import Store
from tests.support.examples import examples
from tests.support.rows import EC2_2, GUARDDUTY, S3_1, emptied, finding, key, opened
from tests.support.strategies import small_findings

Name = tuple[Check, str, str]
Seen = tuple[Counter[Any], int | None]


def name(each: Finding) -> Name:
    return (each.check, each.account_id, each.region)


def by_hand(findings: list[Finding], cutoff: int) -> dict[Name, Seen]:
    """Of each cell: how many findings look alike, and the smallest fresh `updated_at`."""
    cells: dict[Name, list[Finding]] = {}
    for each in findings:
        if each.record_state is RecordState.ACTIVE:
            cells.setdefault(name(each), []).append(each)
    return {
        cell: (
            Counter((f.severity, f.compliance, f.workflow, f.updated_at >= cutoff) for f in members),
            min((f.updated_at for f in members if f.updated_at >= cutoff), default=None),
        )
        for cell, members in cells.items()
    }


def plain(rows: list[CellRow]) -> dict[Name, Seen]:
    result: dict[Name, Seen] = {}
    for _, cell, oldest_fresh in rows:
        assert cell is not None
        assert (cell.check, cell.account_id, cell.region) not in result
        counts = Counter({tuple(count[:4]): count.n for count in cell.counts})
        assert len(counts) == len(cell.counts)
        assert all(n > 0 for n in counts.values())
        result[(cell.check, cell.account_id, cell.region)] = (counts, oldest_fresh)
    return result


@examples(50)
@given(
    st.lists(small_findings(), max_size=12, unique_by=lambda each: each.id),
    st.lists(small_findings(), max_size=6, unique_by=lambda each: each.id),
    st.integers(0, 5),
)
def test_cells_are_what_counting_by_hand_gives(
    shared_store: Store, first: list[Finding], second: list[Finding], cutoff: int
) -> None:
    later = [each._replace(updated_at=each.updated_at + 5) for each in second]
    known = {key(each): each for each in first + later}
    store = emptied(shared_store)
    store.write([Read(first, 1)])
    before = {row.key: row for row in store.cells(None, cutoff=cutoff)}
    touched = store.write([Read(later, 2)]).cells
    everything = list(store.cells(None, cutoff=cutoff))
    assert plain(everything) == by_hand(list(known.values()), cutoff)
    after = {row.key: row for row in everything}
    assert {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)} <= touched
    some = list(store.cells(touched | after.keys(), cutoff=cutoff))
    assert {row.key: row for row in some if row.cell} == after
    assert {row.key for row in some if row.cell is None} == touched - after.keys()


def test_a_finding_is_fresh_at_the_cutoff_and_stale_before_it(store: Store) -> None:
    store.write([Read([finding(1, updated_at=10), finding(2, updated_at=9)], 1)])
    (row,) = store.cells(None, cutoff=10)
    assert row.cell is not None
    assert sorted((count.fresh, count.n) for count in row.cell.counts) == [(False, 1), (True, 1)]
    assert row.oldest_fresh == 10


def test_findings_of_another_product_are_cells_of_their_own(store: Store) -> None:
    checks = (S3_1, EC2_2, GUARDDUTY, S3_1._replace(source=None), S3_1._replace(standards=()))
    store.write([Read([finding(n, check=check) for n, check in enumerate(checks)], 1)])
    cells = [row.cell for row in store.cells(None, cutoff=0)]
    assert {cell.check for cell in cells if cell} == set(checks)


def test_cells_may_be_read_while_rows_are_written(store: Store) -> None:
    for n in range(20):
        store.write([Read([finding(n, check=S3_1._replace(control=f"S3.{n}"))], 1)])
    seen = 0
    for row in store.cells(None, cutoff=0):
        seen += 1
        store.write([Read([finding(100 + seen, severity=Severity.LOW, compliance=Compliance.PASSED)], 2)])
        assert row.cell is not None
    assert seen == 20


def test_equal_counts_are_shared(store: Store) -> None:
    for n in range(3):
        store.write([Read([finding(n, account_id=str(n))], 1)])
    counts = [row.cell.counts for row in store.cells(None, cutoff=0) if row.cell]
    assert len({id(each) for each in counts}) == 1


def test_cells_survive_a_restart(path: Path) -> None:
    with opened(path) as store:
        store.write([Read([finding(n, account_id=str(n % 3)) for n in range(9)], 1)])
        before = plain(list(store.cells(None, cutoff=0)))
    with opened(path) as store:
        assert plain(list(store.cells(None, cutoff=0))) == before

"""Rows go when they are gone, and an answer that comes late does not bring them back."""

from pathlib import Path

from posture.domain.consistency import SETTLING
from posture.domain.findings import RecordState
from posture.store.records import Read
from posture.store.sqlite.store import Store
from tests.support.rows import GUARDDUTY, content, finding, key, opened

ONE = finding(1)


def test_a_removed_finding_leaves_its_cell(store: Store) -> None:
    (cell,) = store.write([Read([ONE, finding(2)], 1)]).cells
    removed = store.remove([key(ONE), key(finding(9))], asked_at=2)
    assert (removed.changed, removed.cells) == (1, {cell})
    assert content(store) == {key(finding(2)): finding(2)}
    assert store._database.rows("SELECT count(*) FROM body") == [(1,)]


def test_what_a_later_request_returned_stays(store: Store) -> None:
    store.write([Read([ONE], 5)])
    assert store.remove([key(ONE)], asked_at=5).changed == 0
    assert store.remove([key(ONE)], asked_at=4).changed == 0
    assert store.count() == 1


def test_an_answer_to_an_earlier_request_does_not_bring_it_back(store: Store) -> None:
    store.write([Read([ONE], 1)])
    store.remove([key(ONE)], asked_at=10)
    late = ONE._replace(updated_at=ONE.updated_at + 1)
    assert store.write([Read([late], 9)]).changed == 0
    assert store.write([Read([ONE], 11)]).changed == 1


def test_removals_are_forgotten_once_no_answer_can_be_so_late(store: Store) -> None:
    store.write([Read([ONE], 1)])
    store.remove([key(ONE)], asked_at=10)
    store.write([Read([finding(2)], 10 + SETTLING)])
    assert store._removals.asked
    store.write([Read([finding(2)], 11 + SETTLING)])
    assert not store._removals.asked


def test_removals_do_not_pile_up_while_there_is_always_another(store: Store) -> None:
    step = SETTLING // 4
    for n in range(40):
        store.write([Read([finding(n)], n * step)])
        store.remove([key(finding(n))], asked_at=n * step + 1)
        assert store._removals.asked.keys() == {key(finding(kept)) for kept in range(max(0, n - 4), n + 1)}


def test_one_that_went_twice_is_remembered_from_the_second_time(store: Store) -> None:
    for asked_at in (1, SETTLING):
        store.write([Read([ONE], asked_at)])
        store.remove([key(ONE)], asked_at=asked_at + 1)
    store.write([Read([finding(2)], SETTLING + 3)])
    assert store.write([Read([ONE], SETTLING)]).changed == 0
    store.write([Read([finding(2)], 2 * SETTLING + 2)])
    assert not store._removals.asked


def test_products_that_nobody_wants_go(path: Path) -> None:
    other = GUARDDUTY._replace(product="Inspector")
    unwanted = [finding(f"i{n}", check=other._replace(control=str(n % 3))) for n in range(4_100)]
    wanted = [finding(1), finding(2, check=GUARDDUTY), finding(3, record_state=RecordState.ARCHIVED)]
    with opened(path) as store:
        cells = store.write([Read(unwanted, 1)]).cells
        store.write([Read([*wanted, finding("a", check=other, record_state=RecordState.ARCHIVED)], 1)])
        purged = store.purge_products({"Security Hub", "GuardDuty"})
        assert (purged.changed, purged.cells) == (4_101, cells)
        assert store.purge_products({"Security Hub", "GuardDuty"}).changed == 0
        assert set(content(store)) == {key(each) for each in wanted}
        assert store.write([Read(unwanted[:1], 1)]).changed == 1
    with opened(path) as store:
        assert store.count() == 4


def test_archived_findings_are_forgotten_when_not_seen_for_long(store: Store) -> None:
    archived = [finding(n, record_state=RecordState.ARCHIVED) for n in range(3)]
    store.write([Read([*archived[:2], finding(9)], 1), Read(archived[2:], 5)])
    assert store.forget_archived(5).changed == 2
    assert set(content(store)) == {key(archived[2]), key(finding(9))}


def test_bodies_are_not_mixed_up_after_removals(path: Path) -> None:
    with opened(path) as store:
        store.write([Read([finding(n) for n in range(5)], 1)])
        store.remove([key(finding(4))], asked_at=2)
    with opened(path) as store:
        store.write([Read([finding(n, title=f"Title {n}") for n in range(5, 9)], 3)])
        assert content(store) == {
            key(each): each
            for each in [finding(n) for n in range(4)] + [finding(n, title=f"Title {n}") for n in range(5, 9)]
        }

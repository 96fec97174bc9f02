"""What is stored with a default is named as long as its row stands so, across restarts, and said once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import Finding, RecordState, Rejection
from posture.store.records import Read
from posture.store.sqlite.store import Store
from tests.support.rows import GUARDDUTY, emptied, finding, key, opened

ODD = "Severity.Label: 'SEVERE' is none of the API's"
ONE, TWO = finding(1), finding(2, account_id="444455556666")


def read(asked_at: int, *odd: Finding, clean: tuple[Finding, ...] = (), why: str = ODD) -> Read:
    return Read([*odd, *clean], asked_at, {key(each): why for each in odd})


def named(of: Finding, why: str = ODD) -> Rejection:
    return Rejection(of.id, of.product_arn, of.account_id, why)


def test_each_is_said_once_even_across_a_restart(path: Path) -> None:
    with opened(path) as store:
        assert store.write([read(1, ONE, clean=(TWO,))]).unreadable == [named(ONE)]
        assert store.write([read(2, ONE)]).unreadable == []
    with opened(path) as store:
        assert store.write([read(3, ONE, TWO)]).unreadable == [named(TWO)]
        assert store.count_unreadable() == 2
        assert set(store.unreadable()) == {named(ONE), named(TWO)}
        assert len(store.unreadable(limit=1)) == 1
        assert store.write([read(4, ONE, why="another reason")]).unreadable == [named(ONE, "another reason")]
        assert store.count_unreadable() == 2


def test_a_readable_copy_ends_it(store: Store) -> None:
    store.write([read(1, ONE, TWO)])
    store.write([Read([ONE], 2)])
    assert store.unreadable() == [named(TWO)]
    assert store.write([read(3, ONE)]).unreadable == [named(ONE)]


def test_in_one_write_the_copy_that_counts_decides(store: Store) -> None:
    store.write([read(1, ONE), Read([ONE], 2), Read([TWO], 1), read(2, TWO)])
    assert store.unreadable() == [named(TWO)]
    store.write([Read([TWO], 4), read(3, TWO)])
    assert store.unreadable() == []


@pytest.mark.parametrize("late", [ONE, ONE._replace(updated_at=ONE.updated_at - 1)])
def test_a_copy_that_comes_too_late_says_nothing(store: Store, late: Finding) -> None:
    asked_at = 9 if late.updated_at < ONE.updated_at else 4
    store.write([Read([ONE], 5), read(5, TWO)])
    assert store.write([read(asked_at, late)]).unreadable == []
    assert store.unreadable() == [named(TWO)]
    store.write([Read([TWO._replace(updated_at=late.updated_at)], asked_at)])
    assert store.unreadable() == [named(TWO)]


def test_it_goes_with_its_row(store: Store) -> None:
    archived = finding(3, record_state=RecordState.ARCHIVED)
    other = finding(4, check=GUARDDUTY)
    store.write([read(1, ONE, TWO, archived, other)])
    store.remove([key(ONE)], asked_at=2)
    assert {each.id for each in store.unreadable()} == {TWO.id, archived.id, other.id}
    store.forget_archived(2)
    assert {each.id for each in store.unreadable()} == {TWO.id, other.id}
    store.purge_products({"Security Hub"})
    assert store.unreadable() == [named(TWO)]
    assert store.write([read(1, ONE)]).unreadable == [], "it was gone when this was asked for"
    assert store.unreadable() == [named(TWO)]


def test_a_failed_write_says_and_ends_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write([read(1, ONE)])
    with monkeypatch.context() as patch:
        patch.setattr("posture.store.sqlite.kept.put_state", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.write([read(2, TWO, clean=(ONE,))])
    assert store.unreadable() == [named(ONE)]
    assert store.write([read(3, TWO)]).unreadable == [named(TWO)]


_copies = st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans())


@given(st.lists(st.lists(_copies, min_size=1, max_size=4), max_size=8), st.randoms(use_true_random=False))
def test_what_is_named_is_what_the_newest_copy_says(
    shared_store: Store, answers: list[list[tuple[int, int, bool]]], chance: object
) -> None:
    """Against the greatest (UpdatedAt, start of the request) of all copies, in whatever order they come."""
    store = emptied(shared_store)
    newest: dict[str, tuple[tuple[int, int], bool]] = {}
    reads = []
    for asked_at, answer in enumerate(answers):
        copies = {number: (updated_at, odd) for number, updated_at, odd in answer}
        findings = {number: finding(number, updated_at=at) for number, (at, _) in copies.items()}
        reads.append(
            Read(
                list(findings.values()),
                asked_at,
                {key(findings[n]): ODD for n, (_, odd) in copies.items() if odd},
            )
        )
        for number, (updated_at, odd) in copies.items():
            copy = ((updated_at, asked_at), odd)
            newest[findings[number].id] = max(copy, newest.get(findings[number].id, copy))
    chance.shuffle(reads)  # type: ignore[attr-defined]  # a random.Random
    for each in reads:
        store.write([each])
    assert {each.id for each in store.unreadable()} == {id_ for id_, (_, odd) in newest.items() if odd}

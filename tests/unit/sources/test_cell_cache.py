"""A cell cache is what counting all findings anew would give, however they change and time passes."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import (
    Cell,
    Check,
    CheckSource,
    Compliance,
    Finding,
    RecordState,
    Severity,
    Workflow,
)
from posture.domain.time import cutoff
from posture.sources.cell_cache import Ages, CellCache
from posture.store.records import CellKey, CellRow, Read, key_of
from posture.store.sqlite.store import Store
from tests.support.examples import examples, seeds
from tests.support.oracle import product

MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOW = 1_795_000_000_000_000
WINDOWS = (26 * HOUR, 2 * HOUR)


def finding(random: Random, number: int, now: int) -> Finding:
    check = Check(
        "Security Hub",
        source=CheckSource.SECURITY_HUB,
        control=random.choice(("S3.1", "IAM.3")),
        numbered=False,
        standards=("fsbp",),
    )
    return Finding(
        id=str(number),
        product_arn="arn",
        check=check,
        account_id=random.choice(("111122223333", "444455556666")),
        account_name="",
        region=random.choice(("eu-west-1", "us-east-1")),
        title="",
        severity=random.choice(tuple(Severity)),
        compliance=random.choice(tuple(Compliance)),
        record_state=random.choice((RecordState.ACTIVE, RecordState.ACTIVE, RecordState.ARCHIVED)),
        created_at=0,
        updated_at=now,
        resources=(),
        workflow=random.choice(tuple(Workflow)),
        note="",
        user_fields=(),
    )


def sets(cells: Iterable[Cell]) -> set[Cell]:
    listed = [cell._replace(counts=tuple(sorted(cell.counts))) for cell in cells]
    assert len(set(listed)) == len(listed), "no cell twice"
    return set(listed)


@seeds(5)
def test_a_cell_cache_follows_what_is_written_and_what_ages(tmp_path: Path, seed: int) -> None:
    random, now = Random(seed), NOW
    store = Store.open(tmp_path / "hub.sqlite", owner="test").store
    caches = {window: CellCache(window) for window in WINDOWS}
    touched = set()
    for _ in range(25):
        # Now and then AWS's clock is found to have been ahead.
        now += random.randrange(2 * HOUR) if random.random() < 0.9 else -random.randrange(HOUR)
        changed = [finding(random, random.randrange(60), now) for _ in range(random.randrange(12))]
        touched |= store.write([Read(changed, now)]).cells
        if random.random() < 0.3:
            gone = [key_of("arn", str(random.randrange(60)))]
            touched |= store.remove(gone, asked_at=now + 1).cells
        if random.random() < 0.3:
            continue
        for window, cache in caches.items():
            cache.refresh(store, touched, now)
            expected = product.cells_of(store.findings(), cutoff(now, window))
            assert sets(cache.cells()) == sets(expected)
        touched.clear()
    store.close()


class Counting:
    """A store that notes which cells are asked for."""

    def __init__(self, store: Store) -> None:
        self.asked = set[CellKey]()
        self._store = store

    def cells(self, keys: Collection[CellKey] | None, *, cutoff: int) -> Iterator[CellRow]:
        for row in self._store.cells(keys, cutoff=cutoff):
            self.asked.add(row.key)
            yield row


@examples(60)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 9)), max_size=30),
    st.lists(st.integers(0, 9), max_size=4),
)
def test_a_cell_is_due_by_the_minute_in_which_its_oldest_was_last_said_to_be(
    noted: list[tuple[int, int | None]], cutoffs: list[int]
) -> None:
    ages, said = Ages(), dict[int, int | None]()
    turns = [noted[turn :: len(cutoffs)] for turn in range(len(cutoffs))]
    for part, minute in zip(turns, sorted(cutoffs), strict=True):
        for cell, oldest in part:
            at = None if oldest is None else max(oldest, minute) * MINUTE + cell
            ages.note(cell, at)
            said[cell] = at
        due = set(ages.due(minute * MINUTE))
        assert due == {cell for cell, at in said.items() if at is not None and at // MINUTE <= minute}
        for cell in due:
            said[cell] = max(said[cell] or 0, minute * MINUTE)
            ages.note(cell, said[cell])
        ages.forget(minute * MINUTE)
    assert all(minute >= max(cutoffs) for minute in ages._minutes), "what is over is let go of"


def test_only_what_changed_or_aged_is_read_again(tmp_path: Path) -> None:
    """However many windows there are, and however long nothing happens."""
    random = Random(0)
    store = Store.open(tmp_path / "hub.sqlite", owner="test").store
    counting = Counting(store)
    as_store = cast("Store", counting)
    early, late = (
        [
            finding(random, 50 * n + number, NOW + n * HOUR)._replace(
                account_id=f"{n}{number}", record_state=RecordState.ACTIVE
            )
            for number in range(50)
        ]
        for n in range(2)
    )
    cells = [store.write([Read(each, NOW)]).cells for each in (early, late)]
    for window in WINDOWS:
        cache = CellCache(window)
        assert cache.refresh(as_store, set(), NOW + HOUR) == 100
        for now, changed, aged in (
            (NOW + HOUR, set[CellKey](), set[CellKey]()),
            (NOW + window - HOUR, {*list(cells[1])[:3]}, set()),
            (NOW + window - MINUTE, set(), set()),
            (NOW + window + MINUTE, set(), cells[0]),
            (NOW + window + HOUR // 2, set(), set()),
            (NOW + window + HOUR + 1, {*list(cells[0])[:3]}, cells[1]),
            (NOW + 99 * window, set(), set()),
        ):
            counting.asked.clear()
            assert cache.refresh(as_store, changed, now) == len(changed | aged)
            assert counting.asked == changed | aged
    store.close()


def test_a_window_that_begins_within_a_minute_changes_nothing_that_has_not_aged(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "hub.sqlite", owner="test").store
    at = NOW // MINUTE * MINUTE
    store.write([Read([finding(Random(1), 1, at + 30)._replace(record_state=RecordState.ACTIVE)], NOW)])
    cache = CellCache(HOUR)
    cache.refresh(store, set(), at)
    assert cache.refresh(store, set(), at + HOUR + 30) == 0
    assert cache.refresh(store, set(), at + HOUR + 31) == 1
    assert cache.refresh(store, set(), at + HOUR + 32) == 0
    store.close()

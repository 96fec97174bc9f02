"""Whatever takes long ends when it is asked to, leaves nothing half done, and can be done again."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from posture.domain.findings import RecordState
from posture.store.errors import Stop, StoreUnavailable
from posture.store.records import Members, Read
from posture.store.sqlite.store import Store
from tests.support.rows import EC2_2, GUARDDUTY, OWNER, S3_1, content, finding, key, opened

LONG = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000)"
    " SELECT count(*) FROM n"
)
SOON = 2.0


class Begun(Stop):
    """Tells when a query that can be interrupted is about to begin; `then` is called at that moment."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.then = then

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        with super().interrupting(interrupt):
            self.begun.set()
            self.then()
            yield


class Afterwards(Begun):
    """Is asked to stop at the second look after a query has begun: when it is over."""

    looks = 2

    def check(self) -> None:
        self.looks -= self.begun.is_set()
        if self.looks == 0:
            self.ask()
        super().check()


class Later(Stop):
    """Is asked to stop before the n-th part of long work."""

    def __init__(self, parts: int) -> None:
        super().__init__()
        self.parts = parts

    def between(self) -> None:
        self.parts -= 1
        if self.parts == 0:
            self.ask()
        super().between()


class Unlooked(Begun):
    """Is asked to stop after the last look before a query, when nothing can be interrupted yet."""

    def check(self) -> None:
        if self.begun.is_set():
            self.ask()


def unclean(path: Path) -> None:
    """Leave a store behind as a crash would."""
    with opened(path) as store:
        store.write([Read([finding()], 1)])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("INSERT INTO meta VALUES ('in use', 'yes')")
    connection.close()


def assert_whole(path: Path) -> None:
    store, quarantined = Store.open(path, owner=OWNER)
    assert quarantined is None
    assert content(store) == {key(finding()): finding()}
    store.close()


def test_a_check_of_the_file_that_takes_long_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unclean(path)
    stop, caught = Begun(), list[StoreUnavailable]()

    def open_it() -> None:
        try:
            Store.open(path, owner=OWNER, stop=stop)
        except StoreUnavailable as error:
            caught.append(error)

    with monkeypatch.context() as patch:
        patch.setattr("posture.store.sqlite.files.CHECK", LONG)
        opening = threading.Thread(target=open_it, daemon=True)
        opening.start()
        assert stop.begun.wait(SOON)
        stop.ask()
        opening.join(SOON)
        assert not opening.is_alive()
    assert [error.reason for error in caught] == ["StoreClosed"]
    assert_whole(path)


def test_a_stop_just_before_the_query_begins_is_not_lost(store: Store) -> None:
    store._database._stop = Unlooked()
    with pytest.raises(StoreUnavailable) as caught:
        store._database.rows_unless_stopped(LONG)
    assert caught.value.reason == "StoreClosed"
    store._database._stop = Stop()
    assert store.count() == 0, "the connection is as good as before"


def test_what_is_found_while_stopping_is_not_believed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unclean(path)
    with monkeypatch.context() as patch:
        patch.setattr("posture.store.sqlite.files.CHECK", "SELECT 'a page is missing'")
        with pytest.raises(StoreUnavailable):
            Store.open(path, owner=OWNER, stop=Afterwards())
    assert_whole(path)


def test_what_was_stopped_before_is_not_opened(path: Path) -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(StoreUnavailable):
        Store.open(path, owner=OWNER, stop=stop)
    assert not path.exists()


def test_after_its_block_nothing_is_interrupted() -> None:
    stop, interrupted = Stop(), list[bool]()
    with stop.interrupting(lambda: interrupted.append(True)):
        stop.ask()
    stop.ask()
    assert interrupted == [True]


def test_a_purge_is_ended_between_its_transactions_and_goes_on_later(path: Path) -> None:
    unwanted = [finding(f"g{n}", check=GUARDDUTY) for n in range(5_000)]
    store = Store.open(path, owner=OWNER, stop=Later(3)).store
    store.write([Read([finding(), *unwanted], 1, {key(each): "odd" for each in unwanted})])
    with pytest.raises(StoreUnavailable):
        store.purge_products({"Security Hub"})
    store.write([Read([finding(2)], 2)], state={"written": "yes"})
    store.close()
    with opened(path) as store:
        assert store.state("written") == "yes"
        assert store.count() == store.count_unreadable() + 2 == 1_002
        assert store.purge_products({"Security Hub"}).changed == 1_000
        assert set(content(store)) == {key(finding()), key(finding(2))}


def gone(count: int) -> list[tuple[int, list[bytes]]]:
    """What requests by Id, 20 at a time, did not return."""
    keys = [key(finding(n)) for n in range(count)]
    return [(2 + at, keys[at : at + 20]) for at in range(0, count, 20)]


def test_a_removal_is_ended_between_its_parts_and_leaves_all_as_it_was(path: Path) -> None:
    there = [finding(n) for n in range(200)]
    store = Store.open(path, owner=OWNER, stop=Later(7)).store
    store.write([Read(there, 1)])
    with pytest.raises(StoreUnavailable):
        store.remove_all(gone(150), state={"removed": "yes"})
    assert store.write([Read(there[:1], 1)]).changed == 0, "what was not removed is not taken for gone"
    store.close()
    with opened(path) as store:
        assert content(store) == {key(each): each for each in there}, "not even a part of it is missing"
        assert store.state("removed") is None
        assert store.remove_all(gone(150), state={"removed": "yes"}).changed == 150
        assert content(store) == {key(each): each for each in there[150:]}


def test_a_removal_lets_others_pass_between_its_parts(path: Path) -> None:
    passed = list[int]()
    store = Store.open(path, owner=OWNER, stop=Stop(meanwhile=lambda: passed.append(1))).store
    store.write([Read([finding(n) for n in range(100)], 1)])
    assert passed == []
    store.remove_all(gone(100))
    assert len(passed) == 5
    store.close()


def test_nothing_is_read_any_more_once_it_is_stopped_but_what_is_written_is_kept(path: Path) -> None:
    stop = Stop()
    store = Store.open(path, owner=OWNER, stop=stop).store
    store.write([Read([finding(n, check=(S3_1, EC2_2)[n % 2]) for n in range(3_000)], 1)])
    cells = [row.key for row in store.cells(None, cutoff=0)]
    readings: list[Iterator[object]] = [
        store.unread(Members.ALL, 2),
        store.cells(None, cutoff=0),
        store.findings(),
        store.surveyed(cells, RecordState.ACTIVE),
    ]
    begun = [next(reading) for reading in readings[:3]]
    stop.ask()
    for reading in readings:
        with pytest.raises(StoreUnavailable):
            list(reading)
    assert len(begun) == 3
    assert store.write([Read([finding(1, title="Renamed")], 2)]).changed == 1
    store.close()
    with opened(path) as store:
        assert content(store)[key(finding(1))].title == "Renamed"

"""Whatever takes long ends when it is asked to, leaves nothing half done, and can be done again."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from posture.store import Read, Stop, Store, StoreUnavailable
from tests.unit.store.making import GUARDDUTY, OWNER, content, finding, key, opened

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


class Later(Stop):
    """Is asked to stop at the n-th look."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def check(self) -> None:
        self.looks -= 1
        if self.looks == 0:
            self.ask()
        super().check()


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
    store, moved_aside = Store.open(path, owner=OWNER)
    assert moved_aside is None
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
        patch.setattr("posture.store.opening.CHECK", LONG)
        opening = threading.Thread(target=open_it, daemon=True)
        opening.start()
        assert stop.begun.wait(SOON)
        stop.ask()
        opening.join(SOON)
        assert not opening.is_alive()
    assert [error.reason for error in caught] == ["StoreClosed"]
    assert_whole(path)


def test_a_stop_just_before_the_query_begins_is_not_lost(store: Store) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        store._database.rows_unless_stopped(LONG, Unlooked())
    assert caught.value.reason == "StoreClosed"
    assert store.count() == 0, "the connection is as good as before"


def test_what_is_found_while_stopping_is_not_believed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unclean(path)
    with monkeypatch.context() as patch:
        patch.setattr("posture.store.opening.CHECK", "SELECT 'a page is missing'")
        with pytest.raises(StoreUnavailable):
            Store.open(path, owner=OWNER, stop=Later(3))
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
    stop = Later(4)
    store = Store.open(path, owner=OWNER, stop=stop).store
    store.write([Read([finding(), *unwanted], 1, {each.id: "odd" for each in unwanted})])
    stop.looks = 3
    with pytest.raises(StoreUnavailable):
        store.purge_products({"Security Hub"})
    assert store.count() == store.count_unreadable() + 1 == 1_001
    store.write([Read([finding(2)], 2)], state={"written": "yes"})
    store.close()
    with opened(path) as store:
        assert store.state("written") == "yes"
        assert store.purge_products({"Security Hub"}).changed == 1_000
        assert set(content(store)) == {key(finding()), key(finding(2))}

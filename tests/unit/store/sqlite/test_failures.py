"""Failures of the disk and of those who share it: typed, and nothing of the failed call is kept."""

import errno
import shutil
from pathlib import Path

import pytest

from posture.domain.findings import Rejection, Workflow
from posture.store.errors import StoreLost, StoreUnavailable
from posture.store.records import CustomerWrite, Read
from posture.store.sqlite.store import Store
from tests.support.rows import OWNER, S3_1, content, finding, key, opened, stored

MANY = [
    finding(
        n,
        title=f"Title {n}",
        check=S3_1._replace(control=f"S3.{n}"),
        account_name=f"name {n}",
        updated_at=n + 1,
    )
    for n in range(2_000)
]


def fill_disk(store: Store) -> None:
    """Let the file grow no more: SQLite reports it like a full disk."""
    pages = store._database.rows("PRAGMA page_count")[0][0]
    store._database.rows(f"PRAGMA max_page_count = {pages}")


def free_disk(store: Store) -> None:
    store._database.rows("PRAGMA max_page_count = 1000000")


def test_a_full_disk_keeps_nothing_of_the_call_and_may_be_tried_again(path: Path) -> None:
    with opened(path) as store:
        store.write([Read([finding("first")], 1)], state={"cursor": "1"})
        fill_disk(store)
        with pytest.raises(StoreUnavailable) as caught:
            store.write([Read(MANY, 2)], state={"cursor": "2"})
        assert caught.value.reason == "StoreDiskFull"
        assert "--data-dir" in caught.value.advice
        assert (store.count(), store.state("cursor")) == (1, "1")
        assert store.checks() == [S3_1]
        assert store.account_names() == {"111122223333": "acme-shop-dev"}
        free_disk(store)
        assert store.write([Read(MANY[::-1], 3)], state={"cursor": "2"}).changed == len(MANY)
        expected = content(store)
        assert set(expected) == {key(finding("first")), *map(key, MANY)}
    with opened(path) as store:
        assert content(store) == expected
        assert {each.title for each in content(store).values()} == {finding().title, *(f.title for f in MANY)}


def test_what_a_failed_call_would_have_ended_has_not_ended(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = finding()
    store.write([Read([one], 1)])
    store.record_writes([CustomerWrite(key(one), workflow=Workflow.SUPPRESSED)], written_at=2)
    store.reject([Rejection(one.id, one.product_arn, "", "bad")], asked_at=1)
    ours = one._replace(workflow=Workflow.SUPPRESSED)
    with monkeypatch.context() as patch:
        patch.setattr("posture.store.sqlite.kept.put_state", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.write([Read([ours], 3)])
    store.remove([], asked_at=3)
    assert store.count_rejected() == 1
    store.write([Read([one], 4)])
    assert stored(store, [one]) == [ours]


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_file_deleted_under_the_store_is_noticed_by_reads_and_writes(path: Path, suffix: str) -> None:
    for use in (
        lambda store: store.count(),
        lambda store: store.write([Read([finding()], 1)]),
        lambda store: list(store.cells(None, cutoff=0)),
        lambda store: store.put_state({"a": "b"}),
    ):
        store = Store.open(path, owner=OWNER).store
        store.write([Read([finding()], 1)])
        Path(f"{path}{suffix}").unlink()
        with pytest.raises(StoreLost) as caught:
            use(store)
        assert caught.value.reason == "StoreDeleted"
        store.close()


def test_a_directory_deleted_under_the_store_is_made_again(path: Path) -> None:
    store = Store.open(path, owner=OWNER).store
    store.write([Read([finding()], 1)])
    shutil.rmtree(path.parent)
    with pytest.raises(StoreLost):
        store.count()
    with opened(path) as again:
        assert again.count() == 0
        again.write([Read([finding()], 2)])
        store.close()
        assert again.count() == 1


def test_a_directory_that_became_a_file_is_said(path: Path) -> None:
    store = Store.open(path, owner=OWNER).store
    shutil.rmtree(path.parent)
    path.parent.write_text("")
    with pytest.raises(StoreLost):
        store.count()
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(path, owner=OWNER)
    assert caught.value.reason == "StoreNotWritable"


def test_a_failing_disk_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", fail)
        with pytest.raises(StoreUnavailable) as caught:
            store.count()
    assert caught.value.reason == "StoreUnreadable"
    assert store.count() == 0


def test_a_file_replaced_under_the_store_is_noticed(path: Path) -> None:
    with opened(path.with_name("other.db")) as other:
        other.write([Read(MANY, 1)])
    store = Store.open(path, owner=OWNER).store
    path.with_name("other.db").replace(path)
    with pytest.raises(StoreLost, match=r"hub\.db was deleted or replaced"):
        store.write([Read([finding()], 1)])


def test_it_is_noticed_in_the_middle_of_an_iteration(path: Path) -> None:
    store = Store.open(path, owner=OWNER).store
    store.write([Read(MANY, 1)])
    cells = store.cells(None, cutoff=0)
    next(cells)
    path.unlink()
    with pytest.raises(StoreLost):
        list(cells)


def test_a_defect_of_ours_is_not_dressed_up(store: Store) -> None:
    with pytest.raises(TypeError):
        store.write([Read([finding(updated_at="late")], 1)])
    assert store.count() == 0
    assert store.write([Read([finding()], 1)]).changed == 1


def test_errors_say_what_to_do() -> None:
    error = StoreUnavailable("The store x: full", reason="StoreDiskFull", advice="free space")
    assert str(error) == "The store x: full: free space"

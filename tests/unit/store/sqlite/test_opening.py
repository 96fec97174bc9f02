"""Whatever lies at the path, a store is opened; what cannot be used is kept beside it, with the reason."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from posture.store.errors import StoreLost, StoreUnavailable
from posture.store.records import Read
from posture.store.sqlite import schema
from posture.store.sqlite.store import Store
from tests.support.rows import OWNER, content, finding, key, opened

ROWS = [finding(n, title=f"Title {n}" * 9) for n in range(400)]


def fill(path: Path, *, owner: str = OWNER) -> None:
    with opened(path, owner) as store:
        store.write([Read(ROWS, 1)])


def edit(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def reopened(path: Path) -> str:
    """Open what is at the path, which must not fit: the reason. The store must work."""
    store, quarantined = Store.open(path, owner=OWNER)
    assert quarantined is not None
    assert store.count() == 0
    assert store.states() == {}
    store.write([Read(ROWS[:3], 1)])
    assert store.count() == 3
    store.close()
    return quarantined


def test_a_clean_store_is_as_it_was(path: Path) -> None:
    fill(path)
    assert Store.open(path, owner=OWNER).quarantined is None
    assert not list(path.parent.glob("*.broken-*"))


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ([f"PRAGMA application_id = {schema.APPLICATION_ID + 1}"], "another program"),
        ([f"PRAGMA user_version = {schema.MIGRATED_VERSION - 1}"], "an older version"),
        ([f"PRAGMA user_version = {schema.MIGRATED_VERSION}"], "the tables"),
        ([f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}"], "a newer version"),
        (["UPDATE meta SET value = 'hub-2' WHERE key = 'owner'"], "another hub"),
        (["DELETE FROM meta"], "another hub"),
        (["DROP INDEX finding_exceptional"], "the tables"),
        (["CREATE TABLE more (id INTEGER)"], "the tables"),
        (["UPDATE chk SET value = x'00'"], "damaged"),
        (["DELETE FROM account", "INSERT INTO account VALUES (7, 'x', '', 0)"], "damaged"),
    ],
)
def test_what_does_not_fit_is_moved_aside(path: Path, statements: list[str], reason: str) -> None:
    fill(path)
    edit(path, *statements)
    before = path.read_bytes()
    assert reason in reopened(path)
    assert Path(f"{path}.broken-1").read_bytes() == before


LACKED = {
    7: ["DROP TABLE outbox", "DROP TABLE outlet", "DROP TABLE whole", "DROP TABLE told"],
    6: [
        "DROP TABLE moment",
        "ALTER TABLE finding DROP COLUMN failing",
        "ALTER TABLE finding DROP COLUMN seen",
    ],
}


def fill_as_before(path: Path, version: int = schema.MIGRATED_VERSION) -> None:
    """Leave what an earlier version left."""
    fill(path)
    lacked = [each for number, each in LACKED.items() if number >= version]
    edit(path, *(statement for each in lacked for statement in each), f"PRAGMA user_version = {version}")


@pytest.mark.parametrize("version", range(schema.MIGRATED_VERSION, schema.SCHEMA_VERSION))
def test_a_store_of_a_version_before_is_opened_and_not_read_again(path: Path, version: int) -> None:
    fill_as_before(path, version)
    for _ in range(2):
        with opened(path) as store:
            assert {each.id for each in content(store).values()} == {each.id for each in ROWS}
            store.put_moments({"a": {b"k": 1}}, subjects=())
            assert store.moments("a") == {b"k": 1}
    assert not list(path.parent.glob("*.broken-*"))


def test_a_damaged_store_of_the_version_before_is_moved_aside(path: Path) -> None:
    fill_as_before(path)
    edit(path, "DROP INDEX finding_open")
    assert "the tables" in reopened(path)


def test_a_file_that_is_no_database_is_moved_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("these are notes, not a database\n" * 99, encoding="utf-8")
    assert "not a database" in reopened(path)
    assert "notes" in Path(f"{path}.broken-1").read_text(encoding="utf-8")


def test_another_programs_database_is_moved_aside(path: Path) -> None:
    path.parent.mkdir()
    edit(path, "CREATE TABLE recipes (name)", "INSERT INTO recipes VALUES ('soup')")
    assert "another program" in reopened(path)
    assert sqlite3.connect(f"{path}.broken-1").execute("SELECT name FROM recipes").fetchall() == [("soup",)]


@pytest.mark.parametrize("content_of_file", [b"", None])
def test_an_empty_file_or_an_unfinished_creation_becomes_a_store(
    path: Path, content_of_file: bytes | None
) -> None:
    path.parent.mkdir()
    if content_of_file is None:
        edit(path, "PRAGMA journal_mode = WAL")
    else:
        path.write_bytes(content_of_file)
    with opened(path) as store:
        store.write([Read(ROWS, 1)])
    with opened(path) as store:
        assert store.count() == len(ROWS)


def test_a_file_cut_short_is_moved_aside(path: Path) -> None:
    fill(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert "damaged" in reopened(path)


def damage_bodies(path: Path) -> None:
    """Overwrite the head of a page that holds what is seldom needed: the body of the fourth row."""
    data = bytearray(path.read_bytes())
    page = data.rindex(b"s3:::bucket-3\x90") // 4096 * 4096
    data[page : page + 64] = b"\xff" * 64
    path.write_bytes(data)


def test_after_a_stop_that_was_not_clean_all_pages_are_checked(path: Path) -> None:
    fill(path)
    edit(path, "INSERT INTO meta VALUES ('in use', 'yes')")
    with opened(path) as store:
        assert store.count() == len(ROWS)
    edit(path, "INSERT INTO meta VALUES ('in use', 'yes')")
    damage_bodies(path)
    assert "damaged" in reopened(path)


def test_damage_that_is_met_later_costs_the_store_and_no_more(path: Path) -> None:
    fill(path)
    damage_bodies(path)
    store, quarantined = Store.open(path, owner=OWNER)
    assert quarantined is None
    with pytest.raises(StoreLost, match=r"hub\.db\.broken-1") as caught:
        content(store)
    assert caught.value.reason == "StoreDamaged"
    with pytest.raises(StoreLost, match="closed"):
        store.count()
    store.close()
    with opened(path) as store:
        assert store.count() == 0


def test_damage_that_opening_meets_is_moved_aside(path: Path) -> None:
    fill(path)
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 64] = b"\xff" * 64
    path.write_bytes(data)
    assert "damaged" in reopened(path)


def test_a_header_of_a_format_that_sqlite_does_not_know_is_moved_aside(path: Path) -> None:
    """The schema format number (SQLite's file format, section 1.3.9): SQLite has no code for this error."""
    fill(path)
    data = bytearray(path.read_bytes())
    data[47] = 0xFF
    path.write_bytes(data)
    assert "unsupported file format" in reopened(path)


def test_two_that_were_moved_aside_are_kept(path: Path) -> None:
    path.parent.mkdir()
    for n in range(4):
        path.write_text(f"notes {n} " * 99, encoding="utf-8")
        Path(f"{path}-wal").write_text("journal of another file", encoding="utf-8")
        reopened(path)
    assert sorted(p.name for p in path.parent.glob("*.broken-*") if not p.name.endswith("-wal")) == [
        "hub.db.broken-1",
        "hub.db.broken-2",
    ]
    assert "notes 3" in Path(f"{path}.broken-1").read_text(encoding="utf-8")
    assert "notes 2" in Path(f"{path}.broken-2").read_text(encoding="utf-8")


def test_the_journal_of_a_deleted_file_is_not_replayed(path: Path) -> None:
    store = Store.open(path, owner=OWNER).store
    store.write([Read(ROWS, 1)])
    orphan = Path(f"{path}-wal").read_bytes()
    store.close()
    path.unlink()
    Path(f"{path}-wal").write_bytes(orphan)
    with opened(path) as store:
        assert store.count() == 0


def test_a_store_that_another_process_holds_is_left_alone(path: Path) -> None:
    fill(path)
    code = (
        "import sys; from pathlib import Path; from posture.store.sqlite.store import Store;"
        f"store = Store.open(Path(sys.argv[1]), owner={OWNER!r}).store; print('open', flush=True);"
        "sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin
    assert holder.stdout
    with holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreUnavailable) as caught:
            Store.open(path, owner=OWNER)
        assert caught.value.reason == "StoreLocked"
        assert "--data-dir" in caught.value.advice
        holder.kill()
    with opened(path) as store:
        assert store.count() == len(ROWS)


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(tmp_path / "file" / "hub.db", owner=OWNER)
    assert caught.value.reason == "StoreNotWritable"


def test_a_directory_in_its_place_is_said(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(path, owner=OWNER)
    assert caught.value.reason == "StoreNotWritable"


def test_what_cannot_be_moved_aside_is_said(path: Path) -> None:
    (path.parent / "hub.db.broken-1" / "kept").mkdir(parents=True)
    (path.parent / "hub.db.broken-2" / "kept").mkdir(parents=True)
    path.write_text("notes " * 999, encoding="utf-8")
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            Store.open(path, owner=OWNER)
        assert caught.value.reason == "StoreNotWritable"
        assert str(path) in caught.value.advice
    assert "notes" in path.read_text(encoding="utf-8")


def test_keys_are_those_of_the_findings(path: Path) -> None:
    fill(path)
    with opened(path) as store:
        assert set(content(store)) == {key(each) for each in ROWS}

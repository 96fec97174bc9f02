"""A store goes when nobody declares its hub, nobody has written to it for long, and nobody has it open."""

import logging
import os
import shutil
from pathlib import Path

import pytest

from posture.store.records import Read
from posture.store.sqlite.files import remove_unused
from posture.store.sqlite.store import Store
from tests.support.rows import finding

NOW = 1_800_000_000.0
DAY = 86_400.0
AFTER = 7 * DAY


def made(directory: Path, digit: str, *, days: float) -> Path:
    """A store with findings and everything that may lie beside it, last written to so long ago."""
    path = directory / f"posture-hub-{digit * 16}.sqlite"
    store = Store.open(path, owner="hub").store
    store.write([Read([finding(n) for n in range(50)], 1)])
    store.close()
    for suffix in (".broken-1", ".broken-2", "-wal"):
        path.with_name(path.name + suffix).write_bytes(b"")
    age(path, days)
    return path


def age(path: Path, days: float) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        os.utime(file, (NOW - days * DAY,) * 2)


def left(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()}


def remove(directory: Path, *in_use: Path) -> list[Path]:
    return remove_unused(directory, in_use, NOW - AFTER)


def test_what_is_old_and_not_declared_goes_with_all_that_belongs_to_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    old, other = made(tmp_path, "a", days=8), made(tmp_path, "b", days=8)
    kept = {name for name in left(tmp_path) if name.startswith(other.name)}
    assert remove(tmp_path, other) == [old]
    assert left(tmp_path) == kept
    assert len(kept) == 4
    assert len(caplog.messages) == 1
    assert str(old) in caplog.messages[0]
    assert Store.open(other, owner="hub").store.count() == 50


def test_what_is_declared_stays_however_old_it_is(tmp_path: Path) -> None:
    declared = made(tmp_path, "a", days=1000)
    before = left(tmp_path)
    assert remove(tmp_path, declared) == []
    assert left(tmp_path) == before


@pytest.mark.parametrize("suffix", ["", "-wal", ".broken-1"])
def test_what_was_written_to_lately_stays_whichever_of_its_files_it_was(tmp_path: Path, suffix: str) -> None:
    path = made(tmp_path, "a", days=8)
    os.utime(path.with_name(path.name + suffix), (NOW - 6 * DAY,) * 2)
    before = left(tmp_path)
    assert remove(tmp_path) == []
    assert left(tmp_path) == before


def test_what_is_open_stays_though_it_looks_old(tmp_path: Path) -> None:
    path = made(tmp_path, "a", days=8)
    store = Store.open(path, owner="hub").store
    age(path, 8)
    assert remove(tmp_path) == []
    assert store.write([Read([finding(99)], 2)]).changed == 1
    store.close()
    age(path, 8)
    assert remove(tmp_path) == [path]


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    path = made(tmp_path, "a", days=8)
    others = [
        "notes.sqlite", "posture-hub-0.sqlite", f"{path.name}.backup", f"my-{path.name}",
        "posture-hub-gggggggggggggggg.sqlite", f"{path.name}.broken-1.txt",
    ]  # fmt: skip
    for name in others:
        shutil.copy(path, tmp_path / name)
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / f"posture-hub-{'c' * 16}.sqlite").mkdir()
    assert path in remove(tmp_path)
    assert left(tmp_path) == {*others, f"posture-hub-{'c' * 16}.sqlite"}


@pytest.mark.parametrize("at", [0, 47])
def test_a_damaged_one_goes_too(at: int, tmp_path: Path) -> None:
    """One that is no database any more, and one of a format that SQLite does not know."""
    path = made(tmp_path, "a", days=8)
    data = bytearray(path.read_bytes())
    data[at] = 0xFF
    path.write_bytes(data)
    age(path, 8)
    assert remove(tmp_path) == [path]
    assert left(tmp_path) == set()


def test_what_cannot_be_removed_is_said_and_the_others_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, free = made(tmp_path, "a", days=8), made(tmp_path, "b", days=8)
    unlink = Path.unlink

    def refuse(self: Path, **keywords: bool) -> None:
        if self == stuck:
            raise PermissionError(13, "Permission denied", str(self))
        unlink(self, **keywords)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert remove(tmp_path) == [free]
    assert stuck.exists()
    assert any("could not be removed" in message and stuck.name in message for message in caplog.messages)

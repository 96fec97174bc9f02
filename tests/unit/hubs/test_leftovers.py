"""Stores are removed by what is declared, and never while that is not known."""

import asyncio
import os
from pathlib import Path
from typing import NoReturn

import pytest

from posture.hubs import stores
from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.hubs.stores import remove_leftovers
from posture.sources.findings_view import FindingsView
from posture.sources.thread import Worker
from posture.store.sqlite.store import Store
from posture.store.sqlite.stores import SqliteStores


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_EVERY", 0.0)


def made(data_dir: Path, key: HubKey) -> Path:
    path = SqliteStores(data_dir).path(key.name)
    Store.open(path, owner="test").store.close()
    os.utime(path, (0, 0))
    return path


def names(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()}


async def test_only_what_is_known_not_to_be_declared_goes(tmp_path: Path) -> None:
    mine, other = (HubKey(None, None, region) for region in ("eu-west-1", "us-east-1"))
    kept, unused = made(tmp_path, mine), made(tmp_path, other)
    known: list[set[str] | None] = [None, None, {mine.name}]
    asked = list[bool]()

    def declared() -> set[str] | None:
        asked.append(unused.exists())
        return known[min(len(asked), len(known)) - 1]

    looking = asyncio.create_task(remove_leftovers(SqliteStores(tmp_path), declared))
    async with asyncio.timeout(10):
        while len(asked) < 5:  # noqa: ASYNC110 - it tells nobody how often it has looked
            await asyncio.sleep(0.01)
    looking.cancel()
    assert asked[:4] == [True, True, True, False], "nothing goes while what is declared is not known"
    assert kept.exists()


async def test_a_directory_that_cannot_be_searched_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    looking = asyncio.create_task(remove_leftovers(SqliteStores(tmp_path / "gone"), set))
    async with asyncio.timeout(10):
        while len(caplog.messages) < 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    assert not looking.done()
    looking.cancel()
    assert "could not be looked for" in caplog.messages[0]


class NeverOpens:
    """A maker of sources that takes for ever: nothing is asked of any cloud."""

    most_at_once = 1

    def now(self) -> int:
        return 0

    async def open(self, worker: Worker, findings: FindingsView) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError(worker, findings)


async def test_a_hub_keeps_its_store_where_it_is_looked_for(tmp_path: Path) -> None:
    """Were the two paths not the same, every store would be a leftover."""
    opened = asyncio.Event()

    async def account() -> str:
        opened.set()
        return "111122223333"

    key = HubKey(None, None, "eu-west-1")
    hub = Hub(key, HubDependencies(NeverOpens(), account, SqliteStores(tmp_path)))
    living = asyncio.create_task(hub.run())
    async with asyncio.timeout(10):
        await opened.wait()
        while not SqliteStores(tmp_path).path(key.name).exists():  # noqa: ASYNC110 - nobody tells of a file
            await asyncio.sleep(0.01)
    await hub.stop()
    await living
    assert names(tmp_path) == {SqliteStores(tmp_path).path(key.name).name}

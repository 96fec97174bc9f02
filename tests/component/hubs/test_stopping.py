"""A hub stops at once, whatever its thread is doing, and nothing of it stays open."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.hubs.demand import Demand, HubKey
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.sources.securityhub.source import SecurityHubs
from posture.store.errors import StoreUnavailable
from posture.store.sqlite.database import Database
from posture.store.sqlite.store import Store
from posture.store.sqlite.stores import SqliteStores
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.living import administrator, demand, living
from tests.support.hubs.world import REGION, World, stored

LONG = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000)"
    " SELECT count(*) FROM n"
)
SOON = 2.0
PATIENCE = 20.0


@pytest.fixture
def hub(client: SecurityHub, tmp_path: Path) -> Hub:
    return Hub(
        HubKey(None, None, REGION),
        HubDependencies(SecurityHubs(client), administrator, SqliteStores(tmp_path), first_pause=0.01),
    )


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


async def happened(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, PATIENCE)


async def filled(world: World, hub: Hub, wanted: Demand) -> Path:
    """Fill the hub's store in a life before, which ends like a crash; returns its path."""
    world.load(world.some(30))
    before = Hub(hub.key, hub._dependencies)
    before.ask([wanted])
    async with living(before) as changes:
        await changes.until(lambda: before.status.exact)
    path = cast("SqliteStores", hub._dependencies.stores).path(hub.name)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("INSERT INTO meta VALUES ('in use', 'yes')")
    connection.close()
    return path


async def test_while_the_file_is_checked(world: World, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await filled(world, hub, demand())
    checking, check = threading.Event(), Database.rows_unless_stopped

    def tell(self: Database, *arguments: Any) -> Any:
        checking.set()
        return check(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr("posture.store.sqlite.files.CHECK", LONG)
        patch.setattr(Database, "rows_unless_stopped", tell)
        hub.ask([demand()])
        async with living(hub):
            await happened(checking)
            async with asyncio.timeout(SOON):
                await hub.stop()
    assert hub.status.error is None, "stopping is no failure"
    store, quarantined = Store.open(path, owner=owner_of(path))
    assert quarantined is None
    assert stored(store) == world.truth()
    store.close()


async def test_a_store_that_is_opened_while_nobody_waits_is_closed(
    world: World, hub: Hub, monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    path = await filled(world, hub, demand())
    opening, really_open = threading.Event(), Store.open
    stores: list[Store] = []

    def open_late(path: Path, *, owner: str, **_: Any) -> Any:
        opening.set()
        gate.wait(PATIENCE)
        opened = really_open(path, owner=owner)
        stores.append(opened.store)
        return opened

    with monkeypatch.context() as patch:
        patch.setattr(Store, "open", open_late)
        hub.ask([demand()])
        async with living(hub):
            await happened(opening)
            stopping = asyncio.create_task(hub.stop())
            await asyncio.sleep(0)
            gate.set()
            async with asyncio.timeout(SOON):
                await stopping
    assert [store._database.closed for store in stores] == [True]
    assert Store.open(path, owner=owner_of(path)).quarantined is None


async def test_while_a_product_is_removed(
    world: World, open_sync: OpenSync, monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    """The store is closed during a purge: it ends, and what is left goes when it is opened again."""
    world.load(world.some(20))
    world.load(world.some(30, product="GuardDuty", compliance=None))
    sync = await open_sync("Security Hub", "GuardDuty")
    await sync.sweep()
    monkeypatch.setattr("posture.store.sqlite.removing.CHUNK", 1)
    removing, purge, left = threading.Event(), Store.purge_products, list[int]()

    def purge_late(self: Store, wanted: frozenset[str]) -> Any:
        removing.set()
        gate.wait(PATIENCE)
        try:
            return purge(self, wanted)
        except StoreUnavailable:
            with self._database.transaction() as connection:
                left.append(connection.execute("SELECT count(*) FROM finding").fetchone()[0])
            raise

    with monkeypatch.context() as patch:
        patch.setattr(Store, "purge_products", purge_late)
        dropping = asyncio.create_task(sync.want({"Security Hub"}))
        await happened(removing)
        dropping.cancel()
        again = asyncio.ensure_future(open_sync("Security Hub"))
        await asyncio.sleep(0)
        gate.set()
        async with asyncio.timeout(SOON):
            sync = await again
    assert left == [50]
    assert stored(sync.context.findings.rows) == world.truth()
    assert not sync.sweep_due()


def owner_of(path: Path) -> str:
    """Whose store it is."""
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("SELECT value FROM meta WHERE key = 'owner'").fetchone()[0])
    finally:
        connection.close()

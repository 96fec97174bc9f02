"""An emulated Security Hub on HTTP, and syncs over stores of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from posture.aws import calls
from posture.aws.securityhub import SecurityHub
from posture.hubs.desk import Bounds, Desk
from posture.hubs.opening import Opening
from posture.hubs.progress import Progress
from posture.hubs.sync import Sync
from posture.hubs.worker import Worker
from tests.component.hubs.world import ADMINISTRATOR, REGION, World

OpenSync = Callable[..., Awaitable[Sync]]


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with World() as running:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ADMINISTRATOR)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECURITYHUB", running.server.url)
        monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.001)
        yield running


@pytest.fixture
def client(world: World) -> SecurityHub:
    return world.client()


@pytest.fixture
async def open_sync(client: SecurityHub, tmp_path: Path) -> AsyncIterator[OpenSync]:
    """Opens a sync over the test's one store; one that is open already is dropped as by a crash."""
    open_ones: list[Sync] = []

    async def open_it(*products: str, bounds: Bounds | None = None) -> Sync:
        await drop()
        worker = Worker("test")
        opening = Opening(tmp_path / "hub.sqlite", "test", worker.stop)
        known, _ = await worker.call(opening.open)
        progress = Progress(await worker.call(known.store.states))
        sync = Sync(Desk(client, worker, known, progress, bounds or Bounds()))
        sync.windows = frozenset({30 * 3_600_000_000})
        open_ones.append(sync)
        await sync.want(products or ("Security Hub",))
        return sync

    async def drop() -> None:
        while open_ones:
            sync = open_ones.pop()
            await sync.desk.worker.close(sync.desk.known.close)

    yield open_it
    await drop()

"""An emulated Security Hub on HTTP, and syncs over stores of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from posture.aws.client import calls
from posture.aws.securityhub.client import SecurityHub
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.hubs.stores import StoreOpening
from posture.kube.leadership import LeaseCandidate
from posture.sources.securityhub.context import Bounds, SyncContext
from posture.sources.securityhub.progress import SyncProgress
from posture.sources.securityhub.source import SecurityHubs
from posture.sources.securityhub.sync import Sync
from posture.sources.thread import Worker
from posture.store.sqlite.stores import SqliteStores
from tests.support.hubs.living import KEY
from tests.support.hubs.world import ADMINISTRATOR, REGION, World

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
        opening = StoreOpening(SqliteStores(tmp_path), "hub", "test", worker.stop)
        findings, _ = await worker.call(opening.open)
        progress = SyncProgress(await worker.call(findings.kept.states))
        context = SyncContext(
            client, worker, findings, progress, bounds or Bounds(), set_forward=client.set_forward
        )
        sync = Sync(context)
        sync.windows = frozenset({30 * 3_600_000_000})
        open_ones.append(sync)
        await sync.want(products or ("Security Hub",))
        return sync

    async def drop() -> None:
        while open_ones:
            sync = open_ones.pop()
            await sync.context.worker.close(sync.context.findings.close)

    yield open_it
    await drop()


@pytest.fixture
def make_hub(client: SecurityHub, tmp_path: Path) -> Callable[..., Hub]:
    def make(candidate: Callable[[str], LeaseCandidate] | None = None, account: str = ADMINISTRATOR) -> Hub:
        async def account_id() -> str:
            return account

        return Hub(
            KEY,
            HubDependencies(
                SecurityHubs(client),
                account_id,
                SqliteStores(tmp_path),
                candidate,
                first_pause=0.01,
                insight=client.insight,
            ),
        )

    return make


MakeHub = Callable[..., Hub]

"""A hub on an emulated Security Hub, and moto's SQS to take its events from."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from posture.aws.client import calls
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.sqs.client import QueueClient
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.sources.securityhub.source import SecurityHubs
from posture.store.sqlite.stores import SqliteStores
from sandbox.cloud import Cloud
from tests.support.events import READER, Sqs
from tests.support.hubs.living import KEY, administrator
from tests.support.hubs.world import ADMINISTRATOR, REGION, World


@pytest.fixture(scope="session")
def running() -> Iterator[Cloud]:
    with Cloud.start(account=ADMINISTRATOR) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name, value in running.env_for(ADMINISTRATOR, REGION).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.001)
    yield running
    running.lift("fault")


@pytest.fixture
async def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with World() as running:
        running.server.identities.register(cloud.env["AWS_ACCESS_KEY_ID"], ADMINISTRATOR)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECURITYHUB", running.server.url)
        yield running


@pytest.fixture
def sqs(cloud: Cloud, world: World) -> Sqs:
    """A queue of its own for each test, and what the emulator is to know to fill it."""
    return Sqs(cloud, world.emulator, f"posture-{uuid.uuid4().hex[:8]}")


@pytest.fixture
async def sessions(cloud: Cloud) -> AsyncIterator[Sessions]:
    del cloud
    async with Sessions(Usage()) as sessions:
        yield sessions


@pytest.fixture
def queue(sessions: Sessions, sqs: Sqs) -> QueueClient:
    return QueueClient(sessions, Identity(READER, None, REGION), sqs.url, Limiters(1.0), Usage())


@pytest.fixture
def hub(world: World, sessions: Sessions, tmp_path: Path) -> Hub:
    def make(url: str) -> QueueClient:
        return QueueClient(sessions, Identity(READER, None, REGION), url, Limiters(1.0), Usage())

    return Hub(
        KEY,
        HubDependencies(
            SecurityHubs(world.client()), administrator, SqliteStores(tmp_path), first_pause=0.01, queues=make
        ),
    )

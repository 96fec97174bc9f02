"""An organization of thirty accounts, and a store in which what is known of it is kept."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from posture.aws.client import calls
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.organizations.client import Organizations
from posture.hubs.stores import StoreOpening
from posture.sources.thread import Worker
from posture.store.sqlite.stores import SqliteStores
from sandbox.cloud import Cloud
from tests.support.organization import ADMINISTRATOR, MEMBERS, READER, Kept, member


@pytest.fixture(scope="session")
def running() -> Iterator[Cloud]:
    with Cloud.start(account=ADMINISTRATOR) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name, value in running.env_for(ADMINISTRATOR).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    running.join_organization([member(each) for each in MEMBERS], ADMINISTRATOR)
    yield running
    running.lift("fault")


@pytest.fixture
async def sessions(cloud: Cloud) -> AsyncIterator[Sessions]:
    del cloud
    async with Sessions(Usage()) as sessions:
        yield sessions


@pytest.fixture
def organizations(sessions: Sessions) -> Organizations:
    return as_role(sessions, ADMINISTRATOR)


def as_role(sessions: Sessions, account: str) -> Organizations:
    identity = Identity(READER.replace(ADMINISTRATOR, account), None, "eu-west-1")
    return Organizations(sessions, identity, Limiters(1.0), Usage())


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    worker = Worker("organization")
    opening = StoreOpening(SqliteStores(tmp_path), "hub", "test", worker.stop)
    findings, _ = await worker.call(opening.open)
    yield Kept(worker, findings)
    await worker.close(opening.close)

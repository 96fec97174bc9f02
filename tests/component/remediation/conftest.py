"""A member account for each test, and the operator's way to it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from posture.aws.client import calls
from posture.aws.client.limiter import Usage
from posture.aws.client.sessions import Sessions
from posture.remediation import member
from sandbox.cloud import Cloud
from tests.support.actions import World, cloud
from tests.support.wire import Wire

__all__ = ["cloud"]


@pytest.fixture
async def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A world whose operator goes through a wire, and waits neither long nor patiently."""
    wire = Wire(cloud.moto_url)
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{rest:.*}", wire.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    wire.url = "http://{}:{}".format(*runner.addresses[0][:2])
    for name, value in cloud.env_for(cloud.account).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", cloud.moto_url)
    monkeypatch.setenv("HTTP_PROXY", wire.url)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(member, "PATIENCE", 0.2)
    usage = Usage()
    async with Sessions(usage) as sessions:
        yield World(cloud, sessions, usage, wire)
    await runner.cleanup()

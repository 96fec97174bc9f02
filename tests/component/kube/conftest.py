"""A client of the real API server, with the real CRDs, and objects of the tests."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from posture.kube.client import KubeClient, connect
from posture.kube.resources import Object
from sandbox.controlplane import ControlPlane

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Answer], "Served"]
TOKEN = "s3cr3t-t0k3n"  # noqa: S105 - of nothing
CRDS = Path(__file__).parents[3] / "crds"


@pytest.fixture(scope="session")
def installed(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with our CRDs."""
    control_plane.kubectl("apply", "--server-side", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))
    return control_plane


@pytest.fixture
async def kube(installed: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KubeClient]:
    monkeypatch.setenv("KUBECONFIG", str(installed.kubeconfig))
    async with connect(within=10.0) as client:
        yield client


@pytest.fixture
def target(namespace: str) -> Callable[..., Object]:
    """Makes the smallest PostureTarget of a name."""

    def make(name: str = "organization", **metadata: object) -> Object:
        return {
            "metadata": {"name": name, "namespace": namespace, **metadata},
            "spec": {
                "aws": {"region": "eu-west-1"},
                "source": {"securityStandards": {"standards": ["*"]}},
            },
        }

    return make


def write_kubeconfig(file: Path, server: str, token: str) -> None:
    """Write a kubeconfig for one server and one bearer token."""
    named = {
        "cluster": {"server": server},
        "user": {"token": token},
        "context": {"cluster": "it", "user": "it"},
    }
    lists = {f"{kind}s": [{"name": "it", kind: value}] for kind, value in named.items()}
    file.write_text(
        json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "it", **lists}), encoding="utf-8"
    )


class Served:
    """A client of a server that gives one answer to everything."""

    def __init__(self, answer: Answer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._answer, self._folder, self._monkeypatch = answer, folder, monkeypatch

    @asynccontextmanager
    async def client(self, within: float = 5.0) -> AsyncIterator[KubeClient]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with TestServer(app) as server:
            write_kubeconfig(self._folder / "config", str(server.make_url("")), TOKEN)
            self._monkeypatch.setenv("KUBECONFIG", str(self._folder / "config"))
            async with connect(within=within) as kube:
                yield kube


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    return lambda answer: Served(answer, tmp_path, monkeypatch)


def fixed(body: str | bytes, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        content = body if isinstance(body, bytes) else body.encode()
        return web.Response(body=content, status=status, content_type="application/json")

    return answer

"""How the API server is found, and credentials that change while the operator runs."""

import traceback
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from posture.kube.client import connect
from posture.kube.connection import NoCluster
from posture.kube.errors import Unauthorized
from posture.kube.resources import NAMESPACES, POSTURE_TARGETS
from posture.kube.transport import load_incluster_config
from sandbox.controlplane import ControlPlane
from tests.component.kube.conftest import write_kubeconfig


async def test_a_pod_finds_the_api_server_and_a_newline_after_the_token_does_no_harm(
    installed: ControlPlane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(installed.admin_token + "\n")
    host, _, port = installed.url.removeprefix("https://").partition(":")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setitem(load_incluster_config.__globals__, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setitem(load_incluster_config.__globals__, "SERVICE_CERT_FILENAME", str(installed.ca_file))
    async with connect(within=10.0) as kube:
        for _ in range(2):
            assert (await kube.get(NAMESPACES, None, "kube-system"))["metadata"]["uid"]


async def test_nothing_configured_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(NoCluster, match="set KUBECONFIG"):
        async with connect():
            pass


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "a: b",
        "clusters: 5\ncontexts: 6\nusers: 7",
        "current-context: x\ncontexts: []\nclusters: []",
        "{",
    ],
)
async def test_a_broken_kubeconfig_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "config"
    file.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(file))
    with pytest.raises(NoCluster, match=r"the Kubernetes configuration in .*config cannot be used"):
        async with connect():
            pass


async def test_a_broken_entry_is_named_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "config"
    write_kubeconfig(file, "http://127.0.0.1:1", "s3cr3t")
    file.write_text(file.read_text().replace('"user": {', '"usr": {'))
    monkeypatch.setenv("KUBECONFIG", str(file))
    with pytest.raises(NoCluster, match="Expected key user") as caught:
        async with connect():
            pass
    shown = "".join(traceback.format_exception(caught.value))
    assert "s3cr3t" not in shown + caplog.text


async def test_a_missing_kubeconfig_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    with pytest.raises(NoCluster, match="names no file that exists"):
        async with connect():
            pass


async def test_a_token_that_was_renewed_in_the_file_is_taken_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = ["first"]
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        if asked[-1] != f"Bearer {good[0]}":
            return web.json_response({"kind": "Status", "reason": "Unauthorized"}, status=401)
        return web.json_response({"items": [], "metadata": {}})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        file = tmp_path / "config"
        write_kubeconfig(file, str(server.make_url("")), "first")
        monkeypatch.setenv("KUBECONFIG", str(file))
        async with connect(within=5.0) as kube:
            assert await kube.list_objects(POSTURE_TARGETS) == []
            good[0] = "second"
            write_kubeconfig(file, str(server.make_url("")), "second")
            assert await kube.list_objects(POSTURE_TARGETS) == []
            assert asked == ["Bearer first", "Bearer first", "Bearer second"]
            # Never renewed again: said at once, and the file is not read for every call.
            good[0] = "third"
            for _ in range(3):
                with pytest.raises(Unauthorized, match="renew the token"):
                    await kube.list_objects(POSTURE_TARGETS)
            assert len(asked) == 6

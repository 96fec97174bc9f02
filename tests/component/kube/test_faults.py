"""An API server, or a proxy before it, that answers badly: an error that may pass, never half a list."""

import asyncio
import logging
from pathlib import Path

import pytest
from aiohttp import web

from posture.kube.client import connect
from posture.kube.errors import Gone, KubeError, Retryable
from posture.kube.resources import POSTURE_TARGETS, Object
from tests.component.kube.conftest import TOKEN, Answer, Serve, fixed, write_kubeconfig

ITEM: Object = {"metadata": {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "1"}}


async def _truncated(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b'{"items": [], "metadata": {}}')
    assert request.transport is not None
    request.transport.close()
    return response


async def _cut_off(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    "answer",
    [
        fixed("<html>sign in</html>"),
        fixed(""),
        fixed("[]"),
        fixed("null"),
        fixed('{"items": []'),
        fixed('{"items": []}'),
        fixed('{"items": null, "metadata": {}}'),
        fixed('{"kind": "Status", "metadata": {}}'),
        fixed(b"\xff\xfe"),
        fixed(b"\xff\xfe", status=500),
        fixed("Bad Gateway", status=502),
        _truncated,
        _cut_off,
    ],
)
async def test_a_bad_answer_is_no_empty_list(serve: Serve, answer: Answer) -> None:
    async with serve(answer).client() as kube:
        with pytest.raises(Retryable, match="could not list posturetargets"):
            await kube.list_objects(POSTURE_TARGETS)


@pytest.mark.parametrize(
    "body", ['{"kind": "Status"}', '{"metadata": {}}', '{"metadata": {"name": "a"}}', "{}"]
)
async def test_a_bad_answer_is_no_object(serve: Serve, body: str) -> None:
    async with serve(fixed(body)).client() as kube:
        with pytest.raises(Retryable, match="no stored object"):
            await kube.get(POSTURE_TARGETS, "n", "a")
        with pytest.raises(Retryable, match="no stored object"):
            await kube.replace(POSTURE_TARGETS, ITEM)


def _pages(*pages: tuple[int, Object]) -> tuple[Answer, list[str]]:
    rest = list(pages)
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.query.get("continue", ""))
        status, body = rest.pop(0) if len(rest) > 1 else rest[0]
        return web.json_response(body, status=status)

    return answer, asked


def _page(token: str, *items: Object) -> tuple[int, Object]:
    return 200, {"items": list(items), "metadata": {"continue": token} if token else {}}


@pytest.mark.parametrize(
    "last",
    [
        (410, {"kind": "Status", "reason": "Expired", "metadata": {"continue": "inconsistent"}}),
        (500, {"kind": "Status", "message": "etcdserver: leader changed"}),
        (504, {}),
        _page("one", ITEM),
    ],
)
async def test_a_list_that_breaks_off_is_no_shorter_list(serve: Serve, last: tuple[int, Object]) -> None:
    answer, asked = _pages(_page("one", ITEM), last)
    async with serve(answer).client() as kube:
        with pytest.raises(Retryable):
            await kube.list_objects(POSTURE_TARGETS)
    assert asked == ["", "one"]


async def test_an_empty_page_is_not_the_last(serve: Serve) -> None:
    answer, asked = _pages(_page("one"), _page("two"), _page("", ITEM))
    async with serve(answer).client() as kube:
        assert await kube.list_objects(POSTURE_TARGETS) == [ITEM]
    assert asked == ["", "one", "two"]


async def test_one_namespace_that_fails_fails_the_list(serve: Serve) -> None:
    answer, _ = _pages(_page("", ITEM), (503, {}))
    async with serve(answer).client() as kube:
        with pytest.raises(Retryable):
            await kube.list_objects(POSTURE_TARGETS, ["a", "b"])


async def test_an_answer_that_never_comes_is_given_up(serve: Serve) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        while not request.transport.is_closing():  # noqa: ASYNC110 - a transport has no event for it
            await asyncio.sleep(0.01)
        return web.Response()

    async with serve(never).client(within=0.2) as kube:
        with pytest.raises(Retryable, match=r"no answer within 0\.2 s") as caught:
            await kube.get(POSTURE_TARGETS, "n", "a")
        assert caught.value.reason == "Timeout"


async def test_nothing_listens(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with serve(fixed("{}")).client() as kube:
        write_kubeconfig(tmp_path / "other", "http://127.0.0.1:1", TOKEN)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "other"))
        async with connect(within=5.0) as nowhere:
            with pytest.raises(Retryable) as caught:
                await nowhere.list_objects(POSTURE_TARGETS)
            assert caught.value.reason == "Unreachable"
        assert kube is not nowhere


async def test_no_secret_is_in_an_error_or_a_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    errors: list[KubeError] = []
    for status in (401, 403, 404, 422, 500):
        async with serve(fixed("{}", status=status)).client() as kube:
            with pytest.raises(KubeError) as caught:
                await kube.get(POSTURE_TARGETS, "n", "a")
            errors.append(caught.value)
    assert isinstance(errors[2], Gone)
    assert TOKEN not in caplog.text + "".join(f"{error!r}{error}{vars(error)}" for error in errors)

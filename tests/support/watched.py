"""An API server that kopf can watch: discovery, lists, and watches that send what a test wants."""

import asyncio
import json
from typing import Any, Self

from aiohttp import web

from posture.api.resource import GROUP, VERSION
from posture.kube.resources import KINDS

_BASE = f"/apis/{GROUP}/{VERSION}"
_RESOURCES = [
    {
        "name": kind.plural,
        "singularName": "",
        "namespaced": True,
        "kind": kind.kind,
        "verbs": ["list", "watch"],
    }
    for kind in KINDS.values()
]
_NAMESPACES = {"name": "namespaces", "singularName": "namespace", "namespaced": False, "kind": "Namespace"}
_NAMESPACES |= {"verbs": ["list", "watch"]}


class WatchedServer:
    """Serves on loopback. `calls`: method and path of every request."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self._streams: dict[str, list[asyncio.Queue[bytes | None]]] = {}
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        self.address = ""

    async def __aenter__(self) -> Self:
        """Begin to serve."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut all streams and end."""
        self.cut()
        await self._runner.cleanup()

    def watchers(self, plural: str) -> int:
        """Return how many watches are open."""
        return len(self._streams.get(plural, ()))

    def send(self, plural: str, event: object) -> None:
        """Send an event to all who watch."""
        for stream in self._streams.get(plural, ()):
            stream.put_nowait(json.dumps(event).encode() + b"\n")

    def cut(self) -> None:
        """End all watches."""
        for streams in self._streams.values():
            for stream in streams:
                stream.put_nowait(None)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls.append((request.method, request.path))
        fixed: dict[str, Any] = {
            "/version": {"major": "1", "minor": "35"},
            "/api": {"versions": ["v1"]},
            "/api/v1": {"resources": [_NAMESPACES]},
            "/apis": {
                "groups": [
                    {
                        "name": GROUP,
                        "versions": [{"version": VERSION}],
                        "preferredVersion": {"version": VERSION},
                    }
                ]
            },
            _BASE: {"resources": _RESOURCES},
        }
        if request.path in fixed:
            return web.json_response(fixed[request.path])
        plural = request.path.rsplit("/", 1)[1]
        if "watch" in request.query:
            return await self._watch(request, plural)
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []})

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._streams.setdefault(plural, []).append(stream)
        try:
            while (line := await stream.get()) is not None:
                await response.write(line)
        except ConnectionResetError:
            pass
        finally:
            self._streams[plural].remove(stream)
        return response

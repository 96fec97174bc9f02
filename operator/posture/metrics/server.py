"""The HTTP server of `/metrics`, `/healthz` and `/readyz`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from posture.domain.printable import printable
from posture.metrics.exposition import CONTENT_TYPE, Exposition

NotReady = Callable[[], str | None]


@asynccontextmanager
async def serve(
    exposition: Exposition, host: str, port: int, *, not_ready: NotReady, unhealthy: NotReady
) -> AsyncIterator[str]:
    """Serve until the context ends; yield the address as `host:port` (port 0 picks a free one).

    `not_ready` and `unhealthy` say why not, or None. Raises OSError when the address is taken.
    """
    app = web.Application()

    async def metrics(request: web.Request) -> web.Response:
        page = exposition.page()
        headers = {"Content-Type": CONTENT_TYPE}
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=page.plain, headers=headers)
        return web.Response(body=page.gzipped, headers={**headers, "Content-Encoding": "gzip"})

    def verdict(reason: NotReady) -> Callable[[web.Request], "object"]:
        async def probe(_: web.Request) -> web.Response:
            why = reason()
            return web.Response(status=200 if why is None else 503, text=printable(why or "ok") + "\n")

        return probe

    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", verdict(unhealthy))  # type: ignore[arg-type]  # aiohttp's Handler is narrower
    app.router.add_get("/readyz", verdict(not_ready))  # type: ignore[arg-type]  # as above
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0]
        yield f"{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()

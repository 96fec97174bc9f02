"""The metrics page, and the HTTP server that hands it out at `/metrics`, beside `/healthz` and `/readyz`.

Samples are rendered when they change, so that a scrape only hands out bytes. Every object that publishes is
an *owner*. Publishing replaces all that the owner had; withdrawing removes it: a series lives as long as what
it describes.
"""

import gzip
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from posture.domain.text import printable
from posture.kube.leadership import Leading
from posture.publish.prometheus.families import ALL, Family

Value = tuple[tuple[str, ...], float]
Samples = Mapping[Family, Iterable[Value]]

_ORDER = {family: index for index, family in enumerate(ALL)}


class RenderedText(NamedTuple):
    """Rendered text, plain and compressed.

    Parts are joined byte by byte: concatenated gzip members are one gzip stream (RFC 1952, section 2.2).
    """

    plain: bytes
    gzipped: bytes


def _page(text: bytes) -> RenderedText:
    # Level 1: half the bytes for a tenth of the time.
    return RenderedText(text, gzip.compress(text, compresslevel=1))


def _joined(parts: Iterable[RenderedText]) -> RenderedText:
    parts = list(parts)
    return RenderedText(b"".join(part.plain for part in parts), b"".join(part.gzipped for part in parts))


class Exposition:
    """The series of all owners, and the page made of them.

    `live`, and those added later: asked at each scrape (counters, gauges of the process); they must be cheap.
    Not thread-safe: publish and scrape from one event loop; `rendered` is pure and may run in a thread.
    """

    def __init__(self, *live: Callable[[], Samples], process: CollectorRegistry | None = None) -> None:
        self._lines: dict[Family, dict[Hashable, RenderedText]] = {family: {} for family in ALL}
        self._live = list(live)
        self._process = process
        self._cached: RenderedText | None = None
        self._leading: dict[Hashable, Leading] = {}

    def add_live(self, source: Callable[[], Samples]) -> None:
        """Ask `source` too at each scrape."""
        self._live.append(source)

    def publish(
        self, owner: Hashable, lines: Mapping[Family, RenderedText], leading: Leading | None = None
    ) -> None:
        """Replace what `owner` shows by `lines`, as `rendered` returns them.

        `leading` is asked at each scrape: once it says no, the owner is withdrawn. So a lost Lease shows at
        once, whatever the one who published is waiting for.
        """
        self._leading.pop(owner, None)
        if leading is not None and lines:
            self._leading[owner] = leading
        for family, owners in self._lines.items():
            new = lines.get(family)
            if owners.get(owner) == new:
                continue
            self._cached = None
            if new is None:
                del owners[owner]
            else:
                owners[owner] = new

    def withdraw(self, owner: Hashable) -> None:
        """Remove every series of `owner`; of an unknown owner: nothing."""
        self.publish(owner, {})

    def shows(self, owner: Hashable) -> bool:
        """Whether `owner` shows at least one series."""
        return any(owner in owners for owners in self._lines.values())

    def owners(self) -> set[Hashable]:
        """Return who shows at least one series."""
        return {owner for owners in self._lines.values() for owner in owners}

    def page(self) -> RenderedText:
        """Return the page as of now: what owners published (cached) and the live part (rendered anew)."""
        for owner in [owner for owner, leading in self._leading.items() if not leading()]:
            self.withdraw(owner)
        if self._cached is None:
            self._cached = _joined(
                part
                for family, owners in self._lines.items()
                if owners
                for part in (_HEADERS[family], *owners.values())
            )
        return _joined((self._cached, _page(self._live_part())))

    def _live_part(self) -> bytes:
        merged: dict[Family, list[Value]] = {}
        for source in self._live:
            for family, values in source().items():
                merged.setdefault(family, []).extend(values)
        blocks = [
            _HEADERS[family].plain + _lines(family, merged[family])
            for family in sorted(merged, key=_ORDER.__getitem__)
            if merged[family]
        ]
        if self._process is not None:
            blocks.append(generate_latest(self._process))
        return b"".join(blocks)


CONTENT_TYPE = CONTENT_TYPE_LATEST


def rendered(samples: Samples) -> dict[Family, RenderedText]:
    """Render samples into lines of the text format, by family; families without samples are left out.

    Raises ValueError when a sample has not as many label values as its family has labels.
    """
    lines = {family: _lines(family, values) for family, values in samples.items()}
    return {family: _page(text) for family, text in lines.items() if text}


class _One(Collector):
    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterable[Metric]:
        return [self._metric]


def _text(metric: Metric) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_One(metric))
    return generate_latest(registry)


def _metric(family: Family) -> CounterMetricFamily | GaugeMetricFamily:
    if family.type == "counter":
        return CounterMetricFamily(
            family.name.removesuffix("_total"), family.documentation, labels=family.labels
        )
    return GaugeMetricFamily(family.name, family.documentation, labels=family.labels)


def _lines(family: Family, values: Iterable[Value]) -> bytes:
    metric = _metric(family)
    for labels, value in values:
        if len(labels) != len(family.labels):
            raise ValueError(f"{family.name} has the labels {family.labels}, not {len(labels)} of them")
        # Everything that a label says is spelled alike in all families, so that series can be joined.
        metric.add_metric([printable(label) for label in labels], value)
    return _text(metric)[len(_HEADERS[family].plain) :]


_HEADERS = {family: _page(_text(_metric(family))) for family in ALL}


NotReady = Callable[[], str | None]


@asynccontextmanager
async def serve_metrics(
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

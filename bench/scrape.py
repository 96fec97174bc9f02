"""Scrapes of a page with many series while it changes, and how the event loop that serves them fares."""

import asyncio
import http.client
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from bench.isolation import alone
from bench.lag import lag_meanwhile, p99
from bench.row import Aim, Row
from bench.series import samples_of
from posture.publish.prometheus import families
from posture.publish.prometheus.exposition import Exposition, Samples, rendered, serve_metrics

_SERIES = 50_000
_SCRAPES = 300
# One scrape in twenty is the first of a new page: as when Prometheus comes every 15 s to polls of 5 min.
_PAUSE = 0.1
_CHANGE_EVERY = 2.0
_BESIDE_SCRAPES = 5


class _Measured(NamedTuple):
    series: int
    scrapes: list[float]
    lags: list[float]
    beside: list[float]


def measure(_: int) -> list[Row]:
    """Scrape some hundred times, from another process."""
    measured = alone(_run)
    page = f"{measured.series:,} series"
    return [
        Row(
            measure="scrape",
            what=f"Scrape of {page} whose page changes every 2 s, p99",
            unit="ms",
            ours=p99(measured.scrapes) * 1000,
            beside=p99(measured.beside) * 1000,
            beside_is="prometheus_client renders them at each scrape",
            aim=Aim("ours", "<=", 50),
            samples=tuple(seconds * 1000 for seconds in measured.scrapes),
        ),
        Row(
            measure="scrape",
            what="Event-loop lag meanwhile, p99",
            unit="ms",
            ours=p99(measured.lags) * 1000,
            aim=Aim("ours", "<=", 50),
        ),
        Row(
            measure="scrape",
            what="Event-loop lag meanwhile, the worst",
            unit="ms",
            ours=max(measured.lags) * 1000,
        ),
    ]


def _run() -> _Measured:
    samples = samples_of(_SERIES)
    series = sum(map(len, samples.values()))
    scrapes, lags = asyncio.run(_serve(samples))
    return _Measured(series, scrapes, lags, _prometheus_client(samples))


async def _serve(samples: Samples) -> tuple[list[float], list[float]]:
    exposition = Exposition()
    exposition.publish("target", rendered(samples))
    async with serve_metrics(exposition, "127.0.0.1", 0, not_ready=_no, unhealthy=_no) as address:
        changing = asyncio.create_task(_change(exposition, samples))
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(process, _scrape, address, 10)
            async with lag_meanwhile() as lags:
                scrapes = await loop.run_in_executor(process, _scrape, address, _SCRAPES)
        changing.cancel()
    return scrapes, lags.late


async def _change(exposition: Exposition, samples: Samples) -> None:
    """Publish anew what a target publishes, rendered in a thread as a target does it."""
    count = 0
    while True:
        await asyncio.sleep(_CHANGE_EVERY)
        count += 1
        changed = {**samples, families.SCORE_TIMESTAMP: [(("security", "organization"), count)]}
        exposition.publish("target", await asyncio.to_thread(rendered, changed))


def _no() -> None:
    return None


def _scrape(address: str, times: int) -> list[float]:
    """Scrape as Prometheus does: one connection kept, the answer compressed; return the seconds of each."""
    host, _, port = address.partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    seconds = []
    for _ in range(times):
        time.sleep(_PAUSE)
        began = time.perf_counter()
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        connection.getresponse().read()
        seconds.append(time.perf_counter() - began)
    connection.close()
    return seconds


class _Families(Collector):
    def __init__(self, samples: Samples) -> None:
        self._metrics: list[Metric] = []
        for family, values in samples.items():
            metric = GaugeMetricFamily(family.name, family.documentation, labels=family.labels)
            for labels, value in values:
                metric.add_metric(labels, value)
            self._metrics.append(metric)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _prometheus_client(samples: Samples) -> list[float]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(samples))
    seconds = []
    for _ in range(_BESIDE_SCRAPES):
        began = time.perf_counter()
        generate_latest(registry)
        seconds.append(time.perf_counter() - began)
    return seconds

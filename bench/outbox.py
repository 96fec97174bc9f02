"""CPU of 10,000 changed findings from the outbox to Splunk, beside a bare loop that posts the same bytes.

The bare loop packs the same requests by gzip and posts them, and knows nothing of what is in them. Only the
sending process's own CPU counts; the collector, which reads every event, is a process of its own. What it
costs to put findings into the outbox is a row of its own: it is part of storing them.
"""

import asyncio
import gzip
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import aiohttp

from bench.isolation import alone, cpu_seconds
from bench.pages import pages
from bench.row import Aim, Row
from bench.sides import in_turns, middle
from posture.aws.securityhub.wire import FindingsPage, decode_page, whole_findings
from posture.config.outputs import SplunkOutput
from posture.domain.scoring.accounts import AccountFilter
from posture.hubs.demand import HubKey
from posture.process import settle_heap
from posture.publish.sink import PublishedScope, PublishingTarget
from posture.publish.splunk.collector import GZIP_LEVEL
from posture.publish.splunk.envelope import enveloped, event_batches
from posture.publish.splunk.output import SplunkDestination, outlet_of
from posture.sources.findings_view import FindingsView
from posture.store.records import Read, key_of
from posture.store.sqlite.store import Store
from sandbox.splunk.collector import Collector, Token
from sandbox.splunk.server import serve

T = TypeVar("T")

_FINDINGS = 10_000
_REPETITIONS = 3
_OURS, _BARE, _TOLD, _STORED = "ours", "bare", "told", "stored"
_TOKEN = "bench"  # noqa: S105 - of a collector that nobody else knows
_KEY = HubKey(None, None, "eu-west-1")
_SOON = 0.02


def measure(findings: int) -> list[Row]:
    """Send everything several times, ours and the bare loop's in turns, each time in a fresh process."""
    count = min(findings, _FINDINGS)
    with _collector() as url:
        sides = {name: partial(alone, side, url, count) for name, side in _SIDES.items()}
        samples = in_turns(sides, _REPETITIONS)
    cpu = middle(samples)
    return [
        Row(
            measure="outbox",
            what="CPU a changed finding, outbox to Splunk",
            unit="µs",
            ours=cpu[_OURS],
            beside=cpu[_BARE],
            beside_is="a loop that gzips and posts the same bytes",
            aim=Aim("ratio", "<=", 2),
            samples=tuple(samples[_OURS]),
        ),
        Row(
            measure="outbox",
            what="CPU a finding, page to store and outbox",
            unit="µs",
            ours=cpu[_TOLD],
            beside=cpu[_STORED],
            beside_is="to the store alone",
            samples=tuple(samples[_TOLD]),
        ),
    ]


class _Hub:
    """A hub with a store of findings that wait to be sent."""

    name = "posture-hub-0"

    def __init__(self, store: Store) -> None:
        self._findings = FindingsView(store)

    def leading(self) -> float:
        """Tell for how long it leads."""
        return 60.0

    def now(self) -> int:
        """Return the time."""
        return time.time_ns() // 1000

    async def look(self, look: Callable[[FindingsView], T]) -> T | None:
        """Look into the store."""
        return look(self._findings)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Change nothing, so that nobody needs to be told."""


def _ours(url: str, findings: int) -> float:
    return asyncio.run(_send_all(url, findings))


async def _send_all(url: str, findings: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        definition = _definition(url, Path(folder))
        store = _filled(Path(folder), findings, definition)
        destination = SplunkDestination(definition)
        standards = frozenset({"*"})
        products = frozenset(check.product for check in store.checks())
        scope = PublishedScope(AccountFilter(), standards, products)
        destination.expect([PublishingTarget("u", "bench", "all", (), 0, 0, _KEY, scope)])
        destination.connect({_KEY: _Hub(store)})
        settle_heap()
        began = cpu_seconds()
        task = asyncio.create_task(destination.run())
        while destination.sender.sent < findings:  # noqa: ASYNC110 - an output tells nobody
            await asyncio.sleep(_SOON)
        seconds = cpu_seconds() - began
        task.cancel()
        await asyncio.wait({task})
        if destination.sender.dropped or destination.sender.failed:
            raise RuntimeError("Something was not sent at once")
        store.close()
    return seconds / findings * 1e6


def _bare(url: str, findings: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        definition = _definition(url, Path(folder))
        store = _filled(Path(folder), findings, definition)
        events = [enveloped(event, _Hub.name, None) for event in store.outbox.first(definition.name, 1 << 40)]
        store.close()
    if len(events) != findings:
        raise RuntimeError(f"{len(events)} of {findings} findings wait")
    return asyncio.run(_post_all(url, [b"".join(batch) for batch in event_batches(events)])) / findings * 1e6


async def _post_all(url: str, bodies: list[bytes]) -> float:
    headers = {"Authorization": f"Splunk {_TOKEN}", "Content-Encoding": "gzip"}
    settle_heap()
    began = cpu_seconds()
    async with aiohttp.ClientSession(headers=headers) as session:
        for body in bodies:
            packed = gzip.compress(body, GZIP_LEVEL)
            async with session.post(f"{url}/services/collector/event", data=packed) as response:
                response.raise_for_status()
                await response.read()
    return cpu_seconds() - began


def _stored(_: str, findings: int) -> float:
    return _store_all(findings, told=False)


def _told(_: str, findings: int) -> float:
    return _store_all(findings, told=True)


def _store_all(findings: int, *, told: bool) -> float:
    read = _pages(findings)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "hub.sqlite", owner="bench").store
        if told:
            _follow(store, _definition("http://bench", Path(folder)), read)
        began = cpu_seconds()
        for page in read:
            store.write([_read(page, told=told)])
        seconds = cpu_seconds() - began
        store.close()
    return seconds / findings * 1e6


def _filled(folder: Path, findings: int, definition: SplunkOutput) -> Store:
    """Return a store in which so many findings wait to be sent."""
    read = _pages(findings)
    store = Store.open(folder / "hub.sqlite", owner="bench").store
    _follow(store, definition, read)
    for page in read:
        store.write([_read(page, told=True)])
    return store


def _pages(findings: int) -> list[FindingsPage]:
    """Return pages that were read just now, one after the other."""
    now = time.time_ns() // 1000
    return [decode_page(body)._replace(asked_at=now + number) for number, body in enumerate(pages(findings))]


def _follow(store: Store, definition: SplunkOutput, read: list[FindingsPage]) -> None:
    products = {each.check.product for page in read for each in page.findings}
    store.outbox.follow({outlet_of(definition)}, products)


def _read(page: FindingsPage, *, told: bool) -> Read:
    wholes = {key_of(*finding): text for finding, text in whole_findings(page)} if told else {}
    return Read(page.findings, page.asked_at, wholes=wholes)


def _definition(url: str, folder: Path) -> SplunkOutput:
    token = folder / "token"
    token.write_text(_TOKEN, encoding="utf-8")
    asked = {"name": "soc", "url": url, "tokenFile": str(token), "send": ["Findings"]}
    return SplunkOutput.model_validate({**asked, "maxQueue": {"events": 1_000_000}})


@contextmanager
def _collector() -> Iterator[str]:
    """Run a collector in a process of its own; gives its address."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


def _serve(parent: Connection) -> None:
    with serve(Collector({_TOKEN: Token()})) as url:
        parent.send(url)
        parent.recv()


_SIDES = {_OURS: _ours, _BARE: _bare, _TOLD: _told, _STORED: _stored}

"""The watch wakes and does nothing else: it writes nothing, holds up nobody, and nothing ends it for good."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from typing import Any

import kopf
import pytest

from posture import logs
from posture import watch as handlers
from posture.kube.resources import KINDS
from posture.watch import Watch
from tests.support.lease_world import VirtualLoop
from tests.support.watched import WatchedServer

NAMESPACE = "security"
STRANGE: list[Any] = [
    {"metadata": {}},
    {"metadata": {"namespace": NAMESPACE}},
    {"metadata": {"name": "", "uid": ""}},
    {"metadata": {"name": 7, "namespace": 7, "uid": 7, "labels": "x"}},
    {"metadata": {"name": "a", "uid": "u", "finalizers": "all", "deletionTimestamp": 0}, "spec": "none"},
    {"metadata": {"name": "a", "uid": "u", "ownerReferences": [None]}, "spec": [1, 2], "status": 3},
]
# kopf itself has no use for these: with the first it ends and is begun again, the second it hands to nobody.
ENDS: Any = {}
STAYS: Any = {"metadata": {"name": "a", "uid": "odd", "annotations": [1]}}


def session(outer: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> handlers._Session:
    return handlers._Session((NAMESPACE,), outer, wake, lambda: None)


def registered(of: handlers._Session) -> Mapping[str, Callable[..., Coroutine[Any, Any, object]]]:
    found = of._registry()._watching.get_all_handlers()
    return {str(each.selector and each.selector.any_name): each.fn for each in found}  # type: ignore[misc]


@pytest.fixture
def outer() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop that is woken; it runs only where a test lets it."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_all_kinds_are_watched_by_handlers_that_leave_no_trace_on_objects(
    outer: asyncio.AbstractEventLoop,
) -> None:
    made = session(outer, lambda: None)
    assert set(registered(made)) == {kind.plural for kind in KINDS.values()}
    registry = made._registry()
    # Handlers of changes, daemons, timers and indexes would write, or conclude something from events.
    for others in (registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert list(others.get_all_handlers()) == []


@pytest.mark.parametrize("strange", [*STRANGE, ENDS, STAYS, None, "text", 7])
def test_whatever_the_object_its_handler_only_wakes(
    strange: object, outer: asyncio.AbstractEventLoop
) -> None:
    woken: list[str] = []
    for fn in registered(session(outer, lambda: woken.append("!"))).values():
        # The loop that is woken does not run: a handler that waited for it would never return.
        assert asyncio.run(fn(event=strange, body=strange, meta=strange, name=None, type=strange)) is None
    assert woken == []
    outer.run_until_complete(asyncio.sleep(0))
    assert len(woken) == len(KINDS)


def test_an_event_after_the_end_of_the_process_is_nobodys(outer: asyncio.AbstractEventLoop) -> None:
    fns = registered(session(outer, lambda: None)).values()
    outer.close()
    for fn in fns:
        assert asyncio.run(fn(event={}, body={})) is None


class Woken:
    """Counts wakes, and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._changed.set()

    async def more_than(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.count <= count:
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def running(watch: Watch) -> AsyncIterator[Watch]:
    """Let it watch, and wait until its last thread has ended."""
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.wait([task])
        for thread in threading.enumerate():
            if thread.name == "kopf":
                await asyncio.to_thread(thread.join, 20)
                assert not thread.is_alive()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WatchedServer]:
    async with WatchedServer() as serving:
        monkeypatch.setattr(
            kopf,
            "login_via_client",
            lambda **_: kopf.ConnectionInfo(server=serving.address, token="t"),  # noqa: S106 - nobody asks for it
        )
        yield serving


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a server in another task, and kopf in another thread
            await asyncio.sleep(0.01)


async def test_every_event_of_every_kind_wakes_strange_ones_too_and_nothing_is_written(
    server: WatchedServer,
) -> None:
    woken = Woken()
    watch = Watch([NAMESPACE], woken)
    assert watch.stopped_because is not None
    async with running(watch):
        await until(lambda: all(server.watchers(kind.plural) == 1 for kind in KINDS.values()))
        await woken.more_than(0)
        assert watch.stopped_because is None
        for kind in KINDS.values():
            server.send(kind.plural, {"type": "ADDED", "object": STAYS})
            for number, strange in enumerate(STRANGE):
                before = woken.count
                body = {"apiVersion": kind.api_version, "kind": kind.kind, **strange}
                server.send(
                    kind.plural, {"type": ("ADDED", "MODIFIED", "DELETED")[number % 3], "object": body}
                )
                await woken.more_than(before)
        assert watch.stopped_because is None
    assert {method for method, _ in server.calls} == {"GET"}


async def test_a_watch_that_is_cut_is_taken_up_again_without_a_word(
    server: WatchedServer, caplog: pytest.LogCaptureFixture
) -> None:
    woken = Woken()
    async with running(Watch([NAMESPACE], woken)):
        await until(lambda: server.watchers("posturetargets"))
        calls = len(server.calls)
        server.cut()
        await until(lambda: len(server.calls) > calls and server.watchers("posturetargets"))
        before = woken.count
        server.send("posturetargets", {"type": "ADDED", "object": {"metadata": {"name": "a", "uid": "u"}}})
        await woken.more_than(before)
    assert "watching the API server stopped" not in caplog.text


@pytest.mark.parametrize(
    "end", [RuntimeError("a defect"), SystemExit(3), asyncio.CancelledError("by itself"), None]
)
async def test_however_kopf_ends_it_is_told_and_begun_again(
    end: BaseException | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    async def operator(**_: object) -> None:
        begun.append(1)
        if end is not None:
            raise end

    monkeypatch.setattr(kopf, "operator", operator)
    monkeypatch.setattr(handlers, "_FIRST_PAUSE", 0.001)
    watch = Watch([], lambda: None)
    async with running(watch):
        await until(lambda: len(begun) >= 3)
        assert (type(end).__name__ if end else "stopped") in str(watch.stopped_because)


async def test_the_end_of_the_process_ends_kopf_and_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    entered = asyncio.Event()
    outer = asyncio.get_running_loop()

    async def operator(*, stop_flag: asyncio.Event, **_: object) -> None:
        threads.append(threading.current_thread())
        outer.call_soon_threadsafe(entered.set)
        await stop_flag.wait()

    monkeypatch.setattr(kopf, "operator", operator)
    async with running(Watch([], lambda: None)):
        await entered.wait()
    assert not threads[0].is_alive()


async def test_told_to_stop_before_it_has_begun_kopf_never_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    async def operator(**_: object) -> None:
        raise AssertionError("begun")

    monkeypatch.setattr(kopf, "operator", operator)
    made = session(asyncio.get_running_loop(), lambda: None)
    made.stop()
    made.thread.start()
    assert await asyncio.wrap_future(made.ended) == "stopped"


def test_pauses_grow_while_the_watch_does_not_last_and_begin_anew_when_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = VirtualLoop(lambda: None)
    begun: list[float] = []
    lasts = [0.0] * 8 + [100.0, 0.0]

    async def watched(_watch: Watch) -> str:
        begun.append(loop.time())
        await asyncio.sleep(lasts[len(begun) - 1])
        return "away"

    async def story() -> None:
        running = asyncio.create_task(Watch([], lambda: None).run())
        await asyncio.sleep(700)
        running.cancel()

    monkeypatch.setattr(Watch, "_watch_once", watched)
    lasts += [10_000.0]
    loop.run_until_complete(story())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    pauses = [b - a - last for a, b, last in zip(begun, begun[1:], lasts, strict=False)]
    for pause, usual in zip(pauses, [2, 4, 8, 16, 32, 60, 60, 60, 1, 2], strict=True):
        assert 0.8 * usual <= pause <= 1.2 * usual


async def test_a_line_from_the_thread_of_kopf_is_of_the_same_round_as_the_watch_s_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def operator(**_: object) -> None:
        logging.getLogger("kopf.objects").critical("from the thread")

    monkeypatch.setattr(kopf, "operator", operator)
    monkeypatch.setattr(handlers, "_FIRST_PAUSE", 0.001)
    added = logs._Context()
    caplog.handler.addFilter(added)
    async with running(Watch([], lambda: None)):
        await until(lambda: len([r for r in caplog.records if r.name == "posture.watch"]) >= 2)
    caplog.handler.removeFilter(added)
    cycles = [(record.name, vars(record)["cycle"]) for record in caplog.records[:4]]
    (a, first), (b, same), (c, second), _ = cycles
    assert (a, b, c) == ("kopf.objects", "posture.watch", "kopf.objects")
    assert first == same != second

"""The hub's thread: in order, and nothing that fails goes unheard."""

import asyncio
import threading

import pytest

from posture.sources.thread import Worker
from posture.store.errors import StoreUnavailable


async def test_work_runs_in_order_in_one_thread_of_its_own() -> None:
    worker, done = Worker("test"), list[int]()
    calls = [worker.call(done.append, n) for n in range(20)]
    await asyncio.gather(*calls)
    assert done == list(range(20))
    threads = {await worker.call(threading.get_ident) for _ in range(3)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    await worker.close(lambda: None)


async def test_what_is_handed_over_runs_though_its_caller_is_cancelled() -> None:
    worker, gate, done = Worker("test"), threading.Event(), list[str]()
    first = asyncio.create_task(worker.call(gate.wait))
    second = asyncio.create_task(worker.call(done.append, "written"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    gate.set()
    await first
    await worker.close(lambda: None)
    assert done == ["written"]


async def test_what_fails_after_its_caller_was_cancelled_is_raised_by_the_next_call() -> None:
    worker, gate = Worker("test"), threading.Event()

    def wait_and_fail() -> None:
        gate.wait()
        raise OSError("disk full")

    cancelled = asyncio.create_task(worker.call(wait_and_fail))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait({cancelled})
    gate.set()
    with pytest.raises(OSError, match="disk full"):
        await worker.call(lambda: None)
    assert await worker.call(lambda: 1) == 1, "once"
    await worker.close(lambda: None)


async def test_a_closed_worker_takes_nothing() -> None:
    worker, closed = Worker("test"), list[bool]()
    await worker.close(lambda: closed.append(True))
    assert closed == [True]
    with pytest.raises(StoreUnavailable):
        await worker.call(lambda: None)


async def test_a_glance_passes_long_work_that_lets_it_and_nothing_else_does() -> None:
    worker, done, gate = Worker("test"), list[str](), threading.Event()

    def long() -> None:
        assert gate.wait(10)
        done.append("a half")
        worker.stop.between()
        done.append("the other half")

    calls = [asyncio.create_task(worker.call(step)) for step in (long, lambda: done.append("call"))]
    await asyncio.sleep(0)
    glances = [asyncio.create_task(worker.glance(done.append, f"glance {n}")) for n in range(2)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*calls, *glances)
    assert done == ["a half", "glance 0", "glance 1", "the other half", "call"]
    threads = {await worker.glance(threading.get_ident), await worker.call(threading.get_ident)}
    assert len(threads) == 1
    await worker.close(lambda: None)
    with pytest.raises(StoreUnavailable):
        await worker.glance(lambda: None)


async def test_a_glance_that_fails_is_heard_by_its_caller_alone() -> None:
    worker = Worker("test")

    def fail() -> None:
        raise KeyError("nothing there")

    def long() -> str:
        worker.stop.between()
        return "whole"

    failing = asyncio.ensure_future(worker.glance(fail))
    assert await worker.call(long) == "whole"
    with pytest.raises(KeyError):
        await failing
    await worker.close(lambda: None)


async def test_nobody_waits_for_glances_that_nobody_waits_for() -> None:
    worker, gate, done = Worker("test"), threading.Event(), list[str]()
    busy = asyncio.create_task(worker.call(gate.wait))
    glance = asyncio.create_task(worker.glance(done.append, "glance"))
    await asyncio.sleep(0)
    glance.cancel()
    await asyncio.wait({glance})
    gate.set()
    await busy
    await worker.close(lambda: done.append("closed"))
    assert done == ["closed"]


async def test_long_work_ends_between_its_parts_when_the_worker_is_closed() -> None:
    worker, begun, gate, done = Worker("test"), threading.Event(), threading.Event(), list[str]()

    def long() -> None:
        begun.set()
        assert gate.wait(10)
        worker.stop.between()
        done.append("the other half")

    working = asyncio.create_task(worker.call(long))
    await asyncio.to_thread(begun.wait, 10)
    closing = asyncio.create_task(worker.close(lambda: done.append("closed")))
    await asyncio.sleep(0)
    gate.set()
    await closing
    with pytest.raises(StoreUnavailable):
        await working
    assert done == ["closed"]

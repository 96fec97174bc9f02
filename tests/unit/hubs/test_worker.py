"""The hub's thread: in order, and nothing that fails goes unheard."""

import asyncio
import threading

import pytest

from posture.hubs.worker import Worker
from posture.store import StoreUnavailable


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

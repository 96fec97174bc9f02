"""Whatever is asked of a hub that is shared, it runs no more often than it may, and forgets nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from posture.hubs.demand import Demand, Requests
from tests.support.lease_world import VirtualLoop

HOUR = 3600.0
ANYTHING = Demand(timedelta(hours=1), timedelta(hours=24), frozenset({"Security Hub"}), timedelta(hours=30))


class Runs:
    """A hub that does nothing but run when it is woken; each run takes a second."""

    def __init__(self, apart: float) -> None:
        self.requests = Requests()
        self.requests.ask([ANYTHING], apart)
        self.began: list[float] = []
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            ticket = self.requests.begun()
            self.began.append(asyncio.get_running_loop().time())
            await asyncio.sleep(1.0)
            self.requests.ended(ticket)
            await self.requests.woken(HOUR)

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


def playing(apart: float, story: Callable[[Runs], Awaitable[None]]) -> None:
    loop = VirtualLoop(lambda: None)

    async def told() -> None:
        runs = Runs(apart)
        await asyncio.sleep(0)
        await story(runs)
        await runs.end()

    try:
        loop.run_until_complete(told())
    finally:
        loop.close()


def _annotation(requests: Requests, number: int) -> None:
    del number
    requests.request()


def _policy(requests: Requests, number: int) -> None:
    del number
    requests.request(thorough=False)


def _window(requests: Requests, number: int) -> None:
    requests.ask_window(number)


def _demand(requests: Requests, number: int) -> None:
    requests.ask([ANYTHING._replace(window=timedelta(hours=30, seconds=number))], requests.apart)


@pytest.mark.parametrize("hammer", [_annotation, _policy, _window, _demand])
def test_who_asks_ten_times_a_second_is_served_as_often_as_the_hub_may_run(
    hammer: Callable[[Requests, int], None],
) -> None:
    async def story(runs: Runs) -> None:
        for number in range(3050):
            hammer(runs.requests, number)
            await asyncio.sleep(0.1)
        gaps = [after - before for before, after in pairwise(runs.began)]
        assert min(gaps) == pytest.approx(30.0), "as sums of floats go"
        assert len(runs.began) == 11, "nor less often"

    playing(30.0, story)


def test_a_request_waits_for_its_turn_and_is_answered_by_the_run_that_it_gets() -> None:
    async def story(runs: Runs) -> None:
        await asyncio.sleep(5.0)
        ticket = runs.requests.request()
        await asyncio.sleep(0)
        assert runs.requests.waits(ticket)
        assert not runs.requests.has_run(ticket)
        await asyncio.sleep(24.9)
        assert runs.requests.waits(ticket)
        await asyncio.sleep(0.2)
        assert not runs.requests.waits(ticket), "its run has begun"
        assert not runs.requests.has_run(ticket)
        await asyncio.sleep(1.0)
        assert runs.requests.has_run(ticket)

    playing(30.0, story)


def test_who_asks_a_hub_that_has_rested_is_served_at_once() -> None:
    async def story(runs: Runs) -> None:
        await asyncio.sleep(31.0)
        ticket = runs.requests.request()
        assert not runs.requests.waits(ticket)
        await asyncio.sleep(0.01)
        assert runs.began == [0.0, 31.0]

    playing(30.0, story)


def test_what_is_due_does_not_wait_for_what_is_asked() -> None:
    async def story(runs: Runs) -> None:
        runs.requests.request()
        await asyncio.sleep(2 * HOUR)
        assert runs.began == [0.0, HOUR + 1.0]

    playing(10 * HOUR, story)


def test_who_has_a_hub_alone_is_served_at_once() -> None:
    async def story(runs: Runs) -> None:
        for _ in range(5):
            await asyncio.sleep(2.0)
            runs.requests.request()
        await asyncio.sleep(2.0)
        assert len(runs.began) == 6

    playing(0.0, story)


def test_who_is_the_first_to_want_anything_does_not_wait_for_a_run_that_did_nothing() -> None:
    async def story(runs: Runs) -> None:
        runs.requests.ask([], 30.0)
        await asyncio.sleep(60.0)
        assert len(runs.began) == 2
        runs.requests.ask([ANYTHING], 30.0)
        await asyncio.sleep(0.01)
        assert len(runs.began) == 3

    playing(30.0, story)

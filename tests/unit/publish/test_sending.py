"""The queue of one output: in order, at least once, bounded, whatever the destination does."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from posture.publish import sending
from posture.publish.sending import ItemsRefused, QueueBounds, Sender, Undelivered
from tests.support.examples import seeds


class Destination:
    """Takes items, or fails as it is told: with each attempt the next of `answers`, then no more."""

    def __init__(self, *answers: Exception | None, bad: Iterable[int] = ()) -> None:
        self.taken: list[int] = []
        self.batches: list[int] = []
        self.within: list[float] = []
        self.bad = set(bad)
        self._answers = list(answers)

    async def deliver(self, items: Sequence[int], within: float) -> int:
        self.batches.append(len(items))
        self.within.append(within)
        await asyncio.sleep(0)
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer
        if self.bad.intersection(items):
            raise ItemsRefused("InvalidRequest", "no")
        self.taken += items
        return 1_000_000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def sender(
    destination: Destination,
    *,
    items: int = 100,
    age: float = 100.0,
    most: int = 3,
    clock: Callable[[], float] = time.monotonic,
) -> Sender[int]:

    def cut(queued: Iterable[int]) -> int:
        return min(most, sum(1 for _ in queued))

    return Sender[int]("soc", QueueBounds(items, age), cut=cut, deliver=destination.deliver, clock=clock)


@asynccontextmanager
async def running(it: Sender[int]) -> AsyncIterator[None]:
    task = asyncio.create_task(it.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def emptied(it: Sender[int]) -> None:
    async with asyncio.timeout(10):
        while it.length:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_FIRST_PAUSE", "_LONGEST_PAUSE", "_LASTING_PAUSE"):
        monkeypatch.setattr(sending, name, 0.001)


async def test_all_is_sent_in_order_in_batches() -> None:
    destination = Destination()
    it = sender(destination)
    it.put("a", range(5), lambda: 9.0)
    it.put("b", range(5, 7), lambda: 60.0)
    assert it.standing("a").queued == 5
    async with running(it):
        await emptied(it)
    assert destination.taken == list(range(7))
    assert destination.batches == [3, 3, 1]
    # No call outlasts what any of its owners may still do, nor half a minute.
    assert destination.within == [9.0, 9.0, 30.0]
    assert (it.sent, it.dropped, it.length, it.oldest) == (7, 0, 0, 0.0)
    assert it.standing("a") == (0, 0, 1_000_000)


async def test_what_fails_is_sent_again_and_told() -> None:
    destination = Destination(
        Undelivered("Throttled", "slow"), Undelivered("AccessDenied", "no", lasting=True)
    )
    it = sender(destination)
    it.put("a", range(4), lambda: 60.0)
    assert await it._step() is not None
    assert it.trouble is not None
    assert (it.trouble.reason, it.trouble.terminal) == ("Throttled", False)
    assert await it._step() == sending._LASTING_PAUSE
    assert (it.trouble.reason, it.trouble.terminal) == ("AccessDenied", True)
    async with running(it):
        await emptied(it)
    assert destination.taken == list(range(4))
    assert it.trouble is None
    assert it.failed == {"Throttled": 1, "AccessDenied": 1}


async def test_a_defect_ends_nothing() -> None:
    destination = Destination(RuntimeError("bug"))
    it = sender(destination)
    it.put("a", range(2), lambda: 60.0)
    async with running(it):
        await emptied(it)
    assert destination.taken == [0, 1]
    assert it.failed == {"OperatorDefect": 1}


async def test_what_is_refused_by_itself_goes_alone() -> None:
    destination = Destination(bad={2, 5})
    it = sender(destination, most=8)
    it.put("a", range(8), lambda: 60.0)
    async with running(it):
        await emptied(it)
    assert destination.taken == [0, 1, 3, 4, 6, 7]
    assert (it.sent, it.dropped) == (6, 2)
    assert it.standing("a").dropped == 2


async def test_the_oldest_goes_where_there_is_no_room_and_where_it_is_too_old() -> None:
    destination = Destination()
    clock = Clock()
    it = sender(destination, items=3, age=10.0, clock=clock)
    it.put("a", range(5), lambda: 60.0)
    assert (it.length, it.dropped) == (3, 2)
    clock.now = 8.0
    assert it.oldest == 8.0
    it.put("b", [7], lambda: 60.0)
    assert it.standing("a") == (2, 3, None)
    clock.now = 11.0
    async with running(it):
        await emptied(it)
    assert destination.taken == [7]
    assert it.dropped == 5


async def test_nothing_is_sent_of_an_owner_whom_others_lead_now() -> None:
    destination, leads = Destination(), [60.0]
    it = sender(destination)
    it.put("a", range(3), lambda: leads[-1])
    it.put("b", [8], lambda: 60.0)
    it.put("c", [9], lambda: 60.0)
    leads.append(0.0)
    it.forget("c")
    async with running(it):
        await emptied(it)
    assert destination.taken == [8]
    assert it.dropped == 4
    assert it.standing("a") == (0, 0, None)


async def test_what_is_dropped_while_it_is_under_way_is_counted_once() -> None:
    it = sender(Destination(), items=2)
    holding = asyncio.Event()

    async def deliver(_: Sequence[int], __: float) -> int:
        it.put("a", [10, 11], lambda: 60.0)
        it.forget("b")
        holding.set()
        return 5

    it._deliver = deliver
    it.put("a", [0], lambda: 60.0)
    it.put("b", [1], lambda: 60.0)
    assert await it._step() == 0.0
    assert holding.is_set()
    assert [each.item for each in it._queue] == [10, 11]
    assert it.standing("a").queued == 2
    assert it.standing("b") == (0, 0, None)


@seeds(20)
async def test_over_any_failures_each_arrives_and_in_order(seed: int) -> None:
    """Of all that is not dropped; what is, is counted."""
    chance = random.Random(seed)
    failures = [
        chance.choice([None, Undelivered("Throttled", "x"), Undelivered("AccessDenied", "x", lasting=True)])
        for _ in range(60)
    ]
    bad = set(chance.sample(range(200), 5))
    destination = Destination(*failures, bad=bad)
    it = sender(destination, items=50, most=chance.randint(1, 9))
    async with running(it):
        number = 0
        while number < 200:
            more = chance.randint(1, 20)
            it.put(chance.choice("ab"), range(number, min(200, number + more)), lambda: 60.0)
            number += more
            await asyncio.sleep(chance.choice([0, 0, 0.002]))
        await emptied(it)
    assert destination.taken == sorted(set(destination.taken))
    assert not bad.intersection(destination.taken)
    assert len(destination.taken) == it.sent
    # What was dropped for want of room while it was under way may have arrived all the same.
    assert it.sent + it.dropped >= 200

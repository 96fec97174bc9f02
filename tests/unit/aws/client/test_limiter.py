"""The limiter against a clock of its own: no second of these tests is waited for."""

import asyncio
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.aws.client.limiter import Bucket, Limiters, Rate, published
from tests.support.examples import seeds


class Time:
    """A monotonic clock that moves when somebody sleeps, and then a little too far, as real ones do."""

    def __init__(self, oversleep: Iterator[float] | None = None) -> None:
        self.now = 1000.0
        self._oversleep = oversleep

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds + (next(self._oversleep) if self._oversleep else 0.0)


class Provider:
    """AWS's side of a quota: refuses what comes too fast. It starts full."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate, self._tokens, self._at = rate, rate.burst, now

    def admits(self, now: float) -> bool:
        self._tokens = min(self._rate.burst, self._tokens + (now - self._at) * self._rate.per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def bucket(time: Time, quota: Rate, share: float = 1.0) -> Bucket:
    return Bucket(quota, share, monotonic=time.monotonic, sleep=time.sleep)


def assert_within(starts: list[float], rate: float, burst: float) -> None:
    for first, start in enumerate(starts):
        for last in range(first, len(starts)):
            assert last - first + 1 <= burst + rate * (starts[last] - start) + 1e-6


quotas = st.builds(Rate, st.floats(0.5, 20), st.floats(1, 40))


@given(
    quota=quotas,
    share=st.floats(0.05, 1),
    idle=st.lists(st.one_of(st.just(0.0), st.floats(0, 30)), min_size=1, max_size=60),
    verdicts=st.lists(st.sampled_from("stt."), min_size=60, max_size=60),
)
def test_no_window_ever_holds_more_than_rate_and_burst(
    quota: Rate, share: float, idle: list[float], verdicts: list[str]
) -> None:
    time = Time()
    limited = bucket(time, quota, share)

    async def run() -> list[float]:
        starts = []
        for pause, verdict in zip(idle, verdicts, strict=False):
            time.now += pause
            starts.append(await limited.acquire())
            if verdict == "s":
                limited.succeeded()
            elif verdict == "t":
                limited.throttled(starts[-1])
            assert 0 < limited.rate <= quota.per_second * share + 1e-9
        return starts

    assert_within(asyncio.run(run()), quota.per_second * share, max(1.0, quota.burst * share))


@given(shares=st.lists(st.floats(0.05, 1), min_size=1, max_size=20))
def test_a_share_changed_at_run_time_holds_at_once(shares: list[float]) -> None:
    time = Time()
    limiters = Limiters(1.0, monotonic=time.monotonic, sleep=time.sleep)
    limited = limiters.bucket("1", "r", "securityhub", "GetFindings")
    three = published("securityhub", "GetFindings")

    async def run(share: float) -> list[float]:
        limiters.set_share(share)
        return [await limited.acquire() for _ in range(8)]

    for share in shares:
        starts = asyncio.run(run(share))
        assert_within(starts, three.per_second * share, max(1.0, three.burst * share))
    later = limiters.bucket("2", "r", "securityhub", "GetFindings")
    assert later.rate == pytest.approx(three.per_second * shares[-1])


@pytest.mark.parametrize("share", [0, -1, 1.01, float("nan")])
def test_a_share_out_of_bounds_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="quotaShare"):
        Limiters(share)
    limiters = Limiters(0.5)
    with pytest.raises(ValueError, match="quotaShare"):
        limiters.set_share(share)


def test_buckets_are_shared_by_account_region_and_operation() -> None:
    limiters = Limiters(0.8)
    one = limiters.bucket("1", "eu-west-1", "securityhub", "GetFindings")
    assert limiters.bucket("1", "eu-west-1", "securityhub", "GetFindings") is one
    others = [
        limiters.bucket(*key)
        for key in [
            ("2", "eu-west-1", "securityhub", "GetFindings"),
            ("1", "eu-west-2", "securityhub", "GetFindings"),
            ("1", "eu-west-1", "securityhub", "BatchUpdateFindings"),
        ]
    ]
    assert len({id(entry) for entry in [one, *others]}) == 4
    assert one.rate == pytest.approx(2.4)
    assert others[2].rate == pytest.approx(8)


def test_callers_are_served_in_the_order_they_came() -> None:
    async def run() -> list[int]:
        time = Time()
        limited = bucket(time, Rate(2, 1))
        served: list[int] = []

        async def caller(number: int) -> None:
            await limited.acquire()
            served.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(caller(number))
                await asyncio.sleep(0)
        return served

    assert asyncio.run(run()) == list(range(20))


def test_a_cancelled_waiter_takes_no_token_and_blocks_nobody() -> None:
    async def run() -> float:
        time = Time()
        gate = asyncio.Event()

        async def sleep(seconds: float) -> None:
            await gate.wait()
            await time.sleep(seconds)

        limited = Bucket(Rate(1, 1), 1.0, monotonic=time.monotonic, sleep=sleep)
        await limited.acquire()
        waiting = asyncio.create_task(limited.acquire())
        behind = asyncio.create_task(limited.acquire())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        gate.set()
        return await behind - 1000.0

    assert asyncio.run(run()) == pytest.approx(1.0)


def simulate(
    limited: Bucket, time: Time, provider: Provider, *, seconds: float, latency: Callable[[], float]
) -> tuple[list[float], int]:
    """Call as fast as the limiter lets; each request arrives after its latency."""
    admitted: list[float] = []
    refused = 0

    async def run() -> None:
        nonlocal refused
        arrivals: list[tuple[float, float]] = []
        end = time.now + seconds
        while time.now < end:
            started = await limited.acquire()
            arrivals.append((time.now + latency(), started))
            arrivals.sort()
            while arrivals and arrivals[0][0] <= time.now:
                at, start = arrivals.pop(0)
                if provider.admits(at):
                    admitted.append(at)
                    limited.succeeded()
                else:
                    refused += 1
                    limited.throttled(start)

    asyncio.run(run())
    return admitted, refused


@seeds(5)
def test_a_whole_quota_is_filled_without_being_throttled(seed: int) -> None:
    random = Random(seed)
    time = Time(oversleep=iter(lambda: random.uniform(0, 0.004), None))
    quota = published("securityhub", "GetFindings")
    provider = Provider(quota, time.now)
    admitted, refused = simulate(
        bucket(time, quota), time, provider, seconds=600, latency=lambda: random.uniform(0.02, 0.3)
    )
    assert refused == 0
    assert len(admitted) >= 0.98 * 600 * quota.per_second


def test_it_adapts_to_what_others_leave_and_comes_back() -> None:
    time = Time()
    quota = published("securityhub", "GetFindings")
    limited = bucket(time, quota)
    busy = Provider(Rate(1, 2), time.now)
    admitted, refused = simulate(limited, time, busy, seconds=600, latency=lambda: 0.1)
    assert len(admitted) >= 0.6 * 600
    assert refused <= 0.25 * len(admitted)
    idle = Provider(quota, time.now)
    admitted, refused = simulate(limited, time, idle, seconds=60, latency=lambda: 0.1)
    assert refused <= 1
    assert limited.rate == pytest.approx(quota.per_second)


def test_one_crowd_of_throttled_calls_halves_the_rate_once() -> None:
    time = Time()
    limited = bucket(time, Rate(8, 8))

    async def start(count: int) -> list[float]:
        return [await limited.acquire() for _ in range(count)]

    crowd = asyncio.run(start(6))
    time.now += 0.3
    for started in crowd:
        limited.throttled(started)
    assert limited.rate == pytest.approx(4)
    [next_start] = asyncio.run(start(1))
    assert next_start - time.now <= 0
    assert next_start - crowd[-1] >= 1.0
    limited.throttled(next_start)
    assert limited.rate == pytest.approx(2)
    for _ in range(40):
        limited.throttled(asyncio.run(start(1))[0])
    assert limited.rate == pytest.approx(0.5)


def test_rates_are_those_that_aws_publishes() -> None:
    assert published("securityhub", "GetFindings") == (3, 6)
    assert published("securityhub", "UpdateStandardsControl") == (1, 5)
    assert published("securityhub", "BatchEnableStandards") == (1, 1)
    for operation in ("BatchUpdateFindings", "DescribeHub", "ListMembers"):
        assert published("securityhub", operation) == (10, 30)

"""A scan keeps the quota busy: as many chains as the latency asks for, and hardly a call in vain."""

import asyncio

import pytest

from posture.aws.client.errors import Retryable
from posture.aws.securityhub.wire import FindingsPage
from posture.sources.securityhub.coverage import Coverage
from posture.sources.securityhub.listing import Pace, Scan
from posture.sources.securityhub.windows import EPOCH, FUTURE, window
from tests.support.slow_hub import NOW, RATE, SlowHub


async def scan(hub: SlowHub, coverage: Coverage) -> set[str]:
    seen: set[str] = set()

    async def sink(page: FindingsPage) -> None:
        seen.update(each.id for each in page.findings)

    ticking = asyncio.create_task(hub.tick())
    try:
        await Scan(hub, Pace(), [{}], [coverage]).run(sink)
    finally:
        ticking.cancel()
    return seen


@pytest.mark.parametrize("latency", [0.05, 0.4, 1.0, 1.8])
async def test_a_sweep_fills_the_quota(latency: float) -> None:
    """200 pages at 3/s take 200 / 3 s; 2 % more is allowed, and a few latencies to begin and end."""
    hub = SlowHub(20_000, latency)
    assert len(await scan(hub, Coverage([window(EPOCH, FUTURE)]))) == 20_000
    assert hub.most_in_flight <= 6
    floor = 200 / RATE
    assert hub.now <= floor / 0.98 + 4 * latency
    assert hub.calls <= 200 + 2 * hub.most_in_flight


async def test_few_findings_cost_one_call() -> None:
    hub = SlowHub(99, 0.4)
    await scan(hub, Coverage([window(EPOCH, FUTURE)]))
    assert hub.calls == 1


async def test_patience_saves_the_second_reader_of_a_short_listing() -> None:
    hub = SlowHub(350, 0.4)
    await scan(hub, Coverage([window(EPOCH, FUTURE)], patience=4))
    assert hub.calls == 4


async def test_a_hub_that_refuses_every_token_is_given_up_for_now() -> None:
    hub = SlowHub(100_000, 0.01)
    hub.findings = [each._replace(updated_at=NOW) for each in hub.findings[:1_000]]
    hub.refuse_tokens = True
    with pytest.raises(Retryable, match="refuses"):
        await scan(hub, Coverage([window(EPOCH, FUTURE)]))
    assert hub.calls < 50


async def test_what_fails_leaves_nothing_in_flight() -> None:
    hub = SlowHub(5_000, 0.4)

    pages = 0

    async def sink(_: FindingsPage) -> None:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise OSError("disk")

    ticking = asyncio.create_task(hub.tick())
    before = asyncio.all_tasks()
    with pytest.raises(OSError, match="disk"):
        await Scan(hub, Pace(), [{}], [Coverage([window(EPOCH, FUTURE)])]).run(sink)
    assert asyncio.all_tasks() == before
    ticking.cancel()

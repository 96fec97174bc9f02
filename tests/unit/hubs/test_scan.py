"""A scan keeps the quota busy: as many chains as the latency asks for, and hardly a call in vain."""

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest

from posture.aws.errors import Retryable, TokenRefused
from posture.aws.securityhub import FindingsPage
from posture.aws.timestamps import microseconds
from posture.domain.findings import Check, Compliance, Finding, RecordState, Severity, Workflow
from posture.hubs.coverage import Coverage
from posture.hubs.scan import Pace, Scan
from posture.hubs.windows import EPOCH, FUTURE, window

NOW = 1_795_000_000_000_000
DAY = 86_400_000_000
RATE = 3.0


def finding(name: str, updated_at: int) -> Finding:
    check = Check("Security Hub", own=True, control="S3.1", numbered=False, standards=())
    return Finding(
        id=name,
        product_arn="arn",
        check=check,
        account_id="111122223333",
        account_name="",
        region="eu-west-1",
        title="",
        severity=Severity.LOW,
        compliance=Compliance.FAILED,
        record_state=RecordState.ACTIVE,
        created_at=0,
        updated_at=updated_at,
        resources=(),
        workflow=Workflow.NEW,
        note="",
        user_fields=(),
    )


class SlowHub:
    """Answers after `latency` seconds, within the quota, on a clock that jumps to what comes next."""

    def __init__(self, count: int, latency: float, seed: int = 1) -> None:
        random = Random(seed)
        self.findings = [finding(str(n), NOW - random.randrange(DAY)) for n in range(count)]
        self.latency = latency
        self.now = 0.0
        self.calls = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.refuse_tokens = False
        self._next_token_at = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        starts = self._next_token_at = max(self.now, self._next_token_at + 1 / RATE)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self._until(starts + self.latency)
        self.in_flight -= 1
        self.calls += 1
        if next_token and self.refuse_tokens:
            raise TokenRefused(
                "no", service="securityhub", operation="GetFindings", code="InvalidInputException"
            )
        assert sort is not None
        (ends,) = filters["UpdatedAt"]
        start, end = microseconds(ends["Start"]), microseconds(ends["End"])
        inside = sorted(
            (each for each in self.findings if start <= each.updated_at <= end),
            key=lambda each: each.updated_at,
            reverse=sort[0]["SortOrder"] == "desc",
        )
        at = int(next_token or 0)
        more = str(at + 100) if at + 100 < len(inside) else None
        return FindingsPage(inside[at : at + 100], [], [], more, int(starts * 1e6), None, self.latency)

    async def _until(self, moment: float) -> None:
        waiting = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (moment, id(waiting), waiting))
        await waiting

    async def tick(self) -> None:
        """Let time jump for as long as anybody waits."""
        while True:
            for _ in range(20):
                await asyncio.sleep(0)
            if self._waiting:
                self.now, _, waiting = heapq.heappop(self._waiting)
                waiting.set_result(None)


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

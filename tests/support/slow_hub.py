"""A source whose answers come when a test says so."""

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from posture.aws.client.errors import TokenRefused
from posture.aws.securityhub.wire import FindingsPage
from posture.domain.findings import Check, CheckSource, Compliance, Finding, RecordState, Severity, Workflow
from posture.domain.time import parse_timestamp

NOW = 1_795_000_000_000_000


DAY = 86_400_000_000


RATE = 3.0


def finding(name: str, updated_at: int) -> Finding:
    check = Check(
        "Security Hub", source=CheckSource.SECURITY_HUB, control="S3.1", numbered=False, standards=()
    )
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
        start, end = parse_timestamp(ends["Start"]), parse_timestamp(ends["End"])
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

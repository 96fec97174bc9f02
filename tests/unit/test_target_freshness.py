"""A score is as old as it is by AWS's clock, which dated it, however wrong the machine's is."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from posture.admission import Admitted
from posture.api.posture_target import PostureTarget
from posture.api.resource import parse
from posture.config import Config
from posture.domain.cells import Cell, Count
from posture.domain.controls import Controls
from posture.domain.evaluation import View, evaluate
from posture.domain.findings import Check, Compliance, Severity, Workflow
from posture.domain.standards import ControlAssociation, Standard
from posture.hubs.hub import Evaluated, Hub
from posture.hubs.key import HubKey
from posture.hubs.status import HubStatus, Phase
from posture.kube.resources import Object, ObjectRef
from posture.kube.writers import Writers
from posture.metrics.exposition import Exposition
from posture.target import Target
from posture.world import World
from tests.unit.hub_facts import ACCOUNT, facts

KEY = HubKey(None, None, "eu-west-1")
STANDARD = Standard("s/v/1", "arn", {"S3.1": ControlAssociation("S3.1", enabled=True)})
SECOND = 1_000_000
MINUTE = 60 * SECOND
TARGET: Object = {
    "metadata": {"name": "t", "namespace": "ns", "uid": "u", "generation": 1, "resourceVersion": "1"},
    "spec": {
        "interval": "5m",
        "aws": {"region": "eu-west-1"},
        "source": {"securityStandards": {"standards": ["*"]}},
    },
}


class SkewedHub:
    """A hub that has been exact, and whose AWS has a clock that is ahead of the machine's."""

    key = KEY

    def __init__(self, ahead: int, age: int, *, polled: bool = False) -> None:
        self._ahead = ahead
        self._exact_at = self.now() - age
        known = facts(STANDARD, administrator=False, members={ACCOUNT: None})
        self.status = HubStatus(
            phase=Phase.CURRENT,
            facts=known,
            exact_at=self._exact_at,
            version=1,
            duration_seconds=1.0 if polled else None,
            term=1,
            turned_off={},
        )

    def now(self) -> int:
        return time.time_ns() // 1_000 + self._ahead

    def controls(self) -> Controls:
        return Controls({STANDARD.name: STANDARD})

    async def evaluate(self, view: View, _: object) -> Evaluated:
        check = Check("Security Hub", own=True, control="S3.1", numbered=False, standards=(STANDARD.name,))
        count = Count(Severity.HIGH, Compliance.PASSED, Workflow.NEW, fresh=True, n=1)
        found = evaluate([Cell(check, ACCOUNT, "eu-west-1", (count,))], view)
        return Evaluated(found, self._exact_at, 1)

    def poll(self) -> None:
        """Be exact as of now."""
        self._exact_at = self.now()
        self.status = replace(self.status, exact_at=self._exact_at, duration_seconds=1.0)


class Cluster:
    """An API server that keeps the status, and tells when there is another one."""

    def __init__(self) -> None:
        self.status: Mapping[str, Any] = {}
        self._written = asyncio.Event()

    async def reread(self, _: ObjectRef, **_within: object) -> Object:
        return {**TARGET, "status": self.status}

    async def patch_status(self, ref: ObjectRef, status: Mapping[str, Any], **_how: object) -> Object:
        assert ref.name == TARGET["metadata"]["name"]
        self.status = status
        self._written.set()
        return {**TARGET, "status": status}

    async def post(self, *_: object, **__: object) -> None:
        pass

    async def told(self, *, within: float = 10.0) -> None:
        """Wait until a status is written."""
        async with asyncio.timeout(within):
            await self._written.wait()

    async def says(self, reason: str, *, within: float = 10.0) -> None:
        """Wait until that is the reason of ScoreCurrent."""
        async with asyncio.timeout(within):
            while self._reason() != reason:
                self._written.clear()
                await self._written.wait()

    def _reason(self) -> str:
        reasons = {each["type"]: each["reason"] for each in self.status.get("conditions", ())}
        return str(reasons.get("ScoreCurrent", ""))


class Running:
    """A target's task on a hub."""

    def __init__(self, hub: SkewedHub, cluster: Cluster | None = None) -> None:
        self.cluster = cluster or Cluster()
        world = SimpleNamespace(
            client=self.cluster,
            events=self.cluster,
            exposition=Exposition(),
            config=SimpleNamespace(current=Config),
            writers=Writers("posture/posture-operator"),
        )
        self.target = Target(cast("World", world), TARGET)
        admitted = Admitted(parse(PostureTarget, TARGET), KEY, ("*",))
        self.declared = (admitted, cast("Hub", hub), lambda: True)
        self.target.update(TARGET, *self.declared)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.target.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


@pytest.mark.parametrize(
    ("ahead", "age", "reason"),
    [
        (10 * MINUTE, 11 * MINUTE, "PollOverdue"),
        (10 * MINUTE, MINUTE, "Exact"),
        (-10 * MINUTE, MINUTE, "Exact"),
        (-10 * MINUTE, 11 * MINUTE, "PollOverdue"),
    ],
)
async def test_a_score_is_as_old_as_aws_says(ahead: int, age: int, reason: str) -> None:
    async with Running(SkewedHub(ahead, age)) as running:
        await running.cluster.says(reason)
        assert running.cluster.status["score"] == 100


@pytest.mark.parametrize("ahead", [10 * MINUTE, -10 * MINUTE])
async def test_it_is_not_passed_off_as_current_for_longer(ahead: int) -> None:
    """The next look is when it gets too old, not half a minute after this one."""
    hub = SkewedHub(ahead, 10 * MINUTE - 2 * SECOND)
    async with Running(hub) as running:
        await running.cluster.says("Exact", within=2)
        await running.cluster.says("PollOverdue")
        hub.poll()
        running.target.wake()
        await running.cluster.says("Exact")

"""A target that runs on a hub and a cluster of a test's own."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Self, cast

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.config.model import Config
from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.scoring.evaluation import View, evaluate
from posture.domain.standards import ControlAssociation, Controls, Standard
from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.hubs.status import HubPhase, HubStatus
from posture.kube.resources import Object, ObjectRef
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.access import Admitted
from posture.reconcile.context import Context
from posture.sources.findings_view import Evaluated
from posture.targets.target import Target
from tests.support.hub_facts import ACCOUNT, facts

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

    key, name = KEY, "hub"

    def __init__(self, ahead: int, age: int, *, polled: bool = False) -> None:
        self._ahead = ahead
        self._exact_at = self.now() - age
        known = facts(STANDARD, administrator=False, members={ACCOUNT: None})
        self.status = HubStatus(
            phase=HubPhase.CURRENT,
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

    def follows(self, _: object) -> bool:
        return True

    async def look(self, _: object) -> None:
        """Look at nothing: its store is not open."""

    async def evaluate(self, view: View, *_: object) -> Evaluated:
        check = Check(
            "Security Hub",
            source=CheckSource.SECURITY_HUB,
            control="S3.1",
            numbered=False,
            standards=(STANDARD.name,),
        )
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
        self.cluster, self.exposition = cluster or Cluster(), Exposition()
        world = SimpleNamespace(
            client=self.cluster,
            events=self.cluster,
            sink=PrometheusSink(self.exposition),
            config=SimpleNamespace(current=Config),
            writers=Writers("posture/posture-operator"),
        )
        self.target = Target(cast("Context", world), TARGET)
        admitted = Admitted(parse(PostureTarget, TARGET), KEY, ("*",))
        self.declared = (admitted, cast("Hub", hub), lambda: True)
        self.target.update(TARGET, *self.declared)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.target.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

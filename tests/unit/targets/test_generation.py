"""A status speaks of the generation that it was made of, whatever is declared while it is being made."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.domain.scoring.evaluation import View
from posture.hubs.hub import Hub
from posture.kube.resources import Object, ObjectRef
from posture.reconcile.access import Admitted
from posture.sources.findings_view import Evaluated
from tests.support.running_target import KEY, MINUTE, TARGET, Cluster, Running, SkewedHub

NEXT: Object = {
    "metadata": {**TARGET["metadata"], "generation": 2, "resourceVersion": "2"},
    "spec": {**TARGET["spec"], "source": {"securityStandards": {"standards": ["other/v/1"]}}},
}


class Recorded(Cluster):
    """Keeps every status that was written; `declared` is what reading an object finds."""

    declared: Object = TARGET

    def __init__(self) -> None:
        super().__init__()
        self.written: list[Mapping[str, Any]] = []

    async def reread(self, _: ObjectRef, **_within: object) -> Object:
        return {**self.declared, "status": self.status}

    async def patch_status(self, ref: ObjectRef, status: Mapping[str, Any], **_how: object) -> Object:
        self.written.append(status)
        return await super().patch_status(ref, status)


class SlowHub(SkewedHub):
    """A hub whose evaluations wait for `gate`; `asked` once there is one."""

    def __init__(self) -> None:
        super().__init__(0, MINUTE)
        self.asked, self.gate = asyncio.Event(), asyncio.Event()

    async def evaluate(self, view: View, *how: object) -> Evaluated:
        self.asked.set()
        await self.gate.wait()
        return await super().evaluate(view, *how)


def declare(running: Running, document: Object, hub: SkewedHub) -> None:
    admitted = Admitted(parse(PostureTarget, document), KEY, ("*",))
    running.target.update(document, admitted, cast("Hub", hub), lambda: True)


def numbers_by_generation(written: list[Mapping[str, Any]]) -> set[tuple[int, int | None]]:
    return {(status["observedGeneration"], status.get("score")) for status in written}


async def test_what_was_made_of_the_spec_before_is_not_said_of_the_next_one() -> None:
    hub, cluster = SlowHub(), Recorded()
    async with asyncio.timeout(10), Running(hub, cluster) as running:
        await hub.asked.wait()
        cluster.declared = NEXT
        declare(running, NEXT, hub)
        hub.gate.set()
        await cluster.says("StandardNotEnabled")
    assert numbers_by_generation(cluster.written) == {(1, 100), (2, None)}


async def test_a_generation_that_only_the_first_read_shows_is_not_said_to_be_followed() -> None:
    hub, cluster = SkewedHub(0, MINUTE), Recorded()
    cluster.declared = NEXT
    async with asyncio.timeout(10), Running(hub, cluster) as running:
        await cluster.says("Exact")
        declare(running, NEXT, hub)
        await cluster.says("StandardNotEnabled")
    assert numbers_by_generation(cluster.written) == {(1, 100), (2, None)}

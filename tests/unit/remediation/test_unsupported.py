"""Objects of kinds that nothing acts on: each says so, at a cost that follows what changes."""

import asyncio
import itertools
import math
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from posture.api.resource import Status, read_status
from posture.kube.errors import Call, RequestRefused
from posture.kube.resources import REMEDIATION_RULES, Object, ObjectRef
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile import reporter
from posture.reconcile.context import Context
from posture.remediation.unsupported import Unsupported

RULES = 60


class Cluster:
    """An API server that keeps statuses. `refused`: names of objects whose status it does not take."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.versions = itertools.count(1)
        self.writes = 0
        self.refused: set[str] = set()

    def declare(self, name: str) -> None:
        metadata = {"namespace": "security", "name": name, "uid": name, "generation": 1}
        self.objects[name] = {
            "metadata": {**metadata, "resourceVersion": str(next(self.versions))},
            "spec": {"targetRef": {"name": "organization"}},
        }

    async def patch_status(self, ref: ObjectRef, status: Mapping[str, Any], **_: object) -> Object:
        if ref.name in self.refused:
            raise RequestRefused(Call("patch", REMEDIATION_RULES, ref.namespace, ref.name), "no")
        self.writes += 1
        document = self.objects[ref.name]
        metadata = {**document["metadata"], "resourceVersion": str(next(self.versions))}
        self.objects[ref.name] = {**document, "metadata": metadata, "status": dict(status)}
        return self.objects[ref.name]


class Scene:
    """Rules that are declared, and what becomes of them; `read` counts the statuses that were looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster, self.exposition = Cluster(), Exposition()
        self.leads, self.left, self.read = True, math.inf, 0
        world = SimpleNamespace(
            client=self.cluster,
            sink=PrometheusSink(self.exposition),
            writers=Writers("posture/posture-operator"),
        )
        self.unsupported = Unsupported(cast("Context", world), lambda: self.left if self.leads else 0.0)
        monkeypatch.setattr(reporter, "read_status", self._read)
        for number in range(RULES):
            self.cluster.declare(f"rule-{number}")

    def _read(self, model: type[Status], document: Object, now: datetime | None) -> Status:
        self.read += 1
        return read_status(model, document, now)

    async def settle(self) -> None:
        await self.unsupported.settle(REMEDIATION_RULES, list(self.cluster.objects.values()))

    def shown(self) -> set[str]:
        lines = [line for line in self.exposition.page().plain.decode().splitlines() if 'name="rule-' in line]
        return {line.split('name="')[1].split('"')[0] for line in lines}


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


async def test_each_object_says_so_once_and_is_looked_at_only_when_it_changed(scene: Scene) -> None:
    await scene.settle()
    assert (scene.cluster.writes, scene.shown()) == (RULES, set(scene.cluster.objects))
    # Written, they have another version: it says what is wanted.
    await scene.settle()
    read = scene.read
    await scene.settle()
    assert (scene.read, scene.cluster.writes) == (read, RULES), "nothing changed, nothing is read"
    scene.cluster.declare("rule-7")
    del scene.cluster.objects["rule-8"]
    await scene.settle()
    assert (scene.read, scene.cluster.writes) == (read + 1, RULES + 1)
    assert scene.shown() == set(scene.cluster.objects)


async def test_others_have_their_turns_between_the_objects(scene: Scene) -> None:
    settling = asyncio.create_task(scene.settle())
    most = 0
    while not settling.done():
        before = scene.read
        await asyncio.sleep(0)
        most = max(most, scene.read - before)
    assert most == 1


async def test_series_go_with_the_lease_and_come_back_with_it(scene: Scene) -> None:
    await scene.settle()
    scene.leads = False
    assert not scene.shown()
    scene.leads = True
    await scene.settle()
    assert scene.shown() == set(scene.cluster.objects)
    scene.leads = False
    await scene.settle()
    assert not scene.exposition.owners()


async def test_one_that_cannot_be_written_is_tried_again_and_holds_up_no_other(scene: Scene) -> None:
    scene.cluster.refused = {"rule-3"}
    for _ in range(2):
        await scene.settle()
        assert scene.shown() == scene.cluster.objects.keys() - {"rule-3"}
    scene.cluster.refused = set()
    await scene.settle()
    assert scene.shown() == set(scene.cluster.objects)


async def test_what_the_end_of_a_lease_left_unwritten_is_written_after_it(scene: Scene) -> None:
    scene.left = 0.01
    await scene.settle()
    assert scene.cluster.writes == 0
    scene.left = math.inf
    await scene.settle()
    assert scene.cluster.writes == RULES

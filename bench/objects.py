"""Objects of kinds that nothing acts on: what it costs to tell each of them so, beside fewer of them."""

import asyncio
import math
from collections.abc import Mapping
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

from bench.isolation import alone
from bench.row import Aim, Row
from bench.sides import Samples, cpu_seconds, in_turns, middle
from posture.kube.resources import REMEDIATION_RULES, Object, ObjectRef
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.context import Context
from posture.remediation.unsupported import Unsupported

_FEW, _MANY = 1_000, 4_000
_REPETITIONS = 3


def measure(_: int) -> list[Row]:
    """Tell 1,000 objects and 4,000: where the cost follows the number, the ratio is that of the numbers."""
    samples = alone(_sample)
    cpu = middle(samples)
    named = ((False, "that nobody has told yet"), (True, "that are as they were"))
    return [
        Row(
            measure="objects",
            what=f"CPU of a pass over {_MANY:,} objects {which}",
            unit="s",
            ours=cpu[_side(_MANY, again=again)],
            beside=cpu[_side(_FEW, again=again)],
            beside_is=f"{_FEW:,} objects",
            aim=Aim("ratio", "<=", 1.5 * _MANY / _FEW),
            samples=tuple(samples[_side(_MANY, again=again)]),
        )
        for again, which in named
    ]


def _side(objects: int, *, again: bool) -> str:
    return f"{objects} again" if again else str(objects)


class _Cluster:
    """An API server that keeps statuses, and answers at once."""

    def __init__(self, objects: int) -> None:
        self._versions = count(1)
        self._objects = {name: self._declared(name) for name in map(str, range(objects))}

    def listed(self) -> list[Object]:
        return [*self._objects.values()]

    async def patch_status(self, ref: ObjectRef, status: Mapping[str, Any], **_: object) -> Object:
        document = self._objects[ref.name]
        metadata = {**document["metadata"], "resourceVersion": str(next(self._versions))}
        self._objects[ref.name] = {**document, "metadata": metadata, "status": dict(status)}
        return self._objects[ref.name]

    def _declared(self, name: str) -> Object:
        metadata = {"namespace": "security", "name": name, "uid": name, "generation": 1}
        return {
            "metadata": {**metadata, "resourceVersion": str(next(self._versions))},
            "spec": {"targetRef": {"name": "organization"}},
        }


def _sample() -> Samples:
    sides = {
        _side(objects, again=again): partial(_told, objects, again=again)
        for objects in (_FEW, _MANY)
        for again in (False, True)
    }
    return in_turns(sides, _REPETITIONS)


def _told(objects: int, *, again: bool) -> float:
    cluster = _Cluster(objects)
    world = SimpleNamespace(client=cluster, sink=PrometheusSink(Exposition()), writers=Writers(""))
    unsupported = Unsupported(cast("Context", world), lambda: math.inf)

    def settle() -> None:
        asyncio.run(unsupported.settle(REMEDIATION_RULES, cluster.listed()))

    if again:
        # Written by the first pass, they are read by the second, and known to the third.
        settle()
        settle()
    return cpu_seconds(settle)

"""A process that begins again finds its policies as they were, and has no news before it looked."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied
from posture.hubs.status import HubPhase, HubStatus
from posture.reconcile import hub_reconciler
from posture.suppression.findings.hub import HubSuppression
from tests.support.hub_on_paper import FACTS, Scene, policy, target, us
from tests.support.rows import finding

_POLICIES: dict[str, dict[str, Any]] = {
    "logs": {},
    "dry": {"mode": "DryRun"},
    "asleep": {"suspend": True},
    "over": {"expiresAt": "2026-11-21T00:00:00Z"},
}
_DENIED = AccessDenied("no", service="securityhub", operation="GetFindings", code="AccessDenied")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    declared = [policy(name, **spec) for name, spec in _POLICIES.items()]
    made = Scene(tmp_path, [finding(number) for number in range(3)], target(), *declared)
    yield made
    made.hub.store.close()


class Process:
    """The task of the hub."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.findings = HubSuppression(scene.world, scene.as_hub, us, scene.cleanup)

    async def cycle(self) -> None:
        self.findings.update(self.scene.everything())
        await self.findings._cycle()

    async def settle(self) -> None:
        for _ in range(4):
            await self.cycle()
            self.scene.hub.poll()


def began(scene: Scene, phase: HubPhase = HubPhase.STARTING, **more: Any) -> Process:
    """End one process and begin the next, which has found out nothing yet."""
    scene.hub.status = HubStatus(phase=phase, **more)
    return Process(scene)


async def test_a_restart_writes_nothing_and_tells_nothing(scene: Scene) -> None:
    await Process(scene).settle()
    told = {name: scene.reason(name)[1] for name in _POLICIES}
    assert told == {
        "logs": "InEffect", "dry": "DryRun", "asleep": "Suspended", "over": "Expired",
    }  # fmt: skip
    writes, events = scene.api.writes, len(scene.api.events)
    exact_at = scene.hub.status.exact_at
    process = began(scene)
    await process.cycle()
    scene.hub.status = HubStatus(
        phase=HubPhase.CURRENT, facts=FACTS, interval_seconds=300.0, exact_at=exact_at
    )
    await process.cycle()
    await process.settle()
    assert (scene.api.writes, len(scene.api.events)) == (writes, events)


async def test_what_is_new_is_told_at_once(scene: Scene) -> None:
    await Process(scene).settle()
    scene.api.put(policy("added"))
    changed = scene.api.listed("dry")
    changed["spec"]["mode"], changed["metadata"]["generation"] = "Enforce", 2
    scene.api.put(changed)
    process = began(scene)
    scene.hub.ahead = 200 * 24 * 3600 * 1_000_000
    await process.cycle()
    assert scene.reason("logs") == ("False", "Expired")
    scene.hub.ahead = 0
    scene.hub.status = HubStatus(phase=HubPhase.STARTING, error=_DENIED)
    await process.cycle()
    assert scene.reason("logs") == scene.reason("added") == ("False", "AccessDenied")
    assert scene.reason("over") == ("False", "Expired")


async def test_a_policy_that_nothing_was_told_of_is_syncing(scene: Scene) -> None:
    await Process(scene).settle()
    scene.api.put(policy("added"))
    changed = scene.api.listed("dry")
    changed["spec"]["mode"], changed["metadata"]["generation"] = "Enforce", 2
    scene.api.put(changed)
    await began(scene).cycle()
    reasons = {name: scene.reason(name)[1] for name in ("added", "dry", "logs")}
    assert reasons == {"added": "Syncing", "dry": "Syncing", "logs": "InEffect"}


async def test_a_beginning_that_lasts_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await Process(scene).settle()
    process = began(scene)
    await process.cycle()
    assert scene.reason("logs") == ("True", "InEffect")
    later = time.monotonic() + hub_reconciler._BEGINS_WITHIN
    monkeypatch.setattr(time, "monotonic", lambda: later)
    await process.cycle()
    assert scene.reason("logs") == ("False", "Syncing")


async def test_a_first_sweep_is_told(scene: Scene) -> None:
    await Process(scene).settle()
    await began(scene, HubPhase.SYNCING, progress=0.1).cycle()
    assert scene.reason("logs") == ("False", "Syncing")


async def test_a_holder_that_takes_over_leaves_what_was_told(scene: Scene) -> None:
    process = Process(scene)
    await process.settle()
    drifted = scene.api.listed("logs")["status"]["conditions"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scene.hub, "leads", lambda: False)
        await process.cycle()
    scene.hub.status = replace(scene.hub.status, exact_at=None)
    await process.cycle()
    assert scene.api.listed("logs")["status"]["conditions"] == drifted

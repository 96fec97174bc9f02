"""The life of the tasks of a hub: what does not end them, and what they say meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from posture.domain.findings import Workflow
from posture.kube.errors import RequestRefused
from posture.reconcile import hub_reconciler
from posture.suppression.controls.hub import HubControls
from posture.suppression.findings.hub import HubSuppression
from tests.support.api_server import CALL
from tests.support.hub_on_paper import OFF, Scene, nobody, policy, target, us
from tests.support.rows import finding


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, [finding(1)], target(), policy("logs"), policy("off", disableControls=OFF))
    yield made
    made.hub.store.close()


async def running(scene: Scene, work: HubSuppression | HubControls, done: Callable[[], bool]) -> None:
    """Run a task, with lists and polls beside it, until something is so."""
    task = asyncio.create_task(work.run())
    try:
        async with asyncio.timeout(20):
            while not done():
                work.update(scene.everything(suppressing=isinstance(work, HubSuppression)))
                scene.hub.poll()
                assert not task.done(), task
                await asyncio.sleep(0.05)
    finally:
        task.cancel()


def says(scene: Scene, name: str, reason: str) -> Callable[[], bool]:
    def done() -> bool:
        return bool(scene.api.listed(name).get("status")) and scene.reason(name)[1] == reason

    return done


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_reconciler, "_AT_MOST_EVERY", 0.01)
    monkeypatch.setattr(hub_reconciler, "_AFTER_A_DEFECT", 0.01)


@pytest.mark.parametrize(("kind", "name"), [(HubSuppression, "logs"), (HubControls, "off")])
async def test_a_task_without_a_name_for_its_marks_says_so_and_lives(
    scene: Scene, kind: type[HubSuppression | HubControls], name: str
) -> None:
    work = kind(scene.world, scene.as_hub, nobody, scene.cleanup)
    await running(scene, work, says(scene, name, "OwnerUnknown"))
    conditions = {each["type"]: each["status"] for each in scene.api.listed(name)["status"]["conditions"]}
    assert conditions["Stalled"] == "True"


async def test_a_defect_is_told_and_what_it_broke_off_is_done_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    work = HubSuppression(scene.world, scene.as_hub, us, scene.cleanup)
    run, met = work._rounds.run, 0

    async def breaks(*given: Any) -> Any:
        nonlocal met
        met += 1
        if met <= 2:
            raise KeyError("an answer that nobody thought of")
        return await run(*given)

    monkeypatch.setattr(work._rounds, "run", breaks)
    await running(scene, work, says(scene, "logs", "InEffect"))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    told = [each for each in caplog.records if "a bug in the operator" in each.message]
    assert len(told) == 2
    assert all(each.exc_info for each in told)


async def test_a_status_that_is_refused_is_written_when_it_is_not(scene: Scene) -> None:
    work = HubSuppression(scene.world, scene.as_hub, us, scene.cleanup)
    work.update(scene.everything())
    await work._cycle()
    scene.hub.poll()
    scene.api.refusals["logs"] = RequestRefused(CALL, "422", status=422)
    # The finalizer meets the refusal first, then the status does.
    await running(scene, work, says(scene, "logs", "InEffect"))


async def test_what_fails_again_and_again_is_tried_less_and_less_often(scene: Scene) -> None:
    work = HubSuppression(scene.world, scene.as_hub, us, scene.cleanup)
    pauses = []
    for _ in range(8):
        work.update(scene.everything())
        scene.api.refusals["logs"] = RequestRefused(CALL, "422", status=422)
        pauses.append(await work._cycle())
    assert pauses[0] <= 1.0
    assert pauses[-1] >= 15.0
    assert max(pauses) <= hub_reconciler.AT_LEAST_EVERY


async def test_a_policy_is_ended_at_its_moment(scene: Scene) -> None:
    work = HubSuppression(scene.world, scene.as_hub, us, scene.cleanup)
    soon = scene.api.listed("logs")
    soon["spec"]["expiresAt"] = "2026-11-22T06:00:20Z"
    scene.api.put(soon)
    for _ in range(3):
        work.update(scene.everything())
        pause = await work._cycle()
        scene.hub.poll()
    assert pause == 20.0
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    scene.hub.ahead = 20_000_000
    for _ in range(2):
        await work._cycle()
        scene.hub.poll()
    assert scene.hub.workflows() == {Workflow.NEW}

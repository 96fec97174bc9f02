"""A holder that loses its Lease and gets it back begins anew; what is not followed yet is not told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posture.config.model import Config
from posture.domain.findings import Workflow
from posture.reconcile.access import Admitted, admit
from posture.store.records import key_of
from posture.suppression.controls.hub import HubControls
from posture.suppression.orphans import Stranded
from posture.suppression.suppression import SuppressionTasks
from tests.support.hub_on_paper import GRANT, OFF, Scene, nobody, policy, settle, target, task, us
from tests.support.rows import finding

FINALIZER = "posture.dev/cleanup"
DELETED = {"deletionTimestamp": "2026-11-22T05:59:00Z", "finalizers": [FINALIZER]}
HOUR = 3600 * 1_000_000
KEY = key_of(finding(1).product_arn, finding(1).id)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, [finding(1)], target(), policy("logs"), policy("off", disableControls=OFF))
    yield made
    made.hub.store.close()


async def test_a_holder_that_comes_back_after_the_hour_tries_first(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the API server was away for hours: nobody could hold the Lease, and the process lived on."""
    work = task(scene)
    await settle(scene, work)
    scene.api.put({**scene.api.listed("logs"), **policy("logs", metadata={**DELETED, "generation": 2})})
    scene.hub.open = False
    work.update(scene.everything())
    await work._cycle()
    with monkeypatch.context() as patched:
        patched.setattr(scene.hub, "leads", lambda: False)
        await work._cycle()
    scene.hub.ahead = 3 * HOUR
    await work._cycle()
    assert [reason for _, reason, _ in scene.api.events if reason == "CleanupAbandoned"] == []
    assert scene.api.finalizers("logs") == [FINALIZER]
    scene.hub.open = True
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.NEW}


async def test_a_target_is_left_alone_for_a_policy_that_will_not_wait(scene: Scene) -> None:
    """What is deleted without our finalizer, and kept by somebody else's, cannot be given ours."""
    work = task(scene)
    await settle(scene, work)
    kept = policy("logs", metadata={**DELETED, "finalizers": ["somebody/else"]})
    scene.api.put({**scene.api.listed("logs"), **kept})
    scene.hub.unknown = {finding(1).id}
    await settle(scene, work)
    writes = scene.api.listed("organization")["metadata"]["resourceVersion"]
    await settle(scene, work)
    assert scene.api.listed("organization")["metadata"]["resourceVersion"] == writes


async def test_what_was_written_to_policies_without_a_target_is_forgotten_with_them(scene: Scene) -> None:
    scene.api.objects.pop("t-organization")
    stranded = Stranded(scene.world, lambda: True)
    await stranded.settle(scene.everything().policies, [])
    assert scene.reason("logs") == ("False", "TargetNotFound")
    assert stranded._cleanup.objects._stored
    await stranded.settle([], [])
    assert not stranded._cleanup.objects._stored


async def test_controls_are_not_hurried_where_nothing_can_be_marked(scene: Scene) -> None:
    names = [us]

    async def owner() -> str:
        return await names[-1]()

    work = HubControls(scene.world, scene.as_hub, owner, scene.cleanup)
    work._looked_at = scene.hub.now() - HOUR
    names.append(nobody)
    work.update(scene.everything(suppressing=False))
    assert await work._cycle() > 1.0


async def test_what_is_no_longer_granted_stops_what_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path, [finding(number) for number in range(150)], target(), policy("logs"))
    work, write = task(scene), scene.hub.batch_update_findings

    async def meanwhile(*given: Any, **rest: Any) -> Any:
        scene.config = Config.model_validate({"ownerId": "us", "grants": [{**GRANT, "verbs": ["Score"]}]})
        return await write(*given, **rest)

    monkeypatch.setattr(scene.hub, "batch_update_findings", meanwhile)
    await settle(scene, work)
    assert scene.hub.calls == 1
    assert scene.reason("logs") == ("False", "NotGranted")
    scene.hub.store.close()


async def test_a_target_that_is_suspended_stops_what_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path, [finding(number) for number in range(150)], target(), policy("logs"))
    work, write = task(scene), scene.hub.batch_update_findings

    async def meanwhile(*given: Any, **rest: Any) -> Any:
        asleep = scene.api.listed("organization")
        asleep["spec"]["suspend"] = True
        asleep["metadata"]["generation"] = 2
        scene.api.put(asleep)
        work.update(scene.everything())
        return await write(*given, **rest)

    monkeypatch.setattr(scene.hub, "batch_update_findings", meanwhile)
    await settle(scene, work)
    assert scene.hub.calls == 1
    scene.hub.store.close()


async def test_a_target_waits_for_a_policy_that_cannot_be_read(scene: Scene) -> None:
    """When both are deleted together, the hub that lets go of its marks must not go with the target."""
    work = task(scene)
    await settle(scene, work)
    odd = scene.api.listed("logs")
    odd["spec"].pop("approvedBy")
    odd["metadata"]["generation"] = 2
    for each in (odd, scene.api.listed("organization")):
        each["metadata"]["deletionTimestamp"] = "2026-11-22T05:59:00Z"
        scene.api.put(each)
    listed = [scene.api.listed("organization"), scene.api.listed("logs")]
    admission = admit(listed[0], scene.config)
    assert isinstance(admission, Admitted)
    suppression = SuppressionTasks(scene.world, lambda: True)
    cycles = 0
    while any(each["metadata"]["name"] == "organization" for each in scene.api.objects.values()):
        assert scene.api.finalizers("organization") == [FINALIZER]
        assert (cycles := cycles + 1) < 6
        suppression.declare(listed[1:], {"security/organization": (listed[0], admission)})
        work.update(suppression._everything(admission.hub, suppressing=True))
        await work._cycle()
        scene.hub.poll()
    assert scene.hub.workflows() == {Workflow.NEW}

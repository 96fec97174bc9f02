"""The task that keeps a hub's findings as its policies say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posture.config.model import Config
from posture.domain.exceptions import marks
from posture.domain.findings import Compliance, Workflow
from posture.kube.errors import Retryable
from posture.suppression.findings.hub import HubSuppression
from tests.support.api_server import CALL
from tests.support.hub_on_paper import (
    DELETED,
    FINALIZER,
    GRANT,
    OFF,
    Scene,
    frozen,
    nobody,
    policy,
    settle,
    target,
    task,
)
from tests.support.policies import NOW
from tests.support.rows import EC2_2, finding

Work = Callable[..., HubSuppression]


async def test_what_is_declared_is_done_and_waits_for_its_end(scenes: Callable[..., Scene]) -> None:
    scene = scenes(target(), policy("logs"))
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    assert scene.reason("logs") == ("True", "InEffect")
    assert scene.api.finalizers("logs") == scene.api.finalizers("organization") == [FINALIZER]
    assert [reason for _, reason, _ in scene.api.events] == ["Syncing", "InEffect"]


async def test_what_bears_a_mark_already_waits_too(scenes: Callable[..., Scene]) -> None:
    """As after a namespace was restored: nothing is written, as everything is as it is to be."""
    scene = scenes(target(), policy("logs"))
    await settle(scene, task(scene))
    for name in ("logs", "organization"):
        bare = scene.api.listed(name)
        bare["metadata"].pop("finalizers")
        scene.api.put(bare)
    await settle(scene, task(scene))
    assert scene.api.finalizers("logs") == scene.api.finalizers("organization") == [FINALIZER]


async def test_policies_of_a_suspended_target_do_nothing_new_beside_those_of_another(
    scenes: Callable[..., Scene],
) -> None:
    scene = scenes(
        target(suspend=True),
        target("other"),
        policy("logs"),
        policy("ended", expiresAt="2026-11-21T00:00:00Z"),
        policy("beside", "other", mode="DryRun"),
    )
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.NEW}
    assert scene.reason("logs") == ("Unknown", "TargetSuspended")
    awake = scene.api.listed("organization")
    awake["spec"]["suspend"] = False
    scene.api.put(awake)
    work = task(scene)
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    awake["spec"]["suspend"] = True
    scene.api.put(awake)
    over = scene.api.listed("logs")
    over["spec"]["expiresAt"] = "2026-11-21T00:00:00Z"
    scene.api.put(over)
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.NEW}


async def test_a_target_is_not_let_go_past_a_policy_that_was_made_since(
    scenes: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy ends in a cycle that began before another one was made, and held by the hub's other task."""
    scene = scenes(target(), policy("logs"))
    work = task(scene)
    await settle(scene, work)
    scene.api.put(policy("logs", metadata={**DELETED, "generation": 2}))
    work.update(scene.everything())
    await work._cycle()
    scene.hub.poll()
    let_go = scene.cleanup.let_go

    async def meanwhile(*given: Any) -> set[str]:
        scene.api.put(policy("off", disableControls=OFF))
        work.update(scene.everything())
        off = scene.everything(suppressing=False)
        assert await scene.cleanup.guard(off.policies, off.documents) == {"security/off"}
        return await let_go(*given)

    monkeypatch.setattr(scene.cleanup, "let_go", meanwhile)
    await work._cycle()
    assert scene.api.finalizers("organization") == [FINALIZER]


async def test_without_a_name_nothing_is_done_and_a_person_is_called(scenes: Callable[..., Scene]) -> None:
    scene = scenes(target(), policy("logs"))
    await settle(scene, task(scene, nobody))
    assert scene.hub.workflows() == {Workflow.NEW}
    assert scene.reason("logs") == ("False", "OwnerUnknown")
    await settle(scene, task(scene))
    assert scene.reason("logs") == ("True", "InEffect")


async def test_nothing_is_suppressed_for_what_could_not_be_held(scenes: Callable[..., Scene]) -> None:
    scene = scenes(target(), policy("logs"))
    scene.api.refusals["organization"] = Retryable(CALL, "500", status=500)
    work = task(scene)
    work.update(scene.everything())
    await work._cycle()
    scene.hub.poll()
    await work._cycle()
    assert scene.hub.workflows() == {Workflow.NEW}
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}


async def test_a_policy_waits_until_it_is_known_where_its_marks_are(scenes: Callable[..., Scene]) -> None:
    """A target may have asked for more products once, and the store may be another one since."""
    scene = scenes(target(), policy("logs"), policy("over", expiresAt="2026-11-21T00:00:00Z"))
    scene.config = Config.model_validate({"ownerId": "us", "adoptFrom": ["them"], "grants": [GRANT]})
    work = task(scene)
    await settle(scene, work)
    assert scene.hub.owners == {"us", "them"}
    scene.hub.marks_known = False
    scene.hub.poll()
    scene.api.put(policy("logs", metadata={**DELETED, "generation": 2}))
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.NEW}
    assert scene.api.finalizers("logs") == [FINALIZER]
    assert "as soon as the findings" in scene.message("over")
    scene.hub.marks_known = True
    scene.hub.poll()
    await settle(scene, work)
    assert not [each for each in scene.api.objects.values() if each["metadata"]["name"] == "logs"]
    assert "nothing is suppressed by it any longer" in scene.message("over")


async def test_releases_that_watch_different_namespaces_leave_each_others_marks_alone(
    scenes: Callable[..., Scene], tmp_path: Path
) -> None:
    """Both have the cluster's id as their name, and look at the same Security Hub."""
    one = scenes(target(), policy("logs"))
    elsewhere: list[Any] = [target("theirs"), policy("buckets", "theirs", mode="DryRun")]
    for each in elsewhere:
        each["metadata"]["namespace"] = "storage"
    other = Scene(tmp_path, [], *elsewhere, hub=one.hub)
    one.config = other.config = Config.model_validate(
        {"ownerId": "us", "grants": [{**GRANT, "namespaces": ["*"]}]}
    )
    one.made.namespaces, other.made.namespaces = ("security",), ("storage",)
    works = [(one, task(one)), (other, task(other))]
    for _ in range(3):
        for scene, work in works:
            await settle(scene, work, 2)
    assert one.hub.workflows() == {Workflow.SUPPRESSED}
    assert one.hub.calls == 1
    # One that watches every namespace, and finds no such policy, takes the mark for what is left of it.
    other.made.namespaces = None
    await settle(other, task(other))
    assert one.hub.workflows() == {Workflow.NEW}


async def test_the_effect_follows_its_target_although_no_finding_changes(
    scenes: Callable[..., Scene],
) -> None:
    others = [
        finding(8, check=EC2_2, compliance=Compliance.PASSED, updated_at=NOW),
        finding(
            9, check=EC2_2._replace(control="IAM.1"), compliance=Compliance.NOT_AVAILABLE, updated_at=NOW
        ),
    ]
    failed = [finding(number, updated_at=NOW) for number in range(3)]
    scene = scenes(target(), policy("logs"), findings=[*failed, *others])
    work = task(scene)
    await settle(scene, work, 4)
    assert scene.api.listed("logs")["status"]["effect"] == {"score": 50.0, "scoreWithout": 33.33}
    scene.api.put(target(scoring={"method": "ExpectedControls"}))
    await settle(scene, work, 4)
    assert scene.api.listed("logs")["status"]["effect"] == {"score": 100.0, "scoreWithout": 66.67}


def retained_later() -> dict[str, Any]:
    """A policy that says Retain since writes were frozen: its marks do not say so."""
    return policy("logs", deletionPolicy="Retain", metadata={**DELETED, "generation": 2})


async def test_a_policy_that_leaves_marks_goes_only_when_that_is_remembered(
    scenes: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scenes(target(), policy("logs"))
    work = task(scene)
    await settle(scene, work)
    scene.config = frozen()
    scene.api.put(retained_later())
    work.update(scene.everything())
    await work._cycle()
    scene.hub.poll()
    look = scene.hub.look

    async def closes(what: Any) -> Any:
        """The store closes just then."""
        scene.hub.open = scene.hub.open and "retain" not in what.__qualname__
        return await look(what)

    with monkeypatch.context() as patched:
        patched.setattr(scene.hub, "look", closes)
        await work._cycle()
    assert scene.api.finalizers("logs") == [FINALIZER]
    scene.hub.open = True
    await settle(scene, work)
    assert not [each for each in scene.api.objects.values() if each["metadata"]["name"] == "logs"]
    scene.config = Config.model_validate({"ownerId": "us", "grants": [GRANT]})
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    assert {marks.read_mark(each.user_fields) for each in scene.hub.store.findings()} == {None}


async def test_a_policy_of_the_same_name_ends_its_own_way(scenes: Callable[..., Scene]) -> None:
    """What is remembered of one that went with Retain is not said of the next."""
    scene = scenes(target(), policy("logs"))
    work = task(scene)
    await settle(scene, work)
    scene.config = frozen()
    scene.api.put(retained_later())
    await settle(scene, work)
    scene.api.put(policy("logs", metadata={"uid": "p-2"}))
    scene.config = Config.model_validate({"ownerId": "us", "grants": [GRANT]})
    await settle(scene, work)
    assert scene.reason("logs") == ("True", "InEffect")
    # Forced off, without its clean-up.
    scene.api.objects.pop("p-2")
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.NEW}


async def test_what_is_suppressed_in_an_account_that_is_granted_no_longer_is_told(
    scenes: Callable[..., Scene],
) -> None:
    scene = scenes(target(), policy("logs"))
    work = task(scene)
    await settle(scene, work)
    narrower = {**GRANT, "accounts": ["999988887777"]}
    scene.config = Config.model_validate({"ownerId": "us", "grants": [narrower]})
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    assert scene.reason("logs") == ("False", "AccountsNotGranted")
    dying = scene.api.listed("logs")
    dying["metadata"]["deletionTimestamp"] = "2026-11-22T05:59:00Z"
    scene.api.put(dying)
    await settle(scene, work)
    assert "not granted Suppress any longer" in scene.message("logs")
    scene.config = Config.model_validate({"ownerId": "us", "grants": [GRANT]})
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.NEW}

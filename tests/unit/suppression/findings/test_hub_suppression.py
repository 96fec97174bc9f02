"""The task that keeps a hub's findings as its policies say."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied
from posture.aws.securityhub.client import FindingsUpdate
from posture.config import Config
from posture.domain.exceptions import marks
from posture.domain.findings import Compliance, Workflow
from posture.kube.errors import Retryable
from posture.store.errors import StoreUnavailable
from posture.store.records import Read
from posture.suppression.findings import reconcile as rounds
from posture.suppression.findings.hub import HubSuppression
from tests.support.api_server import CALL
from tests.support.hub_on_paper import GRANT, OFF, Scene, nobody, policy, settle, target, task
from tests.support.policies import NOW
from tests.support.rows import EC2_2, FSBP, finding

FINALIZER = "posture.dev/cleanup"
DELETED = {"deletionTimestamp": "2026-11-22T05:59:00Z", "finalizers": [FINALIZER]}
Work = Callable[..., HubSuppression]


@pytest.fixture
def scenes(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def make(*objects: Any, findings: Any = None) -> Scene:
        given = [finding(number) for number in range(3)] if findings is None else findings
        made.append(Scene(tmp_path, given, *objects))
        return made[-1]

    yield make
    for each in made:
        each.hub.store.close()


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


async def test_nothing_is_done_by_a_picture_from_before_what_is_declared(
    scenes: Callable[..., Scene],
) -> None:
    """A poll is under way when a policy changes; it ends well, and the one that was asked for fails."""
    scene = scenes(target(), policy("logs", metadata={"annotations": {"posture.dev/requestedAt": "now"}}))
    work, requests = task(scene), scene.hub.requests
    under_way = requests.begun()
    work.update(scene.everything())
    await work._cycle()
    scene.hub.poll(under_way)
    await work._cycle()
    requests.ended(requests.begun())
    await work._cycle()
    assert scene.hub.calls == 0
    assert scene.hub.workflows() == {Workflow.NEW}
    assert scene.api.listed("logs")["status"]["lastHandledRequest"] == "now", "its run has ended"
    scene.hub.poll()
    await work._cycle()
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}


async def test_changes_are_seen_although_looking_at_them_failed_once(
    scenes: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scenes(target(), policy("logs"))
    work = task(scene)
    await settle(scene, work)
    store, surveyed = scene.hub.store, scene.hub.store.surveyed

    def fails(*_: Any) -> Any:
        monkeypatch.setattr(store, "surveyed", surveyed)
        raise StoreUnavailable("the disk is full", reason="DiskFull", advice="Free some space.")

    scene.hub.findings._note(store.write([Read([finding(7, account_id="444455556666")], NOW)]))
    monkeypatch.setattr(store, "surveyed", fails)
    with pytest.raises(StoreUnavailable):
        await work._cycle()
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}


async def test_what_is_written_over_is_read_first(scenes: Callable[..., Scene]) -> None:
    """Others write notes and workflow without a change of `UpdatedAt`: a poll may not have seen it."""
    ticket, accepted = finding(0), finding(1)
    scene = scenes(target(), policy("logs"))
    scene.hub.meanwhile = {
        ticket.id: ticket._replace(workflow=Workflow.NOTIFIED, note="SEC-482", note_by="jira"),
        accepted.id: accepted._replace(workflow=Workflow.SUPPRESSED, note="by hand", note_by="alice"),
    }
    work = task(scene)
    await settle(scene, work)
    there = {each.id: each for each in scene.hub.store.findings()}
    assert there[accepted.id].note == "by hand"
    mark = marks.read_mark(there[ticket.id].user_fields)
    assert mark is not None
    assert (mark.previous, mark.note) == (Workflow.NOTIFIED, marks.Note("SEC-482", "jira"))
    assert sorted(scene.hub.reread_ids) == sorted(finding(number).id for number in range(3))
    scene.api.put(policy("logs", metadata={**DELETED, "generation": 2}))
    await settle(scene, work)
    there = {each.id: each for each in scene.hub.store.findings()}
    back = there[ticket.id]
    assert (back.workflow, back.note, back.note_by) == (Workflow.NOTIFIED, "SEC-482", "jira")
    assert there[accepted.id].workflow is Workflow.SUPPRESSED


async def test_what_cannot_be_read_is_not_written_over(scenes: Callable[..., Scene]) -> None:
    scene = scenes(target(), policy("logs"))
    scene.hub.unreadable = AccessDenied("no", service="securityhub", operation="GetFindings", code="o")
    work = task(scene)
    await settle(scene, work)
    assert scene.hub.calls == 0
    assert scene.reason("logs") == ("False", "AccessDenied")
    scene.hub.unreadable = None
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    assert scene.reason("logs") == ("True", "InEffect")


async def test_many_are_read_and_written_a_part_at_a_time(
    scenes: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "_READ_AT_ONCE", 2)
    scene = scenes(target(), policy("logs"), findings=[finding(number) for number in range(5)])
    work = task(scene)
    work.update(scene.everything())
    await work._cycle()
    scene.hub.poll()
    for read in (2, 4, 5):
        await work._cycle()
        assert len(scene.hub.reread_ids) == read
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    assert scene.reason("logs") == ("True", "InEffect")


async def test_nothing_is_read_while_nothing_may_be_written(scenes: Callable[..., Scene]) -> None:
    scene = scenes(target(), policy("logs"))
    scene.config = frozen()
    await settle(scene, task(scene))
    assert scene.hub.reread_ids == []
    assert scene.reason("logs") == ("False", "WritesFrozen")


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


async def test_what_security_hub_lists_and_does_not_find_is_told_and_not_tried_each_poll(
    scenes: Callable[..., Scene],
) -> None:
    scene = scenes(target(), policy("logs"))
    listed, gone = finding(1).id, finding(2).id
    scene.hub.unknown, scene.hub.gone = {listed, gone}, {gone}
    work = task(scene)
    await settle(scene, work, 6)
    assert scene.reason("logs") == ("False", "WritesRefused")
    failures = scene.api.listed("logs")["status"]["failures"]
    assert [(each["id"], each["reason"]) for each in failures] == [(listed, "FindingNotFound")]
    assert scene.hub.calls == 1
    scene.hub.ahead, scene.hub.unknown = 3600 * 1_000_000, set()
    await settle(scene, work)
    assert scene.reason("logs") == ("True", "InEffect")
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}


async def test_a_call_that_is_denied_fails_each_of_its_writes_and_delays_none(
    scenes: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def denied(*_: Any, **__: Any) -> FindingsUpdate:
        raise AccessDenied("no", service="securityhub", operation="o", code="AccessDeniedException")

    scene = scenes(target(), policy("logs"))
    work = task(scene)
    with monkeypatch.context() as patched:
        patched.setattr(scene.hub, "batch_update_findings", denied)
        await settle(scene, work)
    status = scene.api.listed("logs")["status"]
    assert scene.reason("logs") == ("False", "AccessDenied")
    assert status["failed"] == 3
    told = [(each["reason"], each["message"]) for each in status["failures"]]
    assert told == [("AccessDeniedException", "no")] * 3
    await settle(scene, work, 1)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    status = scene.api.listed("logs")["status"]
    assert (status["failed"], status.get("failures", [])) == (0, [])


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


def frozen() -> Config:
    return Config.model_validate({"ownerId": "us", "writes": "Frozen", "grants": [GRANT]})


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


async def test_a_write_is_given_what_the_lease_has_left(scenes: Callable[..., Scene]) -> None:
    """Where the parts join: reconciler, writer and hub; a longer one may be applied under another holder."""
    scene = scenes(target(), policy("logs"))
    scene.hub.left = 3.0
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    assert scene.hub.within == [3.0]


async def test_nothing_is_written_with_too_little_left_of_the_lease(scenes: Callable[..., Scene]) -> None:
    scene = scenes(target(), policy("logs"))
    scene.hub.left = 0.4
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.NEW}
    assert scene.hub.within == []


PCI = "pci-dss/v/3.2.1"


@pytest.mark.parametrize("standards", [[PCI], [PCI, FSBP]])
async def test_a_standard_that_only_a_member_has_is_suppressed_in(
    scenes: Callable[..., Scene], standards: list[str]
) -> None:
    """The hub's own account has FSBP alone; the finding says that PCI DSS is enabled where it is from."""
    scene = scenes(
        target(source={"securityStandards": {"standards": standards}}),
        policy("logs", suppressFindings={"match": [{"controls": ["EC2.2"]}]}),
        findings=[finding(1, check=EC2_2)],
    )
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}


async def test_a_slip_in_the_name_of_a_standard_reopens_nothing(scenes: Callable[..., Scene]) -> None:
    scene = scenes(target(source={"securityStandards": {"standards": [FSBP]}}), policy("logs"))
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    scene.api.put({**target(source={"securityStandards": {"standards": [FSBP.replace("aws", "asw")]}})})
    await settle(scene, task(scene))
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}


async def unreadable(scene: Scene, work: HubSuppression, **spec: Any) -> None:
    """Have a policy in effect, and then written by a newer version, of which this one cannot read all."""
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    newer = scene.api.listed("logs")
    newer["spec"] |= {"suppressFindings": {"matchAnything": True}, "approvals": [{"by": "x"}], **spec}
    newer["metadata"]["generation"] = 2
    scene.api.put(newer)
    await settle(scene, work)


async def test_a_policy_that_cannot_be_read_protects_what_it_holds_until_it_is_deleted(
    scenes: Callable[..., Scene],
) -> None:
    scene = scenes(target(), policy("logs"))
    work = task(scene)
    await unreadable(scene, work)
    assert scene.hub.workflows() == {Workflow.SUPPRESSED}
    assert scene.reason("logs") == ("False", "InvalidSpec")
    assert await work.excepting([]) is None, "what it excepts is not known"
    dying = scene.api.listed("logs")
    dying["metadata"]["deletionTimestamp"] = "2026-11-22T05:59:00Z"
    scene.api.put(dying)
    await settle(scene, work)
    assert scene.hub.workflows() == {Workflow.NEW}
    assert "logs" not in {each["metadata"]["name"] for each in scene.api.objects.values()}


@pytest.mark.parametrize(
    ("end", "workflow"),
    [
        ("2026-11-22T05:00:00Z", Workflow.NEW),
        ("2027-11-22T05:00:00Z", Workflow.SUPPRESSED),
        ("after the audit", Workflow.SUPPRESSED),
        ("2026-11-22", Workflow.SUPPRESSED),
        ({"after": "30d"}, Workflow.SUPPRESSED),
        (None, Workflow.SUPPRESSED),
    ],
)
async def test_a_policy_that_cannot_be_read_ends_when_its_end_can_be(
    scenes: Callable[..., Scene], end: object, workflow: Workflow
) -> None:
    scene = scenes(target(), policy("logs"))
    await unreadable(scene, task(scene), expiresAt=end)
    assert scene.hub.workflows() == {workflow}
    expired = scene.reason("logs")[1] == "Expired"
    assert expired == (workflow is Workflow.NEW)


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

"""What is written over is read first, and only as much is written as the Lease has left."""

from collections.abc import Callable
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied
from posture.aws.securityhub.client import FindingsUpdate
from posture.domain.exceptions import marks
from posture.domain.findings import Workflow
from posture.store.errors import StoreUnavailable
from posture.store.records import Read
from posture.suppression.findings import reconcile as rounds
from tests.support.hub_on_paper import DELETED, Scene, frozen, policy, settle, target, task
from tests.support.policies import NOW
from tests.support.rows import finding


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
        raise StoreUnavailable("the disk is full", reason="StoreDiskFull", advice="Free some space.")

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

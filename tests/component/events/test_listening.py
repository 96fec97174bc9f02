"""A hub that listens: what events tell shows before the next poll, as of the last one."""

from functools import partial
from typing import Any

import pytest

from posture.hubs.hub import Hub
from posture.hubs.listening import ListeningStatus
from posture.sources.base import EventOutcome
from sandbox.cloud import Cloud
from tests.support.events import Sqs, event, listening, outcomes, until
from tests.support.hubs.living import demand, living, passed_and_scored
from tests.support.hubs.world import World, finding


def moved_on(hub: Hub, version: int) -> bool:
    return hub.status.version != version


async def test_a_change_shows_without_a_poll(world: World, hub: Hub, sqs: Sqs) -> None:
    world.load(world.some(5, control="S3.1", compliance="PASSED"))
    world.load(world.some(5, control="KMS.4", compliance="FAILED"))
    sqs.tell()
    hub.ask([listening(sqs.url)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact and hub.status.listening is not None)
        assert await passed_and_scored(hub) == (1, 2)
        exact_at, version = hub.status.exact_at, hub.status.version
        asked = world.usage.requests["securityhub", "GetFindings", "200"]
        world.mutate({"op": "update", "where": {}, "set": {"Compliance": {"Status": "PASSED"}}})
        scored: tuple[int, int] | None = None
        while scored != (2, 2):
            # They need not come all at once.
            await changes.until(partial(moved_on, hub, version))
            version = hub.status.version
            scored = await passed_and_scored(hub)
        assert hub.status.exact_at == exact_at
        assert world.usage.requests["securityhub", "GetFindings", "200"] == asked
        await until(lambda: sqs.left() == 0)
        assert outcomes(hub) == {"stored": 10}
        assert hub.listening.lag is not None


async def test_foreign_and_malformed_messages_are_counted_and_gone(world: World, hub: Hub, sqs: Sqs) -> None:
    world.load(world.some(3, control="S3.1", compliance="PASSED"))
    hub.ask([listening(sqs.url)])
    now = f"{world.now()[:19]}Z"
    known = finding("new", updated_at=world.now(), compliance="FAILED")
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        sqs.put(
            "<html>",
            event(known, now, account="999988887777"),
            event(known, now, region="us-east-1"),
            event(finding("a", updated_at=world.now(), account="999988887777"), now),
            event(finding("b", updated_at=world.now(), product="GuardDuty"), now),
            event(finding("c", updated_at=world.now(), own=False), now),
            event(known, now, **{"detail-type": "Findings Imported V2"}),
            event(known, now) | {"detail": {"findings": []}},
        )
        await until(lambda: sum(hub.listening.outcomes.values()) == 8)
        assert outcomes(hub) == {"foreign": 6, "malformed": 2}
        await until(lambda: sqs.left() == 0)
        assert hub.status.findings == 3
        assert await passed_and_scored(hub) == (1, 1)
        await changes.until(lambda: bool(hub.status.listening and hub.status.listening.foreign))
        sqs.put(event(known, now))
        await changes.until(lambda: hub.status.listening == ListeningStatus(sqs.url, answers=True))


async def test_a_shrunk_event_has_the_finding_read_by_id(world: World, hub: Hub, sqs: Sqs) -> None:
    (passed,) = world.some(1, control="S3.1", compliance="PASSED")
    world.load([passed])
    hub.ask([listening(sqs.url)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        world.mutate({"op": "update", "id": passed["Id"], "set": {"Compliance": {"Status": "FAILED"}}})
        shrunk = {name: passed[name] for name in ("Id", "ProductArn", "AwsAccountId", "RecordState")}
        version = hub.status.version
        sqs.put(event(shrunk, f"{world.now()[:19]}Z"))
        await changes.until(lambda: hub.status.version != version)
        assert await passed_and_scored(hub) == (0, 1)
        assert outcomes(hub) == {"stored": 1}


@pytest.mark.parametrize(
    "fault",
    [
        {"operation": "ReceiveMessage", "code": "AccessDenied", "status": 403},
        {"operation": "GetQueueAttributes", "code": "AccessDenied", "status": 403},
        {"operation": "DeleteMessageBatch", "code": "AccessDenied", "status": 403},
        {"operation": "ReceiveMessage", "answer": "html"},
        {"operation": "ReceiveMessage", "answer": "truncated"},
    ],
)
async def test_without_the_queue_polls_go_on_and_it_is_taken_up_again(
    world: World, hub: Hub, cloud: Cloud, sqs: Sqs, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    monkeypatch.setattr("posture.hubs.listening._LONGEST_PAUSE", 0.05)
    world.load(world.some(3, control="S3.1", compliance="PASSED"))
    sqs.tell()
    cloud.meddle("fault", service="sqs", **fault)
    hub.ask([listening(sqs.url, interval=0.5)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        world.mutate({"op": "update", "where": {}, "set": {"Compliance": {"Status": "FAILED"}}})
        await changes.until(
            lambda: hub.status.listening is not None and hub.status.listening.error is not None
        )
        assert hub.listening.lag is None
        exact_at = hub.status.exact_at
        await changes.until(lambda: (hub.status.exact_at or 0) > (exact_at or 0))
        assert hub.status.error is None
        assert await passed_and_scored(hub) == (0, 1)
        cloud.lift("fault")
        await changes.until(lambda: hub.status.listening == ListeningStatus(sqs.url, answers=True))
        await until(lambda: sqs.left() == 0 and sum(hub.listening.outcomes.values()) >= 3)


async def test_a_queue_that_is_deleted_and_made_again(
    world: World, hub: Hub, sqs: Sqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posture.hubs.listening._LONGEST_PAUSE", 0.05)
    (passed,) = world.some(1, control="S3.1", compliance="PASSED")
    world.load([passed])
    hub.ask([listening(sqs.url)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        sqs.delete()
        await changes.until(
            lambda: hub.status.listening is not None and hub.status.listening.error is not None
        )
        assert hub.status.listening is not None
        assert "queueUrl" in str(hub.status.listening.error)
        sqs.create()
        sqs.tell()
        await changes.until(lambda: hub.status.listening == ListeningStatus(sqs.url, answers=True))
        world.mutate({"op": "workflow", "id": passed["Id"], "status": "SUPPRESSED"})
        await until(lambda: outcomes(hub) == {"stored": 1})


async def test_what_cannot_be_stored_now_comes_again(world: World, hub: Hub, sqs: Sqs) -> None:
    (passed,) = world.some(1, control="S3.1", compliance="PASSED")
    world.load([passed])
    hub.ask([listening(sqs.url)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        fault = world.emulator.faults.add("denied", operation="GetFindings", count=None)
        sqs.put(event({name: passed[name] for name in ("Id", "ProductArn")}, f"{world.now()[:19]}Z"))
        await until(lambda: hub.listening.outcomes[EventOutcome.FAILED] > 0)
        assert sqs.left() == 1
        world.emulator.faults.remove(fault.id)
        await until(lambda: hub.listening.outcomes[EventOutcome.STORED] == 1 and sqs.left() == 0)


async def test_who_asks_no_more_is_not_listened_for(world: World, hub: Hub, sqs: Sqs) -> None:
    world.load(world.some(1))
    hub.ask([listening(sqs.url)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact and hub.status.listening is not None)
        hub.ask([demand()])
        await changes.until(lambda: hub.status.listening is None)
        sqs.put("<html>")
        hub.ask([listening(sqs.url)])
        await until(lambda: outcomes(hub) == {"malformed": 1})

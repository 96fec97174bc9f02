"""What is gone: looked for, read by Id, removed; and kept while it is too much to be believed."""

from typing import Any

import pytest

from posture.aws.client.errors import Retryable
from posture.aws.securityhub.client import SecurityHub
from posture.sources.securityhub.sweep import read_by_id
from posture.sources.securityhub.sync import Sync
from posture.store.records import FindingRef, key_of
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.world import HOUR, MEMBERS, MINUTE, World, stored


async def settled(open_sync: OpenSync) -> Sync:
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    return sync


async def test_a_few_are_removed_by_the_sweep(world: World, open_sync: OpenSync) -> None:
    world.load(world.some(300, compliance="PASSED"))
    sync = await settled(open_sync)
    world.mutate(*({"op": "delete", "id": each} for each in ids(world)[:20]))
    await sync.sweep()
    assert not sync.sweep_due()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()
    assert sync.published is not None
    assert sync.published.findings == 280


async def test_too_many_are_kept_until_a_second_sweep_misses_them_too(
    world: World, open_sync: OpenSync
) -> None:
    world.load(world.some(300, compliance="PASSED"))
    sync = await settled(open_sync)
    world.mutate(*({"op": "delete", "id": each} for each in ids(world)[:21]))
    await sync.sweep()
    assert len(stored(sync.context.findings.rows)) == 300
    assert not await sync.poll(), "not published while it is doubted"
    sync = await open_sync()
    assert not await sync.resume(world.client().now()), "nor after a restart"
    assert sync.sweep_due()
    await sync.sweep()
    assert not sync.sweep_due()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


async def test_an_account_that_comes_back_has_lost_nothing(world: World, open_sync: OpenSync) -> None:
    world.load(world.some(300))
    sync = await settled(open_sync)
    before = world.truth()
    theirs = [document for document in documents(world) if document["AwsAccountId"] == MEMBERS[0]]
    world.mutate(*({"op": "delete", "id": each["Id"]} for each in theirs))
    await sync.sweep()
    assert sync.context.progress.done.suspicious is not None
    world.load(theirs)
    await sync.sweep()
    assert not sync.sweep_due()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == before == world.truth()


async def test_a_relist_that_misses_too_many_asks_for_a_sweep(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    """All that fails is gone: the score would be perfect."""
    world.load(world.some(60, compliance="FAILED"))
    world.load(world.some(60, compliance="PASSED"))
    sync = await settled(open_sync)
    failed = [each["Id"] for each in documents(world) if each["Compliance"]["Status"] == "FAILED"]
    world.mutate(*({"op": "delete", "id": each} for each in failed))
    await world.pass_time(client, HOUR + MINUTE)
    assert await sync.poll(), "a poll cannot see it"
    assert sync.relist_due()
    await sync.relist()
    assert not await sync.poll()
    assert len(stored(sync.context.findings.rows)) == 120
    for _ in range(2):
        assert sync.sweep_due()
        await sync.sweep()
    assert not sync.sweep_due()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


async def test_a_sweep_that_began_before_the_doubt_does_not_settle_it(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    world.load(world.some(60, compliance="FAILED"))
    sync = await settled(open_sync)
    await sync.sweep()
    sync.context.progress.done.suspicious = sync.context.latest + 1
    await world.pass_time(client, HOUR + MINUTE)
    assert sync.sweep_due()
    await sync.sweep()
    assert not sync.sweep_due()


async def test_what_left_the_exceptional_set_by_deletion_is_gone_after_the_poll(
    world: World, open_sync: OpenSync
) -> None:
    world.load(world.some(50, workflow="SUPPRESSED", compliance="FAILED"))
    sync = await settled(open_sync)
    first = ids(world)[0]
    world.mutate({"op": "delete", "id": first})
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


async def test_a_finding_that_becomes_unreadable_is_not_counted_as_it_was(
    world: World, open_sync: OpenSync, caplog: pytest.LogCaptureFixture
) -> None:
    world.load(world.some(30))
    sync = await settled(open_sync)
    broken = ids(world)[0]
    world.mutate({"op": "replace", "id": broken, "set": {"ProductArn": "nonsense"}})
    await sync.sweep()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()
    assert len(stored(sync.context.findings.rows)) == 29
    assert sync.published is not None
    assert sync.published.rejected == 1
    assert sync.published.rejected_findings[0].id == broken
    assert [record.message for record in caplog.records if broken in record.message] != []
    logged = len(caplog.records)
    await sync.sweep()
    assert len(caplog.records) == logged, "it is logged once"
    world.mutate({"op": "delete", "id": broken})
    await sync.sweep()
    assert await sync.poll()
    assert sync.published.rejected == 0


async def test_a_finding_that_is_odd_is_named_until_it_is_not(
    world: World, open_sync: OpenSync, caplog: pytest.LogCaptureFixture
) -> None:
    """Named and counted by a default, said once; also by the process that comes after."""
    world.load(world.some(30))
    sync = await settled(open_sync)
    odd, gone = documents(world)[:2]
    for each in (odd, gone):
        world.mutate({"op": "replace", "id": each["Id"], "set": {"Severity": {"Label": "SEVERE"}}})
    await sync.sweep()
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()
    assert sync.published is not None
    assert sync.published.unreadable == 2
    named = {each.id: each.account_id for each in sync.published.unreadable_findings}
    assert named == {each["Id"]: each["AwsAccountId"] for each in (odd, gone)}
    assert len([record for record in caplog.records if odd["Id"] in record.message]) == 1
    world.mutate(
        {"op": "replace", "id": odd["Id"], "set": {"Severity": odd["Severity"]}},
        {"op": "delete", "id": gone["Id"]},
    )
    await sync.sweep()
    assert await sync.poll()
    assert (sync.published.unreadable, sync.published.unreadable_findings) == (0, ())


def documents(world: World) -> list[dict[str, Any]]:
    return [world.emulator.finding(seq) for seq, _ in world.emulator.store.all_bodies()]


def ids(world: World) -> list[str]:
    return [str(each["Id"]) for each in documents(world)]


@pytest.mark.parametrize("empty", [1, 2, 3, 7])
async def test_a_finding_is_not_gone_because_pages_without_any_come_first(
    world: World, open_sync: OpenSync, empty: int
) -> None:
    world.load(world.some(3))
    sync = await settled(open_sync)
    ref = await one_of(sync)
    world.emulator.faults.add("short", operation="GetFindings", count=empty)
    assert (await read_by_id(sync.context, [ref]))[1] == []


async def test_a_finding_stays_while_pages_without_any_do_not_end(world: World, open_sync: OpenSync) -> None:
    world.load(world.some(3))
    sync = await settled(open_sync)
    ref = await one_of(sync)
    world.emulator.faults.add("short", operation="GetFindings", count=100)
    with pytest.raises(Retryable, match="did not end"):
        await read_by_id(sync.context, [ref])
    assert stored(sync.context.findings.rows) == world.truth()


async def one_of(sync: Sync) -> FindingRef:
    """Return one of the findings that are stored."""
    rows = sync.context.findings.rows
    keys = [key_of(*name) for name in stored(rows)][:1]
    return (await sync.context.worker.call(rows.seen_before, keys, 2**62))[0]

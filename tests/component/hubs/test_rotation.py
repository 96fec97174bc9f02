"""What people did by hand, when it is more than a poll may read: it is read in turns, and that is told."""

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.domain.findings import Workflow
from posture.sources.securityhub.sync import Sync, share_of
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.meddling import Meddler
from tests.support.hubs.world import DAY, HOUR, MINUTE, World, stored


@pytest.fixture
async def sync(world: World, client: SecurityHub, open_sync: OpenSync) -> Sync:
    """In sync, and an hour later: of 160 suppressed findings no two are of one instant."""
    world.load(world.some(160, within=DAY, compliance="FAILED", workflow="SUPPRESSED"))
    opened = await open_sync()
    opened.context.source = Meddler(client, page=10)
    await opened.sweep()
    assert await opened.poll()
    assert opened.lag() == 0
    await world.pass_time(client, HOUR)
    return opened


async def polls(sync: Sync, world: World, client: SecurityHub) -> int:
    """Poll until all is known; return how often that took."""
    for count in range(1, 40):
        assert await sync.poll(), "it is published all the same"
        if stored(sync.context.findings.rows) == world.truth():
            return count
        assert sync.lag() > 0, "what is not known is told"
        await world.pass_time(client, MINUTE)
    raise AssertionError("it never was known")


async def test_a_set_that_is_too_large_is_read_in_turns(
    world: World, client: SecurityHub, sync: Sync
) -> None:
    """Changes by hand without a note are known within a turn and what is left of the one before."""
    meddler = sync.context.source
    assert isinstance(meddler, Meddler)
    sync.pages = 5
    world.mutate(*({"op": "workflow", "id": name, "status": "NEW"} for _, name in sorted(world.truth())[::9]))
    meddler.calls = meddler.by_id = 0
    assert await sync.poll()
    # One call for the changes and one for notes; readers that were under way come to the end of their page.
    assert meddler.calls <= 2 + 5 + 6
    assert sync.lag() > 30 * MINUTE
    assert 2 <= await polls(sync, world, client) <= 2 * (160 // 10 // 5 + 2)


async def test_a_note_is_known_at_once_all_the_same(world: World, client: SecurityHub, sync: Sync) -> None:
    sync.pages = 1
    (product_arn, name), *_ = sorted(world.truth())
    named = {"id": name, "product_arn": product_arn}
    world.mutate({"op": "workflow", "status": "NEW", "note": "SEC-1: not so", **named})
    assert await polls(sync, world, client) == 1


async def test_the_turn_goes_on_after_a_restart(
    world: World, client: SecurityHub, sync: Sync, open_sync: OpenSync
) -> None:
    meddler = sync.context.source
    world.mutate({"op": "workflow", "where": {}, "status": "NEW"})
    for _ in range(30):
        sync.pages = 4
        await sync.poll()
        if stored(sync.context.findings.rows) == world.truth():
            return
        sync = await open_sync()
        sync.context.source = meddler
        await world.pass_time(client, MINUTE)
    raise AssertionError("it never was known")


async def test_a_set_that_fits_again_is_known_at_each_poll(
    world: World, client: SecurityHub, sync: Sync
) -> None:
    """What an earlier poll began does not pass for what this one has read."""
    sync.pages = 3
    assert await sync.poll()
    assert sync.lag() > 0
    sync.pages = 90
    world.mutate(*({"op": "workflow", "id": name, "status": "NEW"} for _, name in sorted(world.truth())[::9]))
    assert await polls(sync, world, client) == 1
    assert sync.lag() == 0


def relisted(meddler: Meddler) -> list[set[str]]:
    """The workflows that the listings of ACTIVE findings asked for, one after the other."""
    return [
        {each["Value"] for each in filters.get("WorkflowStatus", ())}
        for filters in meddler.asked
        if "RecordState" in filters
    ]


async def test_the_hourly_relist_leaves_to_polls_what_they_read(
    world: World, client: SecurityHub, sync: Sync
) -> None:
    meddler = sync.context.source
    assert isinstance(meddler, Meddler)
    world.load(world.some(20, compliance="FAILED"))
    assert await sync.poll()
    await world.pass_time(client, HOUR)
    assert await sync.poll()
    assert sync.relist_due()
    removed = [name for _, name in sorted(world.truth()) if "f-00015" in name or "f-00016" in name]
    assert len(removed) == 20, "of both kinds"
    world.mutate(*({"op": "delete", "id": name} for name in removed))
    meddler.asked.clear()
    await sync.relist()
    assert {*map(frozenset, relisted(meddler))} == {frozenset({"NEW", "NOTIFIED", "RESOLVED"})}
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


async def test_the_relist_after_a_long_pause_leaves_nothing_out(
    world: World, client: SecurityHub, sync: Sync
) -> None:
    """What is exceptional may be gone, and would be known only after a whole turn: hours may pass."""
    meddler = sync.context.source
    assert isinstance(meddler, Meddler)
    sync.pages = 2
    assert await sync.poll()
    world.mutate(*({"op": "delete", "id": name} for _, name in sorted(world.truth())[::40]))
    await world.pass_time(client, 12 * HOUR)
    assert not await sync.poll(), "nobody has looked for absence"
    meddler.asked.clear()
    await sync.relist()
    assert set() in relisted(meddler)
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


OURS = {"posture.dev/owner": "this-cluster", "posture.dev/policy": "security/known"}


@pytest.fixture
async def marked(world: World, client: SecurityHub, sync: Sync) -> Meddler:
    """All that is suppressed is ours, and some other findings fail."""
    world.mutate({"op": "workflow", "where": {}, "user_fields": OURS, "note": "ours"})
    world.load(world.some(10, within=DAY, compliance="FAILED"))
    sync.marks.own(frozenset({"this-cluster"}))
    await sync.sweep()
    assert await sync.poll()
    # As of an hour before polls begin, since the clock jumped.
    world.pass_time_everywhere(client, HOUR + 20 * MINUTE)
    sync.pages = 6
    assert await sync.poll()
    assert sync.context.progress.rotation is not None
    meddler = sync.context.source
    assert isinstance(meddler, Meddler)
    return meddler


async def test_what_others_did_is_looked_at_before_what_is_ours(
    world: World, client: SecurityHub, sync: Sync, marked: Meddler
) -> None:
    new = [each.id for each in world.truth().values() if each.workflow is Workflow.NEW]
    world.pass_time_everywhere(client, 5 * MINUTE)
    marked.calls = 0
    for number, name in enumerate(new):
        world.mutate({"op": "workflow", "id": name, "status": "SUPPRESSED"})
        await sync.poll()
        assert stored(sync.context.findings.rows) == world.truth(), "it is known at once"
        assert marked.calls <= (number + 1) * (2 + 6 + 6), "all of it within the share"
        world.pass_time_everywhere(client, MINUTE)


async def test_too_much_that_others_did_is_read_in_turns_like_all_else(
    world: World, client: SecurityHub, sync: Sync, marked: Meddler
) -> None:
    """It is tried once a turn to read it first, or that would take half of the share for ever."""
    world.load(world.some(150, within=MINUTE, compliance="FAILED", workflow="NOTIFIED"))
    world.pass_time_everywhere(client, 5 * MINUTE)
    tried = []
    before = sync.context.progress.done.rotated
    for _ in range(6):
        marked.asked.clear()
        assert await sync.poll()
        tried.append(any("UserDefinedFields" in each for each in marked.asked))
        world.pass_time_everywhere(client, MINUTE)
        if sync.context.progress.done.rotated != before:
            break
    assert tried[0]
    assert not any(tried[1:]), tried
    assert len(tried) > 2


def test_the_share_is_a_tenth_of_the_quota_and_never_nothing() -> None:
    assert share_of(5 * MINUTE) == 90
    assert share_of(1_000_000) == 1

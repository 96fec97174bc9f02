"""What people did by hand, when it is more than a poll may read: it is read in turns, and that is told."""

import pytest

from posture.aws.securityhub.client import SecurityHub
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


def test_the_share_is_a_tenth_of_the_quota_and_never_nothing() -> None:
    assert share_of(5 * MINUTE) == 90
    assert share_of(1_000_000) == 1

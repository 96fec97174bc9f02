"""Changes by hand that wrote a note are found by its time, whatever set the finding is in."""

import pytest

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.client import SecurityHub
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.meddling import Meddler
from tests.support.hubs.world import DAY, HOUR, MINUTE, World, stored


@pytest.mark.parametrize("compliance", ["PASSED", "FAILED"])
@pytest.mark.parametrize("state", ["ACTIVE", "ARCHIVED"])
async def test_a_note_is_known_after_the_poll(
    world: World, client: SecurityHub, open_sync: OpenSync, compliance: str, state: str
) -> None:
    """The finding was updated long ago, and is in no set that a poll lists again."""
    world.load(world.some(40, within=DAY, compliance=compliance, state=state))
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    await world.pass_time(client, HOUR)
    noted = sorted(world.truth())[:3]
    for product_arn, name in noted:
        note = {"note": "SEC-1: seen", "user_fields": {"ticket": "SEC-1"}}
        world.mutate({"op": "workflow", "id": name, "product_arn": product_arn, **note})
    await sync.poll()
    holds = stored(sync.context.findings.rows)
    assert holds == world.truth()
    assert {holds[name].note for name in noted} == {"SEC-1: seen"}


async def test_only_what_was_noted_since_the_last_poll_is_read_again(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    world.load(world.some(300, within=DAY))
    world.mutate({"op": "workflow", "where": {}, "note": "of old"})
    world.pass_time_everywhere(client, HOUR)
    sync = await open_sync()
    sync.context.source = meddler = Meddler(client, page=100)
    await sync.sweep()
    assert await sync.poll()
    world.pass_time_everywhere(client, HOUR)
    meddler.calls = 0
    assert await sync.poll()
    assert meddler.calls == 4, "the changes, the notes, and two parts of what people did by hand"


async def test_a_note_that_was_written_in_a_long_interruption_is_known_after_it(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    """A poll breaks off after its changes were read, and the one after it where notes are."""
    world.load(world.some(40, within=DAY, compliance="FAILED"))
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    (product_arn, name), *_ = sorted(world.truth())
    world.mutate({"op": "workflow", "id": name, "product_arn": product_arn, "note": "SEC-1: seen"})
    await world.pass_time(client, MINUTE)
    for after in (1, 1, 2):
        fault = world.emulator.faults.add(
            "error", operation="GetFindings", count=None, after=after, options={"status": 500, "code": "Oops"}
        )
        with pytest.raises(AwsError):
            await sync.poll()
        world.emulator.faults.remove(fault.id)
        await world.pass_time(client, HOUR)
        sync = await open_sync()
    await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()

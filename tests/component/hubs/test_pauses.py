"""After a long pause nothing is published before what is overdue has been done."""

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.domain.findings import Finding
from posture.sources.securityhub.sync import Sync
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.world import DAY, HOUR, MINUTE, World, stored


async def settled(world: World, open_sync: OpenSync) -> Sync:
    world.load(world.some(60, compliance="FAILED"))
    world.load(world.some(60, compliance="PASSED"))
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    return sync


@pytest.mark.parametrize("crashed", [False, True])
async def test_hours_without_a_relist(
    world: World, client: SecurityHub, open_sync: OpenSync, *, crashed: bool
) -> None:
    """What fails is archived without a trace meanwhile: the score would say it still fails."""
    sync = await settled(world, open_sync)
    world.mutate(*({"op": "archive", "id": each.id, "bump": False} for each in failing(world)[:10]))
    if crashed:
        sync = await open_sync()
        assert await sync.resume(client.now()), "as of the last poll it is exact"
    await world.pass_time(client, 3 * HOUR)
    assert not await sync.poll()
    assert sync.relist_due()
    await sync.relist()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


async def test_days_without_a_sweep(world: World, client: SecurityHub, open_sync: OpenSync) -> None:
    sync = await settled(world, open_sync)
    passing = [each for each in world.truth().values() if each not in failing(world)]
    world.mutate(*({"op": "delete", "id": each.id} for each in passing[:5]))
    await world.pass_time(client, 3 * DAY)
    assert not await sync.poll()
    await sync.relist()
    assert not await sync.poll(), "the re-list does not make up for the sweep"
    assert sync.sweep_due()
    await sync.sweep()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


async def test_a_usual_cycle_owes_nothing(world: World, client: SecurityHub, open_sync: OpenSync) -> None:
    sync = await settled(world, open_sync)
    for _ in range(6):
        await world.pass_time(client, 25 * MINUTE)
        assert await sync.poll()
        if sync.relist_due():
            await sync.relist()
    assert not sync.sweep_due()
    await world.pass_time(client, DAY)
    assert not await sync.poll()
    assert sync.sweep_due()


def failing(world: World) -> list[Finding]:
    return [each for each in world.truth().values() if each.compliance.name == "FAILED"]

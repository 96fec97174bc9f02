"""An eventually consistent hub: old copies change nothing for long, and what comes late is waited for."""

from random import Random

from posture.aws.securityhub.client import SecurityHub
from tests.component.hubs.conftest import OpenSync
from tests.support.examples import seeds
from tests.support.hubs.history import History
from tests.support.hubs.meddling import Meddler
from tests.support.hubs.witness import Witness
from tests.support.hubs.world import HOUR, MINUTE, SECOND, World, stored


@seeds(2)
async def test_stale_reads_are_made_up_for(
    world: World, client: SecurityHub, open_sync: OpenSync, seed: int
) -> None:
    """For two minutes after a change every second read shows what was before it."""
    random = Random(seed)
    world.random.seed(seed)
    world.load(world.some(80))
    sync = await open_sync()
    sync.context.source = Meddler(client)
    history = History(world, random, ["Security Hub"])
    witness = Witness(sync, history, await client.discover())
    await witness.sweep()
    await witness.poll()
    world.emulator.staleness.seconds = 120
    world.emulator.staleness.probability = 0.5
    for _ in range(3):
        history.happen(random.randrange(1, 6))
        for step in (sync.poll, sync.relist, sync.sweep, sync.poll):
            await step()
            witness.every_state_was_so()
        await world.pass_time(client, 3 * MINUTE)
        await witness.poll()
        witness.nothing_is_missing()
        await witness.relist()
        await witness.sweep()


async def test_the_overlap_grows_with_what_comes_late(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    """A finding of ten minutes before the last poll, then one of eighteen: only a longer overlap finds it."""
    world.load(world.some(50))
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    await world.pass_time(client, 5 * MINUTE)
    assert await sync.poll()
    world.load(arrivals(world, 10 * MINUTE))
    await world.pass_time(client, 10 * SECOND)
    assert await sync.poll()
    world.load(arrivals(world, 18 * MINUTE))
    await world.pass_time(client, 10 * SECOND)
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()
    assert not sync.context.tally.corrections


async def test_what_comes_later_than_any_overlap_is_a_correction_of_the_sweep(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    world.load(world.some(50, compliance="PASSED"))
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    assert not sync.context.tally.corrections, "the first sweep corrects nothing"
    silent, *_ = (each for each in world.truth().values() if each.updated_at < sync.context.latest - HOUR)
    world.mutate({"op": "archive", "id": silent.id, "bump": False})
    world.load(arrivals(world, 3 * HOUR))
    await world.pass_time(client, 10 * SECOND)
    assert await sync.poll()
    assert stored(sync.context.findings.rows) != world.truth()
    await sync.sweep()
    assert stored(sync.context.findings.rows) == world.truth()
    assert dict(sync.context.tally.corrections) == {"missed_finding": 1, "missed_archival": 1}


def arrivals(world: World, ago: int) -> list[dict[str, object]]:
    (arrived,) = world.some(1, compliance="PASSED")
    return [{**arrived, "UpdatedAt": world.now(ago)}]

from tests.component.hubs.conftest import OpenSync
from tests.component.hubs.world import World, stored


async def test_first_sweep_then_poll(world: World, open_sync: OpenSync) -> None:
    world.load(world.some(1500))
    sync = await open_sync()
    assert not await sync.poll()
    await sync.sweep()
    assert await sync.poll()
    assert stored(sync.desk.known.store) == world.truth()

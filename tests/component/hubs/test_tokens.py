"""NextTokens as they might be: numbers of findings to pass over, or good for a moment only."""

import pytest

from posture.aws.securityhub import SecurityHub
from posture.hubs.desk import Bounds
from tests.component.hubs.conftest import OpenSync
from tests.component.hubs.meddling import Meddler
from tests.component.hubs.world import DAY, World, active, stored
from tests.support.examples import seeds


@seeds(6)
@pytest.mark.parametrize("count", [60, 400])
async def test_findings_that_leave_a_page_while_it_is_read_let_no_other_go_unread(
    world: World, client: SecurityHub, open_sync: OpenSync, seed: int, count: int
) -> None:
    """With tokens that are offsets, each that leaves moves those behind it over the edge of a page."""
    world.random.seed(seed)
    world.load(world.some(count, within=DAY))
    world.emulator.tokens.are_offsets = True
    sync = await open_sync()
    sync.desk.source = meddler = Meddler(client, page=20)
    left = list(world.truth().values())

    def touch() -> None:
        if left and world.random.random() < 0.7:
            gone = left.pop(world.random.randrange(len(left)))
            world.mutate({"op": "update", "id": gone.id, "set": {"Compliance": {"Status": "WARNING"}}})

    meddler.between = touch
    await sync.sweep()
    meddler.between = lambda: None
    assert await sync.poll()
    assert stored(sync.desk.known.store) == world.truth()
    for _ in range(3):
        meddler.between = touch
        await sync.poll()
        await sync.relist()
        meddler.between = lambda: None
        assert await sync.poll()
        assert active(stored(sync.desk.known.store)) == active(world.truth())


async def test_tokens_that_die_at_once_hold_up_nothing(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    world.load(world.some(300, within=DAY))
    world.emulator.tokens.lifetime = -1.0
    sync = await open_sync(bounds=Bounds())
    sync.desk.source = Meddler(client, page=20)
    await sync.sweep()
    assert await sync.poll()
    assert stored(sync.desk.known.store) == world.truth()
    # A chain that has to begin anew for each page would need a call more for each.
    assert sync.desk.source.calls < 2 * 300 / 20 + 20

"""Random histories: what the store holds, and what is scored from it, is exact at the promised bounds."""

from datetime import timedelta
from random import Random

import pytest

from posture.aws.securityhub import SecurityHub
from posture.domain.findings import Finding
from posture.hubs.sync import Sync
from tests.component.hubs.conftest import OpenSync
from tests.component.hubs.history import History, Name, Picture, allowed_after_poll, is_listed, material
from tests.component.hubs.meddling import Meddler
from tests.component.hubs.world import MINUTE, SECOND, World, stored

PRODUCTS = ("Security Hub", "GuardDuty")
WINDOW = timedelta(hours=26)


def known(sync: Sync) -> Picture:
    return stored(sync.desk.known.store)


class Witness:
    """Runs a sync's steps and compares what it knows with what it must know."""

    def __init__(self, sync: Sync, history: History) -> None:
        self.sync = sync
        self.history = history

    def same(self, allowed: dict[Name, list[Finding | None]], holds: Picture) -> None:
        for name, pictures in allowed.items():
            seen = material(holds.get(name))
            assert seen in [material(each) for each in pictures], name
        assert holds.keys() <= allowed.keys()
        for each in holds.values():
            self.history.document_of(each)

    async def poll(self) -> None:
        before, followed = known(self.sync), self.sync.desk.progress.done.polled
        assert followed is not None
        assert await self.sync.poll()
        since = followed - 15 * MINUTE + 5 * SECOND
        self.same(allowed_after_poll(before, self.history.truth(), since), known(self.sync))

    async def relist(self) -> None:
        before = known(self.sync)
        await self.sync.relist()
        holds, truth = known(self.sync), self.history.truth()
        for name in before.keys() | truth.keys():
            if is_listed(before.get(name)) or is_listed(truth.get(name)):
                assert material(holds.get(name)) == material(truth.get(name))

    async def sweep(self) -> None:
        await self.sync.sweep()
        assert known(self.sync) == self.history.truth()


@pytest.mark.parametrize("seed", range(4))
async def test_every_bound_is_kept(world: World, client: SecurityHub, open_sync: OpenSync, seed: int) -> None:
    random = Random(seed)
    world.load(world.some(90))
    world.load(world.some(6, product="GuardDuty", compliance=None))
    world.load(world.some(3, own=False))
    sync = await open_sync(*PRODUCTS)
    sync.desk.source = Meddler(client)
    history = History(world, random, PRODUCTS)
    witness = Witness(sync, history)
    await witness.sweep()
    await witness.poll()
    for _ in range(3):
        for _ in range(3):
            history.happen(random.randrange(1, 8))
            await world.pass_time(client, random.randrange(5, 40) * MINUTE)
            await witness.poll()
        await witness.relist()
        history.happen(random.randrange(5))
        await witness.sweep()

"""Random histories: what is stored, and what is scored from it, is exact at the promised bounds."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from posture.aws.securityhub.client import SecurityHub
from tests.component.hubs.conftest import OpenSync
from tests.support.examples import seeds
from tests.support.hubs.history import History
from tests.support.hubs.meddling import Meddler
from tests.support.hubs.witness import Witness, until_it_works
from tests.support.hubs.world import HOUR, MINUTE, World

PRODUCTS = ("Security Hub", "GuardDuty")
FAULTS = (
    "throttle",
    "error",
    "unreachable",
    "reset",
    "truncated",
    "html",
    "empty",
    "invalid_token",
    "duplicate",
    "short",
)


Begin = Callable[[int], Awaitable[Witness]]


@pytest.fixture
async def begin(world: World, client: SecurityHub, open_sync: OpenSync) -> Begin:
    async def begin_it(seed: int) -> Witness:
        world.random.seed(seed)
        world.load(world.some(90, within=30 * HOUR))
        world.load(world.some(6, product="GuardDuty", compliance=None))
        world.load(world.some(3, own=False))
        history = History(world, Random(seed), PRODUCTS)
        sync = await open_sync(*PRODUCTS)
        sync.context.source = Meddler(client)
        return Witness(sync, history, await client.discover())

    return begin_it


@seeds(3)
async def test_every_bound_is_kept(world: World, client: SecurityHub, begin: Begin, seed: int) -> None:
    witness, random = await begin(seed), Random(seed)
    await witness.sweep()
    await witness.poll()
    for _ in range(3):
        for _ in range(3):
            witness.history.happen(random.randrange(1, 8))
            await world.pass_time(client, random.choice((5 * MINUTE, 40 * MINUTE, 8 * HOUR)))
            await witness.poll()
        witness.history.join()
        await witness.poll()
        await witness.relist()
        witness.history.happen(random.randrange(5))
        await witness.sweep()


@seeds(3)
async def test_faults_delay_and_change_nothing(
    world: World, client: SecurityHub, begin: Begin, seed: int
) -> None:
    witness, random = await begin(seed), Random(seed)
    faults = world.emulator.faults
    steps = [witness.sweep, witness.poll]
    for _ in range(3):
        steps += [witness.poll, witness.poll, witness.relist, witness.sweep]
    for step in steps:
        for kind in random.sample(FAULTS, 3):
            faults.add(kind, operation="GetFindings", count=random.randrange(1, 8), probability=0.4)
        witness.history.happen(random.randrange(1, 6))
        await step()
        faults.remove()
        await world.pass_time(client, random.choice((0, 5 * MINUTE, HOUR)))


@seeds(3)
async def test_changes_between_pages_lose_nothing(
    world: World, client: SecurityHub, begin: Begin, seed: int
) -> None:
    """Findings move, come and go while they are listed: none is missed, and all is exact once it is quiet."""
    witness, random = await begin(seed), Random(seed)
    history, meddler = witness.history, witness.sync.context.source
    assert isinstance(meddler, Meddler)

    def meddle() -> None:
        history.note()
        if random.random() < 0.15:
            history.happen()

    for _ in range(3):
        world.emulator.faults.add("moved", operation="GetFindings", count=4, probability=0.3)
        meddler.between = meddle
        for step in (witness.sync.sweep, witness.sync.poll, witness.sync.relist):
            await step()
            witness.every_state_was_so()
        meddler.between = history.note
        world.emulator.faults.remove()
        await witness.poll()
        witness.nothing_is_missing()
        await world.pass_time(client, HOUR)
        await witness.relist()
    await witness.sweep()
    await witness.poll()


@seeds(4)
async def test_a_crash_at_any_moment_is_made_up_for(
    world: World, client: SecurityHub, begin: Begin, open_sync: OpenSync, seed: int
) -> None:
    witness, random = await begin(seed), Random(seed)
    meddler = witness.sync.context.source
    assert isinstance(meddler, Meddler)
    for step in ("sweep", "poll", "relist", "poll", "sweep", "poll"):
        witness.history.happen(random.randrange(1, 6))
        await world.pass_time(client, random.choice((0, 5 * MINUTE)))
        for _ in range(3):
            if not await crashed(getattr(witness.sync, step), meddler, random):
                break
            witness.every_state_was_so()
            witness.sync = await open_sync(*PRODUCTS)
            witness.sync.context.source = meddler
            if await witness.sync.resume(client.now()):
                await witness.scores()
        await getattr(witness, step)()


@seeds(4)
@pytest.mark.parametrize("page", [7, 30])
async def test_tokens_of_every_kind_lose_nothing(
    world: World, client: SecurityHub, begin: Begin, seed: int, page: int
) -> None:
    """Tokens are numbers of findings to pass over, or die within a few answers, or both; sorted or not."""
    witness, random = await begin(seed), Random(seed)
    history, meddler, tokens = witness.history, witness.sync.context.source, world.emulator.tokens
    assert isinstance(meddler, Meddler)
    meddler.page = page

    def meddle() -> None:
        history.note()
        world.emulator.clock.advance(0.2)
        if random.random() < 0.15:
            history.happen()

    for _ in range(2):
        tokens.are_offsets, meddler.sorts = random.random() < 0.8, random.random() < 0.7
        tokens.lifetime = random.choice((3, 10, 3600))
        meddler.between = meddle
        batch = world.now(random.choice((0, HOUR)))
        world.load([{**each, "UpdatedAt": batch} for each in world.some(random.choice((0, 3, 40)))])
        for step in (witness.sync.sweep, witness.sync.poll, witness.sync.relist):
            await until_it_works(step)
            witness.every_state_was_so()
        meddler.between = history.note
        await witness.poll()
        witness.nothing_is_missing()
        await world.pass_time(client, HOUR)
        await witness.relist()
    await witness.sweep()
    await witness.poll()


async def crashed(step: Callable[[], Awaitable[Any]], meddler: Meddler, random: Random) -> bool:
    """Run a step into a crash; False when it had ended before."""
    task = asyncio.ensure_future(step())
    meddler.crash(task, meddler.calls + random.randrange(12), holding=random.random() < 0.5)
    await asyncio.wait({task})
    meddler.spare()
    return task.cancelled()

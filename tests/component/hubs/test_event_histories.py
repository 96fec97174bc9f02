"""Random histories of changes, events and polls: events lose, invent and outdate nothing, in any order."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.sources.securityhub.events import EventReader, EventScope
from sandbox.securityhub.events import EventsRequest
from tests.component.hubs.conftest import OpenSync
from tests.support.examples import seeds
from tests.support.hubs.history import History, material
from tests.support.hubs.witness import Witness
from tests.support.hubs.world import ADMINISTRATOR, HOUR, MINUTE, REGION, SECOND, World

PRODUCTS = ("Security Hub", "GuardDuty")
Hear = Callable[[Sequence[str]], Awaitable[None]]


@pytest.fixture
async def witness(world: World, client: SecurityHub, open_sync: OpenSync, seed: int) -> Witness:
    world.random.seed(seed)
    world.load(world.some(60, within=30 * HOUR))
    world.load(world.some(4, product="GuardDuty", compliance=None))
    history = History(world, Random(seed), PRODUCTS)
    sync = await open_sync(*PRODUCTS)
    witness = Witness(sync, history, await client.discover())
    await witness.sweep()
    await witness.poll()
    return witness


@pytest.fixture
async def hear(client: SecurityHub, witness: Witness) -> Hear:
    """Takes messages as the hub does."""
    events, facts = EventReader(witness.sync.context), await client.discover()

    async def hear_them(bodies: Sequence[str]) -> None:
        context = witness.sync.context
        polled = context.progress.done.polled or 0
        following = EventScope(
            facts,
            frozenset(facts.members),
            frozenset(PRODUCTS),
            polled - context.bounds.overlap - context.set_forward(),
            client.now(),
        )
        await events.take(bodies, following)

    return hear_them


@seeds(4)
async def test_events_and_polls_in_any_order_keep_every_bound(
    world: World, client: SecurityHub, witness: Witness, hear: Hear, seed: int
) -> None:
    random, on_their_way = Random(seed), list[str]()
    world.emulator.events.tell(EventsRequest(ADMINISTRATOR, REGION, duplicate=0.3, drop=0.2, shuffle=5))
    for _ in range(4):
        for _ in range(3):
            witness.history.happen(random.randrange(1, 8))
            on_their_way += world.emulator.events.take()
            random.shuffle(on_their_way)
            arrived = random.randrange(len(on_their_way) + 1)
            await hear(on_their_way[:arrived])
            del on_their_way[:arrived]
            witness.every_state_was_so()
            exact_at = witness.sync.published and witness.sync.published.exact_at
            if await witness.sync.show():
                await witness.scores()
                assert witness.sync.published is not None
                assert witness.sync.published.exact_at == exact_at
            await world.pass_time(client, random.choice((SECOND, MINUTE, 20 * MINUTE)))
        await witness.poll()
    await witness.relist()
    await witness.sweep()
    # The last ones come when all that they tell is known, and what is gone is forgotten.
    await hear([*on_their_way, *on_their_way])
    assert witness.findings() == witness.history.truth()


@seeds(4)
async def test_what_events_tell_is_known_without_a_poll(
    world: World, client: SecurityHub, witness: Witness, hear: Hear, seed: int
) -> None:
    random = Random(seed)
    await world.pass_time(client, MINUTE)
    world.emulator.events.tell(EventsRequest(ADMINISTRATOR, REGION, duplicate=0.3, shuffle=9))
    witness.history.happen(12)
    await world.pass_time(client, SECOND)
    arrived = world.emulator.events.take()
    random.shuffle(arrived)
    before = witness.findings()
    while arrived:
        some = random.randrange(1, 9)
        await hear(arrived[:some])
        del arrived[:some]
    holds, truth = witness.findings(), witness.history.truth()
    # Nothing tells of what is deleted, and what the emulator is filled with is no event.
    told = before.keys() & truth.keys()
    assert {name: material(holds[name]) for name in told} == {name: material(truth[name]) for name in told}
    assert holds != before


@seeds(1)
async def test_two_changes_of_one_second_are_told_apart_by_reading_the_finding(
    world: World, client: SecurityHub, witness: Witness, hear: Hear
) -> None:
    (failed,) = world.some(1, compliance="FAILED", within=HOUR)
    world.load([failed])
    await witness.sweep()
    await world.pass_time(client, MINUTE)
    world.emulator.events.tell(EventsRequest(ADMINISTRATOR, REGION))
    world.mutate({"op": "workflow", "id": failed["Id"], "status": "SUPPRESSED"})
    world.mutate({"op": "workflow", "id": failed["Id"], "status": "NEW"})
    suppressed, reopened = world.emulator.events.take()
    await world.pass_time(client, MINUTE)
    # Nothing in the two events says which of them was the later.
    await hear([reopened])
    await hear([suppressed])
    assert witness.findings() == witness.history.truth()

"""The products that targets ask for, and no others: a new one is swept by itself, what goes is removed."""

import pytest

from posture.aws.securityhub import SecurityHub
from posture.store import StoreUnavailable
from tests.component.hubs.conftest import OpenSync
from tests.component.hubs.meddling import Meddler
from tests.component.hubs.world import World, stored

OWN = "Security Hub"


def load(world: World) -> None:
    world.load(world.some(40))
    world.load(world.some(10, product="Security Hub CSPM"))
    world.load(world.some(15, product="GuardDuty", compliance=None))
    world.load(world.some(15, product="Inspector", compliance=None))
    world.load(world.some(5, own=False))


async def test_only_what_is_asked_for_is_read(world: World, client: SecurityHub, open_sync: OpenSync) -> None:
    load(world)
    sync = await open_sync(OWN)
    sync.desk.source = meddler = Meddler(client, page=100)
    await sync.sweep()
    assert await sync.poll()
    await sync.relist()
    assert stored(sync.desk.known.store) == world.truth([OWN])
    assert len(stored(sync.desk.known.store)) == 50
    asked = {each["Value"] for filters in meddler.asked for each in filters["ProductName"]}
    assert asked == {OWN, "Security Hub CSPM"}


async def test_a_new_product_is_swept_by_itself(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    load(world)
    sync = await open_sync(OWN)
    await sync.sweep()
    assert await sync.poll()
    await sync.want({OWN, "GuardDuty"})
    sync.desk.source = meddler = Meddler(client, page=100)
    assert await sync.poll(), "what was exact stays exact"
    assert sync.exact_products == {OWN}
    assert sync.sweep_due()
    meddler.asked.clear()
    await sync.sweep()
    assert {each["Value"] for filters in meddler.asked for each in filters["ProductName"]} == {"GuardDuty"}
    assert not sync.sweep_due()
    assert await sync.poll()
    assert sync.exact_products == {OWN, "GuardDuty"}
    assert stored(sync.desk.known.store) == world.truth([OWN, "GuardDuty"])


async def test_a_product_that_nobody_wants_is_removed(world: World, open_sync: OpenSync) -> None:
    load(world)
    sync = await open_sync(OWN, "GuardDuty", "Inspector")
    await sync.sweep()
    await sync.want({OWN, "GuardDuty"})
    assert stored(sync.desk.known.store) == world.truth([OWN, "GuardDuty"])
    assert await sync.poll()
    sync = await open_sync(OWN)
    assert stored(sync.desk.known.store) == world.truth([OWN])
    assert not sync.sweep_due()


async def test_what_a_removal_left_behind_and_aws_dropped_is_gone_when_the_product_comes_back(
    world: World, open_sync: OpenSync
) -> None:
    """Stopped within the removal, and begun again when the product is wanted once more."""
    load(world)
    sync = await open_sync(OWN, "GuardDuty")
    await sync.sweep()
    assert await sync.poll()
    sync.desk.worker.stop.ask()
    with pytest.raises(StoreUnavailable):
        await sync.want({OWN})
    gone = next(each.id for each in world.truth(["GuardDuty"]).values())
    world.mutate({"op": "delete", "id": gone})
    sync = await open_sync(OWN, "GuardDuty")
    await sync.sweep()
    assert await sync.poll()
    assert sync.exact_products == {OWN, "GuardDuty"}
    assert stored(sync.desk.known.store) == world.truth([OWN, "GuardDuty"])


async def test_a_product_dropped_while_it_is_swept_is_not_taken_for_read(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    """It is dropped and asked for again between two pages of the sweep."""
    load(world)
    sync = await open_sync(OWN, "GuardDuty")
    sync.desk.source = meddler = Meddler(client, page=7)
    wanted = iter(([OWN], [OWN, "GuardDuty"]))

    async def change_of_mind() -> None:
        if meddler.calls >= 5 and (products := next(wanted, None)):
            await sync.want(products)

    meddler.after = change_of_mind
    await sync.sweep()
    assert sync.desk.progress.done.products == {OWN}
    assert sync.sweep_due()
    await sync.sweep()
    assert await sync.poll()
    assert stored(sync.desk.known.store) == world.truth([OWN, "GuardDuty"])


async def test_more_products_than_a_query_can_name(world: World, open_sync: OpenSync) -> None:
    names = [f"Product {n}" for n in range(45)]
    world.load(world.some(30))
    for name in names:
        world.load(world.some(1, product=name, compliance=None, workflow="SUPPRESSED"))
    sync = await open_sync(OWN, *names)
    await sync.sweep()
    assert await sync.poll()
    await sync.relist()
    assert stored(sync.desk.known.store) == world.truth([OWN, *names])
    assert len(stored(sync.desk.known.store)) == 75

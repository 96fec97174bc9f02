"""The products that targets ask for, and no others: a new one is swept by itself, what goes is removed."""

import asyncio

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.domain.findings import Workflow
from posture.store.errors import StoreUnavailable
from posture.store.records import CustomerWrite, key_of
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.meddling import Meddler
from tests.support.hubs.world import MINUTE, World, stored

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
    sync.context.source = meddler = Meddler(client, page=100)
    await sync.sweep()
    assert await sync.poll()
    await sync.relist()
    assert stored(sync.context.findings.rows) == world.truth([OWN])
    assert len(stored(sync.context.findings.rows)) == 50
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
    sync.context.source = meddler = Meddler(client, page=100)
    assert await sync.poll(), "what was exact stays exact"
    assert sync.exact_products == {OWN}
    assert sync.sweep_due()
    meddler.asked.clear()
    await sync.sweep()
    assert {each["Value"] for filters in meddler.asked for each in filters["ProductName"]} == {"GuardDuty"}
    assert not sync.sweep_due()
    assert await sync.poll()
    assert sync.exact_products == {OWN, "GuardDuty"}
    assert stored(sync.context.findings.rows) == world.truth([OWN, "GuardDuty"])


async def test_a_product_that_nobody_wants_is_removed(world: World, open_sync: OpenSync) -> None:
    load(world)
    sync = await open_sync(OWN, "GuardDuty", "Inspector")
    await sync.sweep()
    await sync.want({OWN, "GuardDuty"})
    assert stored(sync.context.findings.rows) == world.truth([OWN, "GuardDuty"])
    assert await sync.poll()
    sync = await open_sync(OWN)
    assert stored(sync.context.findings.rows) == world.truth([OWN])
    assert not sync.sweep_due()


async def test_what_a_removal_left_behind_and_aws_dropped_is_gone_when_the_product_comes_back(
    world: World, open_sync: OpenSync
) -> None:
    """Stopped within the removal, and begun again when the product is wanted once more."""
    load(world)
    sync = await open_sync(OWN, "GuardDuty")
    await sync.sweep()
    assert await sync.poll()
    sync.context.worker.stop.ask()
    with pytest.raises(StoreUnavailable):
        await sync.want({OWN})
    gone = next(each.id for each in world.truth(["GuardDuty"]).values())
    world.mutate({"op": "delete", "id": gone})
    sync = await open_sync(OWN, "GuardDuty")
    await sync.sweep()
    assert await sync.poll()
    assert sync.exact_products == {OWN, "GuardDuty"}
    assert stored(sync.context.findings.rows) == world.truth([OWN, "GuardDuty"])


async def test_a_product_dropped_while_it_is_swept_is_not_taken_for_read(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    """It is dropped and asked for again between two pages of the sweep."""
    load(world)
    sync = await open_sync(OWN, "GuardDuty")
    sync.context.source = meddler = Meddler(client, page=7)
    minds: list[asyncio.Task[None]] = []

    async def both() -> None:
        await sync.want([OWN])
        await sync.want([OWN, "GuardDuty"])

    async def change_of_mind() -> None:
        # Not in the request's own task: the sweep may call that off when others have read its page.
        if meddler.calls >= 5 and not minds:
            minds.append(asyncio.create_task(both()))
        if minds:
            await asyncio.shield(minds[0])

    meddler.after = change_of_mind
    await sync.sweep()
    await minds[0]
    assert sync.context.progress.done.products == {OWN}
    assert sync.sweep_due()
    await sync.sweep()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth([OWN, "GuardDuty"])


async def test_more_products_than_a_query_can_name(world: World, open_sync: OpenSync) -> None:
    names = [f"Product {n}" for n in range(45)]
    world.load(world.some(30))
    for name in names:
        world.load(world.some(1, product=name, compliance=None, workflow="SUPPRESSED"))
    sync = await open_sync(OWN, *names)
    await sync.sweep()
    assert await sync.poll()
    await sync.relist()
    assert stored(sync.context.findings.rows) == world.truth([OWN, *names])
    assert len(stored(sync.context.findings.rows)) == 75


MARK = {"posture.dev/owner": "us", "posture.dev/policy": "security/logs", "posture.dev/previous": "NEW"}


def marked(world: World, product: str = "GuardDuty", owner: str = "us") -> str:
    """Suppress a finding as an operator does; return its Id."""
    found = next(iter(world.truth([product]).values()))
    fields = {**MARK, "posture.dev/owner": owner}
    world.mutate({"op": "workflow", "id": found.id, "status": "SUPPRESSED", "user_fields": fields})
    return found.id


def reopened(world: World, finding_id: str) -> None:
    world.mutate(
        {"op": "workflow", "id": finding_id, "status": "NEW", "user_fields": {"posture.dev/owner": ""}}
    )


async def test_a_product_stays_until_no_mark_of_ours_is_left_in_it(world: World, open_sync: OpenSync) -> None:
    load(world)
    finding = marked(world)
    marked(world, "Inspector", "another cluster")
    sync = await open_sync(OWN, "GuardDuty", "Inspector")
    sync.marks.own(frozenset({"us"}))
    await sync.sweep()
    await sync.want({OWN})
    assert sync.context.wanted == {OWN, "GuardDuty"}, "what another cluster has marked is nothing of ours"
    assert stored(sync.context.findings.rows) == world.truth([OWN, "GuardDuty"])
    sync = await open_sync(OWN)
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth([OWN, "GuardDuty"])
    reopened(world, finding)
    assert await sync.poll()
    await sync.want({OWN})
    assert sync.context.wanted == {OWN}
    assert stored(sync.context.findings.rows) == world.truth([OWN])


async def test_a_product_stays_while_a_write_of_ours_is_not_seen_to_be_made(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    load(world)
    finding = marked(world)
    sync = await open_sync(OWN, "GuardDuty")
    sync.marks.own(frozenset({"us"}))
    await sync.sweep()
    product_arn = next(each.product_arn for each in world.truth(["GuardDuty"]).values())
    unmarked = CustomerWrite(
        key_of(product_arn, finding), Workflow.NEW, None, (("posture.dev/owner", ""),), ""
    )
    await sync.context.worker.call(sync.context.findings.record, [unmarked], sync.context.latest + 1)
    await sync.want({OWN})
    assert sync.context.wanted == {OWN, "GuardDuty"}
    reopened(world, finding)
    await world.pass_time(client, 16 * MINUTE)
    assert await sync.poll()
    await sync.want({OWN})
    assert sync.context.wanted == {OWN}


async def test_marks_are_searched_for_where_no_sweep_has_looked(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    """The store is lost, and targets have since asked for less."""
    load(world)
    finding = marked(world)
    marked(world, "Inspector", "another cluster")
    sync = await open_sync(OWN)
    assert not await sync.marks.search(sync.context), "it is not known yet what is ours"
    sync.marks.own(frozenset({"us", "the one before"}))
    sync.context.source = meddler = Meddler(client, page=3)
    world.emulator.faults.add("invalid_token", operation="GetFindings")
    assert await sync.marks.search(sync.context)
    await sync.want({OWN})
    assert sync.context.wanted == {OWN, "GuardDuty"}
    assert not sync.marks.are_known(sync.context)
    await sync.sweep()
    assert await sync.poll()
    await sync.want({OWN})
    assert sync.marks.are_known(sync.context)
    calls = meddler.calls
    assert not await sync.marks.search(sync.context), "once a day"
    assert meddler.calls == calls
    reopened(world, finding)
    assert await sync.poll()
    await sync.want({OWN})
    assert sync.context.wanted == {OWN}
    assert not sync.marks.are_known(sync.context), "a write may have been under way"
    calls = meddler.calls
    assert not await sync.marks.search(sync.context)
    assert meddler.calls == calls + 1
    assert sync.marks.are_known(sync.context)
    await sync.want({OWN, "Inspector"})
    assert sync.marks.are_known(sync.context), "no mark of ours is in what is still to be swept"


async def test_a_hub_that_cannot_be_searched_knows_what_is_stored(world: World, open_sync: OpenSync) -> None:
    load(world)
    sync = await open_sync(OWN)
    sync.marks.own(frozenset({"us"}))
    refused = {"status": 400, "code": "InvalidInputException"}
    world.emulator.faults.add("error", operation="GetFindings", options=refused)
    assert not await sync.marks.search(sync.context)
    await sync.sweep()
    assert sync.marks.are_known(sync.context)

"""NextTokens as they might be: numbers of findings to pass over, or good for a moment only."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from posture.aws.client.errors import Retryable
from posture.aws.securityhub.client import SecurityHub
from posture.aws.securityhub.wire import FindingsPage
from posture.domain.exceptions.marks import OWNER, POLICY
from posture.domain.findings import Workflow
from posture.sources.securityhub.context import Bounds
from tests.component.hubs.conftest import OpenSync
from tests.support.examples import seeds
from tests.support.hubs.meddling import Meddler
from tests.support.hubs.witness import until_it_works
from tests.support.hubs.world import DAY, HOUR, SECOND, World, active, stored


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
    sync.context.source = meddler = Meddler(client, page=20)
    left = list(world.truth().values())

    def touch() -> None:
        if left and world.random.random() < 0.7:
            gone = left.pop(world.random.randrange(len(left)))
            world.mutate({"op": "update", "id": gone.id, "set": {"Compliance": {"Status": "WARNING"}}})

    meddler.between = touch
    await sync.sweep()
    meddler.between = lambda: None
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()
    for _ in range(3):
        meddler.between = touch
        await sync.poll()
        await sync.relist()
        meddler.between = lambda: None
        assert await sync.poll()
        assert active(stored(sync.context.findings.rows)) == active(world.truth())


class Rounding(Meddler):
    """A hub that takes the Start of a date filter for the whole second after it."""

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        updated = [
            {**each, "Start": f"{_next_second(each['Start']):%Y-%m-%dT%H:%M:%S.000Z}"}
            for each in filters.get("UpdatedAt", [])
        ]
        rounded = {**filters, "UpdatedAt": updated} if updated else filters
        return await super().get_findings(rounded, sort=sort, next_token=next_token)


def _next_second(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment + timedelta(microseconds=-moment.microsecond % SECOND)


@seeds(3)
async def test_a_filter_that_is_rounded_lets_no_finding_go_unread(
    world: World, client: SecurityHub, open_sync: OpenSync, seed: int
) -> None:
    """What a query that goes on leaves out is noticed by the finding from which it was to go on."""
    world.random.seed(seed)
    world.load(world.some(300, within=30 * SECOND))
    sync = await open_sync()
    sync.context.source = Rounding(client, page=20)
    await sync.sweep()
    assert stored(sync.context.findings.rows) == world.truth()


Times = Callable[[World], int]
"""How many µs before now a finding was updated."""


@seeds(3)
@pytest.mark.parametrize("sorts", [True, False], ids=["sorted", "unsorted"])
@pytest.mark.parametrize(
    "ago",
    [
        pytest.param(lambda _: 3 * HOUR, id="one instant"),
        pytest.param(lambda world: 3 * HOUR + world.random.randrange(2 * SECOND), id="two seconds"),
        pytest.param(lambda world: world.random.randrange(DAY), id="a day"),
    ],
)
async def test_what_a_query_cannot_divide_is_read_until_nothing_leaves_it(
    world: World, client: SecurityHub, open_sync: OpenSync, seed: int, ago: Times, *, sorts: bool
) -> None:
    """Many findings of a batch have one time; a hub that ignores the sort gives no order to go on by."""
    world.random.seed(seed)
    world.load([{**each, "UpdatedAt": world.now(ago(world))} for each in world.some(120)])
    world.emulator.tokens.are_offsets = True
    sync = await open_sync()
    sync.context.source = meddler = Meddler(client, page=10)
    meddler.sorts = sorts
    truth = list(world.truth().values())
    leaving = iter(world.random.sample(truth, 6))

    def touch() -> None:
        if world.random.random() < 0.2 and (gone := next(leaving, None)) is not None:
            world.mutate({"op": "update", "id": gone.id, "set": {"Compliance": {"Status": "WARNING"}}})

    meddler.between = touch
    await until_it_works(sync.sweep)
    assert await until_it_works(sync.poll)
    meddler.between = lambda: None
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


async def test_what_always_loses_something_is_not_taken_for_whole(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    world.load([{**each, "UpdatedAt": world.now(HOUR)} for each in world.some(60, compliance="FAILED")])
    world.emulator.tokens.are_offsets = True
    sync = await open_sync()
    sync.context.source = meddler = Meddler(client, page=10)
    names = [each.id for each in world.truth().values()]

    def move() -> None:
        """One goes, and may come back at another of three times."""
        at = world.now(HOUR + SECOND * world.random.randrange(3) // 2)
        world.mutate({"op": "replace", "id": world.random.choice(names), "set": {"UpdatedAt": at}})

    meddler.between = move
    with pytest.raises(Retryable, match="loses some"):
        await sync.sweep()
    assert not sync.ready
    meddler.between = lambda: None
    await sync.sweep()
    assert sync.ready
    assert stored(sync.context.findings.rows).keys() == world.truth().keys()


@seeds(4)
async def test_findings_that_share_an_id_are_all_read(
    world: World, client: SecurityHub, open_sync: OpenSync, seed: int
) -> None:
    """Accounts of a product may give one Id to findings of theirs; what is there is not taken for gone."""
    world.random.seed(seed)
    findings = world.some(200, product="Scanner", compliance="FAILED")
    for number, each in enumerate(findings):
        account = f"{number % 10:012}"
        arn = f"arn:aws:securityhub:{each['Region']}:{account}:product/{account}/default"
        workflow = {"Status": "SUPPRESSED" if number % 10 == number // 20 else "NEW"}
        each |= {"Id": f"check-{number // 10}", "ProductArn": arn, "Workflow": workflow}
    world.load(findings)
    world.emulator.tokens.are_offsets = True
    sync = await open_sync("Scanner", bounds=Bounds(gone=1_000))
    sync.context.source = meddler = Meddler(client, page=10)
    await sync.sweep()
    assert await sync.poll()
    truth = world.truth(["Scanner"])
    suppressed = [name for name, each in truth.items() if each.workflow is Workflow.SUPPRESSED]
    leaving = world.random.sample(sorted(truth.keys() - set(suppressed)), 30)
    for product_arn, name in suppressed:
        world.mutate({"op": "workflow", "id": name, "product_arn": product_arn, "status": "NEW"})

    def delete() -> None:
        if meddler.by_id and leaving:
            product_arn, name = leaving.pop()
            world.mutate({"op": "delete", "id": name, "product_arn": product_arn})

    meddler.between = delete
    await sync.poll()
    holds, truth = stored(sync.context.findings.rows), world.truth(["Scanner"])
    assert {name: holds.get(name) for name in suppressed} == {name: truth[name] for name in suppressed}


@seeds(4)
async def test_a_mark_is_found_whatever_leaves_while_it_is_searched_for(
    world: World, client: SecurityHub, open_sync: OpenSync, seed: int
) -> None:
    """They are in products that nobody asks for, one of which has a single one."""
    world.random.seed(seed)
    ours = {"UserDefinedFields": {OWNER: "prod-eu", POLICY: "security/retention"}}
    ages = [each * HOUR for each in range(1, 31)]
    products = ["Scanner"] * 10 + ["Inspector"] + ["Scanner"] * 19
    for product, ago in zip(products, ages, strict=True):
        world.load([{**each, **ours, "UpdatedAt": world.now(ago)} for each in world.some(1, product=product)])
    world.emulator.tokens.are_offsets = True
    sync = await open_sync()
    sync.context.source = meddler = Meddler(client, page=10)
    leaving = [each.id for each in world.truth(["Scanner"]).values()]
    world.random.shuffle(leaving)

    def delete() -> None:
        if len(leaving) > 15:
            world.mutate({"op": "delete", "id": leaving.pop()})

    meddler.between = delete
    sync.marks.own(frozenset({"prod-eu"}))
    assert await sync.marks.search(sync.context)
    assert await sync.marks.beside(sync.context, sync.context.wanted) == {"Scanner", "Inspector"}


async def test_tokens_that_die_at_once_hold_up_nothing(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    world.load(world.some(300, within=DAY))
    world.emulator.tokens.lifetime = -1.0
    sync = await open_sync(bounds=Bounds())
    sync.context.source = Meddler(client, page=20)
    await sync.sweep()
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()
    # A chain that has to begin anew for each page would need a call more for each.
    assert sync.context.source.calls < 2 * 300 / 20 + 20

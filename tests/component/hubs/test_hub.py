"""A hub as its targets see it: it syncs while they ask, answers as of a moment, and says what is wrong."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied, HubNotEnabled, Retryable
from posture.aws.securityhub.client import SecurityHub
from posture.aws.securityhub.wire import FindingsPage
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.hubs.status import HubPhase
from posture.sources.securityhub.source import SecurityHubs
from posture.store.sqlite.stores import SqliteStores
from tests.component.hubs.conftest import MakeHub
from tests.support.hubs.living import KEY, OWN, WINDOW, administrator, demand, living, passed_and_scored, view
from tests.support.hubs.world import ADMINISTRATOR, REGION, SECOND, World


async def test_from_nothing_to_a_score_and_on(world: World, make_hub: MakeHub) -> None:
    world.load(world.some(20, control="S3.1", compliance="PASSED"))
    world.load(world.some(20, control="KMS.4", compliance="FAILED"))
    hub = make_hub()
    hub.ask([demand()])
    assert await passed_and_scored(hub) is None
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        assert hub.status.phase is HubPhase.CURRENT
        assert await passed_and_scored(hub) == (1, 2)
        facts = hub.status.facts
        assert facts is not None
        assert facts.account_id == ADMINISTRATOR
        assert hub.status.findings == 40
        assert hub.status.progress == 1.0
        assert hub.status.error is None
        world.mutate({"op": "update", "where": {}, "set": {"Compliance": {"Status": "PASSED"}}})
        ticket = hub.request()
        assert not hub.has_run(ticket)
        await changes.until(lambda: hub.has_run(ticket))
        assert await passed_and_scored(hub) == (2, 2)
    assert not hub.is_open()
    assert await passed_and_scored(hub) is None


async def test_names_and_members_are_filled_in(world: World, make_hub: MakeHub) -> None:
    world.load(world.some(5, account=ADMINISTRATOR))
    hub = make_hub()
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        evaluated = await hub.evaluate(view(hub), WINDOW)
        assert evaluated is not None
        assert evaluated.evaluation.names == {ADMINISTRATOR: "platform"}
        assert len(evaluated.evaluation.silent) == 2
        assert evaluated.exact_at == hub.status.exact_at


async def test_it_polls_at_the_shortest_interval(world: World, make_hub: MakeHub) -> None:
    world.load(world.some(5))
    hub = make_hub()
    hub.ask([demand(), demand(interval=0.05)])
    async with living(hub) as changes:
        for _ in range(4):
            before = hub.status.exact_at
            await changes.until(partial(moved, hub, before))
        assert hub.status.interval_seconds == 0.05
        assert hub.status.next_time is not None


@pytest.mark.parametrize("ahead", [-600, 0, 600])
async def test_the_time_is_awss_from_its_first_answer_on(world: World, make_hub: MakeHub, ahead: int) -> None:
    world.emulator.clock.advance(ahead)
    world.load(world.some(5))
    hub, local = make_hub(), time.time() * SECOND
    assert abs(hub.now() - local) < 60 * SECOND
    hub.ask([demand(interval=1800)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        status, aws = hub.status, world.emulator.clock.now()
        assert abs(hub.now() - aws) < 60 * SECOND
        assert status.exact_at is not None
        assert status.next_time is not None
        assert abs(status.exact_at - aws) < 60 * SECOND
        assert abs(status.next_time - aws - 1800 * SECOND) < 60 * SECOND


async def test_nobody_asks_nothing_is_called(world: World, make_hub: MakeHub) -> None:
    world.load(world.some(5))
    hub = make_hub()
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.phase is HubPhase.IDLE)
        ticket = hub.request()
        await changes.until(lambda: hub.has_run(ticket))
        assert world.emulator.calls.total() == 0
        hub.ask([demand()])
        await changes.until(lambda: hub.status.exact)
        hub.ask([])
        await changes.until(lambda: hub.status.phase is HubPhase.IDLE)
        assert await passed_and_scored(hub) is not None, "what was known stays known"


async def test_a_restart_is_exact_at_once(world: World, make_hub: MakeHub) -> None:
    world.load(world.some(40))
    hub = make_hub()
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        before, exact_at = await passed_and_scored(hub), hub.status.exact_at
    world.emulator.faults.add("error", operation="*", count=None)
    again = make_hub()
    again.ask([demand()])
    async with living(again) as changes:
        await changes.until(lambda: again.status.error is not None)
        assert await passed_and_scored(again) == before
        assert again.status.exact_at == exact_at
        world.emulator.faults.remove()
        await changes.until(lambda: again.status.exact_at != exact_at)
        assert again.status.error is None
    assert world.emulator.calls.total("GetFindings") < 60


async def test_another_account_takes_over_nothing(world: World, make_hub: MakeHub) -> None:
    world.load(world.some(5))
    hub = make_hub()
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
    other = make_hub(account="999900001111")
    other.ask([demand()])
    async with living(other) as changes:
        await changes.until(lambda: other.status.store_replaced is not None)
        assert not other.status.exact
        await changes.until(lambda: other.status.exact)


async def test_what_cannot_be_done_is_said(world: World, make_hub: MakeHub) -> None:
    world.load(world.some(5))
    hub = make_hub()
    hub.ask([demand(interval=0.05)])
    denied = world.emulator.faults.add("denied", operation="GetFindings", count=None)
    async with living(hub) as changes:
        await changes.until(lambda: isinstance(hub.status.error, AccessDenied))
        assert not hub.status.exact
        assert "securityhub:GetFindings" in str(hub.status.error)
        assert hub.status.errors["AccessDenied"] >= 1
        world.emulator.faults.remove(denied.id)
        await changes.until(lambda: hub.status.exact)
        assert hub.status.error is None
        score, exact_at = await passed_and_scored(hub), hub.status.exact_at
        world.emulator.organization.hubs.pop((ADMINISTRATOR, REGION))
        await changes.until(lambda: isinstance(hub.status.error, HubNotEnabled))
        assert hub.status.exact, "the last score stays, with its time"
        assert await passed_and_scored(hub) == score
        assert hub.status.exact_at is not None
        assert exact_at is not None
        assert hub.status.exact_at >= exact_at


async def test_a_store_that_is_deleted_is_begun_anew(world: World, make_hub: MakeHub, tmp_path: Path) -> None:
    world.load(world.some(5))
    hub = make_hub()
    hub.ask([demand(interval=0.05)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        delete_files(tmp_path)
        await changes.until(lambda: hub.status.store_replaced is not None)
        await changes.until(lambda: hub.status.exact)
        assert hub.status.error is None
        assert hub.status.findings == 5


def moved(hub: Hub, before: int | None) -> bool:
    return hub.status.exact_at != before


def delete_files(directory: Path) -> None:
    for file in directory.iterdir():
        file.unlink()


class NoGuardDuty:
    """A cloud that cannot list GuardDuty's findings by themselves, as a sweep of this product does."""

    def __init__(self, client: SecurityHub) -> None:
        self._client = client
        self.discover, self.now, self.set_forward = client.discover, client.now, client.set_forward

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        if [each["Value"] for each in filters.get("ProductName", [])] == ["GuardDuty"]:
            raise Retryable(
                "not now", service="securityhub", operation="GetFindings", code="InternalException"
            )
        return await self._client.get_findings(filters, sort=sort, next_token=next_token)


async def test_a_sweep_that_fails_does_not_hurry_the_polls(
    world: World, client: SecurityHub, tmp_path: Path
) -> None:
    """It is tried again after its own pauses; polls keep their pace, and the score stays current."""
    world.load(world.some(5))
    hub = Hub(
        KEY,
        HubDependencies(
            SecurityHubs(NoGuardDuty(client)), administrator, SqliteStores(tmp_path), first_pause=0.01
        ),
    )
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        hub.ask([demand(products=OWN | {"GuardDuty"})])
        await changes.until(lambda: hub.status.error is not None)
        exact_at = hub.status.exact_at
        await changes.until(lambda: hub.status.errors["AwsUnavailable"] > 3)
        assert hub.status.exact_at == exact_at
        assert await passed_and_scored(hub) is not None
        assert await hub.evaluate(view(hub, OWN | {"GuardDuty"}), WINDOW) is None

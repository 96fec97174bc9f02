"""Insights beside a hub's polls: read by whoever leads, each by itself, again every hour."""

import dataclasses
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied, AwsError, Retryable, Terminal
from posture.aws.securityhub.client import SecurityHub
from posture.domain.insights import InsightResults
from posture.hubs.hub import Hub
from posture.hubs.insights import BELIEVED, REFRESH
from posture.hubs.status import HubPhase
from sandbox.securityhub.insights import MANAGED, Insight
from tests.component.hubs.conftest import MakeHub
from tests.component.hubs.test_hub_lease import FakeLease, FakeTerm
from tests.support.hubs.living import demand, living
from tests.support.hubs.world import ADMINISTRATOR, HOUR, MEMBERS, REGION, World

SEVERITY, ACCOUNTS = (f"arn:aws:securityhub:::insight/securityhub/default/{n}" for n in (29, 27))
GONE = f"arn:aws:securityhub:{REGION}:{ADMINISTRATOR}:insight/{ADMINISTRATOR}/custom/gone"
OWN = GONE.replace("gone", "own")


def asking(*arns: str) -> Any:
    return demand()._replace(insights=frozenset(arns))


def results(hub: Hub, arn: str) -> InsightResults | None:
    status = hub.status.insights.get(arn)
    return None if status is None else status.results


def confined(*accounts: str) -> Insight:
    filters = {"AwsAccountId": [{"Comparison": "EQUALS", "Value": each} for each in accounts]}
    return Insight("own", "ResourceId", filters)


def keep(world: World, insight: Insight, arn: str = OWN) -> None:
    hub = world.emulator.organization.hub(ADMINISTRATOR, REGION)
    assert hub is not None
    hub.insights[arn] = insight


async def test_what_an_insight_counts_is_read_and_read_again_when_it_is_asked_for(
    world: World, make_hub: MakeHub
) -> None:
    world.load(world.some(5))
    hub = make_hub()
    hub.ask([asking(SEVERITY), asking(ACCOUNTS)])
    async with living(hub) as changes:
        await changes.until(lambda: bool(results(hub, SEVERITY) and results(hub, ACCOUNTS)))
        found = results(hub, ACCOUNTS)
        assert found is not None
        assert (found.name, found.group_by, found.accounts) == (MANAGED[27].name, "AwsAccountId", None)
        before = sum(each.findings for each in found.values)
        calls = world.emulator.calls.total("GetInsightResults")
        world.load(world.some(4))
        await changes.until(lambda: hub.status.exact)
        hub.request()
        await changes.until(
            lambda: sum(each.findings for each in (results(hub, ACCOUNTS) or found).values) > before
        )
        # Nobody asks for the other one any more.
        hub.ask([asking(ACCOUNTS)])
        hub.request()
        await changes.until(lambda: SEVERITY not in hub.status.insights)
        assert world.emulator.calls.total("GetInsightResults") <= calls + 4
    assert not world.emulator.calls.total("CreateInsight")


async def test_one_is_read_again_when_it_is_an_hour_old(
    world: World, make_hub: MakeHub, client: SecurityHub
) -> None:
    hub = make_hub()
    hub.ask([asking(SEVERITY)])
    async with living(hub) as changes:
        await changes.until(lambda: results(hub, SEVERITY) is not None)
        read_at = hub.status.insights[SEVERITY].read_at
        await world.pass_time(client, REFRESH - HOUR // 60)
        hub._insights._wake.set()
        await world.pass_time(client, 2 * HOUR // 60)
        hub._insights._wake.set()
        await changes.until(lambda: hub.status.insights[SEVERITY].read_at != read_at)
        assert hub.status.insights[SEVERITY].read_at >= read_at + REFRESH


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "denied", "operation": "GetInsights"}, AccessDenied),
        ({"kind": "denied", "operation": "GetInsightResults"}, AccessDenied),
        ({"kind": "html", "operation": "GetInsightResults"}, Retryable),
        ({"kind": "truncated", "operation": "GetInsights"}, Retryable),
        ({"kind": "unreachable", "operation": "GetInsightResults"}, Retryable),
    ],
)
async def test_what_cannot_be_read_hurts_nothing_else(
    world: World, make_hub: MakeHub, fault: dict[str, str], kind: type[AwsError]
) -> None:
    world.load(world.some(5))
    rule = world.emulator.faults.add(**fault, count=None)
    hub = make_hub()
    hub.ask([asking(SEVERITY)])
    async with living(hub) as changes:
        await changes.until(
            lambda: hub.status.exact and SEVERITY in hub.status.insights
            and hub.status.insights[SEVERITY].error is not None
        )  # fmt: skip
        assert isinstance(hub.status.insights[SEVERITY].error, kind)
        assert hub.status.error is None
        assert not hub.status.errors
        world.emulator.faults.remove(rule.id)
        hub.request()
        await changes.until(lambda: results(hub, SEVERITY) is not None)
        assert hub.status.insights[SEVERITY].error is None


async def test_one_that_is_not_there_holds_up_no_other_and_one_that_was_deleted_is_told(
    world: World, make_hub: MakeHub
) -> None:
    world.load(world.some(5))
    keep(world, confined(MEMBERS[0]))
    hub = make_hub()
    hub.ask([asking(SEVERITY, GONE, OWN)])
    async with living(hub) as changes:
        await changes.until(
            lambda: bool(results(hub, SEVERITY) and results(hub, OWN) and hub.status.insights[GONE].error)
        )
        error = hub.status.insights[GONE].error
        assert isinstance(error, Terminal)
        assert "spec.insights" in error.advice
        own = world.emulator.organization.hub(ADMINISTRATOR, REGION)
        assert own is not None
        own.insights.clear()
        hub.request()
        await changes.until(lambda: hub.status.insights[OWN].error is not None)
        # What it counted is told for a while, and then no more.
        status = hub.status.insights[OWN]
        assert status.believed(status.read_at + BELIEVED) is not None
        assert status.believed(status.read_at + BELIEVED + 1) is None
        assert status.believed(status.read_at - 1) is None


async def test_filters_that_change_while_an_insight_is_read_do_not_tell_of_other_accounts(
    world: World, client: SecurityHub
) -> None:
    """What was read under the old filters could be told to whoever sees the new ones' accounts."""
    keep(world, confined(MEMBERS[0]))
    assert (await client.insight(OWN)).accounts == frozenset({MEMBERS[0]})
    calls = client._calls
    ask = calls.call

    async def meddled(operation: str, *args: Any, **more: Any) -> Any:
        if operation == "GetInsightResults":
            keep(world, dataclasses.replace(confined(MEMBERS[0]), filters=MANAGED[1].filters))
        return await ask(operation, *args, **more)

    calls.call = meddled  # type: ignore[method-assign]
    with pytest.raises(Retryable, match="changed while"):
        await client.insight(OWN)


async def test_insights_are_read_by_whoever_leads_and_by_nobody_else(world: World, make_hub: MakeHub) -> None:
    leases: list[FakeLease] = []

    def candidate(name: str) -> FakeLease:
        leases.append(FakeLease(name))
        return leases[0]

    hub = make_hub(candidate)
    hub.ask([asking(SEVERITY)])
    async with living(hub) as changes:
        await changes.until(lambda: bool(leases))
        hub.request()
        assert not world.emulator.calls.total("GetInsights")
        term = FakeTerm()
        leases[0].terms.put_nowait(term)
        await changes.until(lambda: results(hub, SEVERITY) is not None)
        term.over.set()
        await changes.until(lambda: hub.status.phase is HubPhase.STANDBY)
        assert hub.status.insights == {}
        calls = world.emulator.calls.total("GetInsights")
        hub.request()
        leases[0].terms.put_nowait(FakeTerm())
        await changes.until(lambda: world.emulator.calls.total("GetInsights") > calls)
        await changes.until(lambda: results(hub, SEVERITY) is not None)

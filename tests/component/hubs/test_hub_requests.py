"""A poll that was asked for is one that began after the request, and went well."""

import asyncio
from datetime import timedelta
from typing import cast

from posture.sources.securityhub.source import SecurityHubSource
from sandbox.securityhub.faults import Fault
from tests.component.hubs.conftest import MakeHub
from tests.support.hubs.living import SOON, demand, living
from tests.support.hubs.world import World

LAST_OF_A_POLL = ["ProductName", "RecordState", "WorkflowStatus", "ComplianceStatus", "UpdatedAt"]
"""What the last call of a poll filters by."""


async def test_a_poll_that_fails_is_not_the_one_that_was_asked_for(world: World, make_hub: MakeHub) -> None:
    """The one before it ends after the request too, and what it has read is from before."""
    world.load(world.some(5))
    hub, faults = make_hub(), world.emulator.faults
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        before = hub.status.exact_at
        held = faults.add("held", operation="GetFindings", options={"filters": LAST_OF_A_POLL})
        hub.request_poll()
        await is_held(held)
        ticket = hub.request_poll()
        faults.add("error", operation="GetFindings", count=None)
        faults.remove(held.id)
        await changes.until(lambda: hub.has_run(ticket))
        assert hub.status.error is not None
        assert hub.status.exact_at != before, "the poll that was under way has published"
        assert not hub.exact_since(ticket)
        faults.remove()
        await changes.until(lambda: hub.exact_since(ticket))
        assert hub.status.error is None


async def test_a_poll_that_withholds_what_it_read_is_not_the_one_that_was_asked_for(
    world: World, make_hub: MakeHub
) -> None:
    world.load(world.some(5))
    hub, faults = make_hub(), world.emulator.faults
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        source = cast("SecurityHubSource", hub._life.source)
        done = source.sync.context.progress.done
        done.suspicious = done.polled
        sweep = faults.add(
            "held", operation="GetFindings", after=1, options={"filters": ["ProductName", "UpdatedAt"]}
        )
        ticket = hub.request_poll()
        await changes.until(lambda: hub.has_run(ticket))
        assert hub.status.withheld is not None
        assert not hub.exact_since(ticket)
        faults.remove(sweep.id)
        await changes.until(lambda: hub.exact_since(ticket))
        assert hub.status.withheld is None


async def test_a_discovery_that_was_asked_for_and_failed_is_made_at_the_next_poll(
    world: World, make_hub: MakeHub
) -> None:
    world.load(world.some(5))
    hub = make_hub()
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        world.emulator.faults.add("denied", operation="DescribeHub")
        ticket = hub.request()
        await changes.until(lambda: hub.has_run(ticket))
        assert hub.status.error is not None
        made = world.emulator.calls.total("DescribeHub")
        hub.request_poll()
        await changes.until(lambda: hub.status.error is None)
        assert world.emulator.calls.total("DescribeHub") == made + 1


async def is_held(fault: Fault) -> None:
    """Wait until a call is held."""
    async with asyncio.timeout(SOON):
        while not fault.holding:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


async def test_a_shared_hub_runs_for_whoever_asks_as_often_as_it_may(world: World, make_hub: MakeHub) -> None:
    """Somebody's annotation changes all the time: what it costs is bounded, and every request is answered."""
    world.load(world.some(5))
    hub, apart, clock = make_hub(), 0.5, asyncio.get_running_loop()
    hub.ask([demand()], timedelta(seconds=apart))
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        began, made = clock.time(), world.emulator.calls.total("DescribeHub")
        first = hub.request()
        while clock.time() - began < 4 * apart:
            hub.request()
            await asyncio.sleep(0.01)
        asked = clock.time() - began
        assert hub.has_run(first)
        last = hub.request()
        assert world.emulator.calls.total("DescribeHub") - made <= asked / apart + 1
        await changes.until(lambda: hub.has_run(last))

"""Answers whose Date is wrong: what is learned from them, and how that is undone."""

from pathlib import Path

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.sources.securityhub.progress import LATEST
from posture.store.sqlite.store import Store
from tests.component.hubs.conftest import MakeHub, OpenSync, make_hub
from tests.support.hubs.living import KEY, demand, living
from tests.support.hubs.world import ADMINISTRATOR, HOUR, MINUTE, World, stored

__all__ = ["make_hub"]


@pytest.mark.parametrize("faults", [("html", "misdated"), ("misdated",), ("misdated", "misdated")])
async def test_what_changes_after_an_answer_of_another_hour_is_in_the_next_poll(
    world: World, open_sync: OpenSync, faults: tuple[str, ...]
) -> None:
    world.load(world.some(20, compliance="FAILED"))
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    for fault in faults:
        world.emulator.faults.add(fault, operation="GetFindings", count=1)
    assert await sync.poll()
    world.mutate({"op": "update", "where": {}, "set": {"Compliance": {"Status": "PASSED"}}})
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()
    sync = await open_sync()
    world.mutate({"op": "update", "where": {}, "set": {"Compliance": {"Status": "WARNING"}}})
    assert await sync.poll()
    assert stored(sync.context.findings.rows) == world.truth()


async def test_a_store_whose_times_are_ahead_of_aws_is_begun_anew(
    world: World, make_hub: MakeHub, client: SecurityHub, tmp_path: Path
) -> None:
    """As a process leaves it that was told a wrong time by every answer."""
    world.load(world.some(5))
    hub = make_hub()
    hub.ask([demand(interval=0.05)])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
    opened = Store.open(tmp_path / f"{KEY.name}.sqlite", owner=f"{KEY.name} {ADMINISTRATOR}").store
    opened.put_state({LATEST: str(client.now() + HOUR)})
    opened.close()
    again = make_hub()
    again.ask([demand(interval=0.05)])
    async with living(again) as changes:
        await changes.until(lambda: again.status.store_replaced is not None)
        assert "ahead of AWS's clock" in str(again.status.store_replaced)
        await changes.until(lambda: again.status.exact)
        assert again.status.findings == 5


async def test_an_update_of_the_future_does_not_win_for_ever(world: World, open_sync: OpenSync) -> None:
    (odd,) = world.some(1, compliance="FAILED")
    world.load([{**odd, "UpdatedAt": "2099-01-01T00:00:00Z"}])
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    (findings,) = stored(sync.context.findings.rows).values()
    # AWS's clock stands still here, and is known to a second or two.
    assert findings.updated_at < world.emulator.clock.now() + MINUTE

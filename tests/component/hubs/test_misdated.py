"""Answers whose Date is wrong: what is learned from them, and how that is undone."""

from pathlib import Path

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.sources.securityhub.progress import LATEST
from posture.store.sqlite.store import Store
from tests.component.hubs.conftest import MakeHub, OpenSync, make_hub
from tests.support.hubs.living import KEY, demand, living
from tests.support.hubs.world import ADMINISTRATOR, HOUR, MINUTE, SECOND, World, stored

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


@pytest.mark.parametrize("known", [False, True])
async def test_pages_that_are_no_answers_teach_nothing_however_many_agree(
    world: World, client: SecurityHub, *, known: bool
) -> None:
    nobody = {"Id": [{"Value": "none", "Comparison": "EQUALS"}]}
    if known:
        await client.get_findings(nobody)
    for fault in ("html", "misdated"):
        world.emulator.faults.add(fault, operation="GetFindings", count=3)
    page = await client.get_findings(nobody)
    assert abs(page.asked_at - world.emulator.clock.now()) < MINUTE
    assert abs(client.now() - world.emulator.clock.now()) < MINUTE


async def test_while_all_answers_agree_on_another_hour_each_poll_finds_what_has_changed(
    world: World, open_sync: OpenSync, client: SecurityHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a proxy whose clock is wrong: nothing tells that from a time that is right."""
    passed, clock = 0, client._calls.clock
    steady = clock.steady
    monkeypatch.setattr(clock, "steady", lambda: steady() + passed / SECOND)
    world.load(world.some(20, compliance="FAILED"))
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    world.emulator.faults.add("misdated", operation="GetFindings", count=None)
    for changed in [finding for _, finding in sorted(world.truth())][:12]:
        world.mutate({"op": "update", "id": changed, "set": {"Compliance": {"Status": "PASSED"}}})
        world.emulator.clock.advance(4 * MINUTE / SECOND)
        passed += 4 * MINUTE
        assert await sync.poll()
        assert stored(sync.context.findings.rows) == world.truth()
    assert client.now() > world.emulator.clock.now() + HOUR - MINUTE


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

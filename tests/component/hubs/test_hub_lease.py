"""A hub works under its Lease only, and stops in the middle of anything."""

import asyncio

from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import View
from posture.hubs.hub import Hub
from posture.hubs.status import HubPhase
from tests.component.hubs.conftest import MakeHub
from tests.support.hubs.living import KEY, OWN, SOON, WINDOW, demand, living
from tests.support.hubs.world import ADMINISTRATOR, FSBP, World


def view(hub: Hub, products: frozenset[str] = OWN) -> View:
    home = (ADMINISTRATOR, KEY.region)
    return View((FSBP,), hub.controls(), AccountFilter(), Grouping(None), home, products)


async def passed_and_scored(hub: Hub) -> tuple[int, int] | None:
    evaluated = await hub.evaluate(view(hub), WINDOW)
    if evaluated is None or evaluated.evaluation.target.aws is None:
        return None
    return evaluated.evaluation.target.aws.passed, evaluated.evaluation.target.aws.scored


class FakeTerm:
    def __init__(self) -> None:
        self.over = asyncio.Event()

    def leads(self) -> bool:
        return not self.over.is_set()

    def leading(self) -> float:
        return 10.0 if self.leads() else 0.0

    async def lost(self) -> None:
        await self.over.wait()


class FakeLease:
    """A Lease that is given and taken by the test."""

    holder_seen = "somebody"

    def __init__(self, name: str) -> None:
        self.name = name
        self.terms: asyncio.Queue[FakeTerm] = asyncio.Queue()
        self.released = asyncio.Event()

    async def run(self) -> None:
        await self.released.wait()

    async def acquired(self) -> FakeTerm:
        return await self.terms.get()

    async def release(self) -> None:
        self.released.set()


async def test_it_works_under_its_lease_only(world: World, make_hub: MakeHub) -> None:
    world.load(world.some(5))
    leases: list[FakeLease] = []

    def candidate(name: str) -> FakeLease:
        leases.append(FakeLease(name))
        return leases[-1]

    hub = make_hub(candidate)
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: bool(leases))
        (lease,) = leases
        assert lease.name == KEY.name
        assert hub.status.holder == "somebody"
        assert (hub.leads(), hub.is_open(), world.emulator.calls.total()) == (False, False, 0)
        for _ in range(2):
            term = FakeTerm()
            lease.terms.put_nowait(term)
            await changes.until(lambda: hub.status.exact)
            assert hub.leads()
            assert hub.is_open()
            term.over.set()
            assert not hub.is_open()
            assert await passed_and_scored(hub) is None
            await changes.until(lambda: hub.status.phase is HubPhase.STANDBY)
            assert not hub.status.exact
    assert lease.released.is_set()


async def test_stop_in_the_middle_of_a_sweep_is_quick_and_keeps_its_progress(
    world: World, make_hub: MakeHub
) -> None:
    world.load(world.some(600))
    world.emulator.settings.latency = {"GetFindings": 0.2}
    hub = make_hub()
    hub.ask([demand()])
    async with living(hub):
        await calls_made(world, 4)
        started = asyncio.get_running_loop().time()
        await hub.stop()
        assert asyncio.get_running_loop().time() - started < 5
    world.emulator.settings.latency = {}
    before = world.emulator.calls.total("GetFindings")
    again = make_hub()
    again.ask([demand()])
    async with living(again) as changes:
        await changes.until(lambda: again.status.exact)
        assert again.status.findings == 600
    assert world.emulator.calls.total("GetFindings") - before <= 10


async def calls_made(world: World, count: int) -> None:
    """Wait until the emulator has answered so many listings."""
    async with asyncio.timeout(SOON):
        while world.emulator.calls.total("GetFindings") < count:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)

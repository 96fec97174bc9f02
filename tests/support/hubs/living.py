"""Hubs that live on the emulator, and what targets ask of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import View
from posture.hubs.demand import Demand, HubKey
from posture.hubs.hub import Hub
from tests.support.hubs.world import ADMINISTRATOR, FSBP, REGION

WINDOW = timedelta(hours=30)


KEY = HubKey(None, None, REGION)


OWN = frozenset({"Security Hub"})


SOON = 20.0


def demand(interval: float = 3600, products: frozenset[str] = OWN, full: float = 86400) -> Demand:
    return Demand(timedelta(seconds=interval), timedelta(seconds=full), products, WINDOW)


async def administrator() -> str:
    return ADMINISTRATOR


class Changes:
    """Waits for a hub's status to become what is awaited."""

    def __init__(self, hub: Hub) -> None:
        self._changed = asyncio.Event()
        hub.on_change(self._changed.set)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def living(hub: Hub) -> AsyncIterator[Changes]:
    changes = Changes(hub)
    life = asyncio.create_task(hub.run())
    try:
        yield changes
    finally:
        async with asyncio.timeout(SOON):
            await hub.stop()
            await life


def view(hub: Hub, products: frozenset[str] = OWN) -> View:
    home = (ADMINISTRATOR, KEY.region)
    return View((FSBP,), hub.controls(), AccountFilter(), Grouping(None), home, products)


async def passed_and_scored(hub: Hub) -> tuple[int, int] | None:
    evaluated = await hub.evaluate(view(hub), WINDOW)
    if evaluated is None or evaluated.evaluation.target.aws is None:
        return None
    return evaluated.evaluation.target.aws.passed, evaluated.evaluation.target.aws.scored

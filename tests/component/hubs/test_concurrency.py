"""Polls, a sweep and re-lists at once, while the cloud changes: every published picture is justified.

Each finding of a picture is as it was at some moment since the picture's poll began, unless nothing that a
poll reads has shown its change.
"""

import asyncio
from collections.abc import Collection
from random import Random

from posture.aws.securityhub.client import SecurityHub
from posture.domain.findings import Finding
from posture.sources.failed_cache import FailedLimits
from posture.sources.findings_view import KeptValues, Published
from posture.sources.securityhub.sync import Sync
from tests.component.hubs.conftest import OpenSync
from tests.support.examples import seeds
from tests.support.hubs.history import History, Picture, allowed_after_poll, material
from tests.support.hubs.meddling import Meddler
from tests.support.hubs.witness import Witness
from tests.support.hubs.world import HOUR, MINUTE, SECOND, World, stored

PRODUCTS = ("Security Hub", "GuardDuty")


class Pictures:
    """What the store held at each moment that was published."""

    def __init__(self, sync: Sync) -> None:
        self.last: Picture = {}
        self._findings = sync.context.findings
        self._publish = self._findings.publish
        self._findings.publish = self._take  # type: ignore[method-assign]

    def _take(
        self,
        exact_at: int,
        windows: Collection[int],
        state: KeptValues,
        failed: Collection[FailedLimits] = (),
    ) -> Published:
        published = self._publish(exact_at, windows, state, failed)
        self.last = stored(self._findings.rows)
        return published


def check(picture: Picture, before: Picture, history: History, began: int, followed: int) -> None:
    """Compare a picture with what may be known after a poll that began at this event of the history."""
    then = history.truth_at(began)
    allowed = allowed_after_poll(before, then, followed - 15 * MINUTE + 5 * SECOND)
    for name, seen in {**dict.fromkeys(before), **picture}.items():
        may_be: list[Finding | None] = list(history.since(name, began))
        may_be += allowed.get(name, [])
        if None in may_be:
            # Deleted before the poll came to it: its last change is gone with it, and absence shows later.
            may_be.append(before.get(name))
        if len(allowed.get(name, [])) > 1:
            may_be += history.since(name, 0)
        assert material(seen) in [material(each) for each in may_be], name
    for name in then:
        if name not in picture:
            assert history.since(name, began)[-1] is None or None in allowed[name], f"{name} is missing"


@seeds(3)
async def test_every_published_picture_is_justified(
    world: World, client: SecurityHub, open_sync: OpenSync, seed: int
) -> None:
    random = Random(seed)
    world.random.seed(seed)
    world.load(world.some(90))
    world.load(world.some(6, product="GuardDuty", compliance=None))
    sync = await open_sync(*PRODUCTS)
    sync.context.source = meddler = Meddler(client)
    history = History(world, random, PRODUCTS)
    witness = Witness(sync, history, await client.discover())
    pictures = Pictures(sync)
    await witness.sweep()
    await witness.poll()

    def meddle() -> None:
        if random.random() < 0.1:
            history.happen()

    async def keep_reading() -> None:
        while True:
            await asyncio.gather(sync.sweep(), sync.relist())

    meddler.between = meddle
    beside = asyncio.create_task(keep_reading())
    try:
        for _ in range(12):
            before, began, followed = witness.findings(), history.moment, sync.context.progress.done.polled
            assert followed is not None
            if await sync.poll():
                check(pictures.last, before, history, began, followed)
                await witness.scores(pictures.last)
            assert not beside.done()
    finally:
        meddler.between = lambda: None
        beside.cancel()
        await asyncio.wait({beside})
    await world.pass_time(client, HOUR)
    await sync.sweep()
    await witness.poll()
    await witness.sweep()
    await witness.poll()

"""Random changes by hand, in an exceptional set of any size: nothing known is older than what is told."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.domain.findings import Workflow
from tests.component.hubs.conftest import OpenSync
from tests.support.examples import seeds
from tests.support.hubs.history import History, Name, material
from tests.support.hubs.meddling import Meddler
from tests.support.hubs.witness import Witness
from tests.support.hubs.world import DAY, HOUR, MINUTE, SECOND, World

FINDINGS, PAGE, PAGES = 240, 5, 4
INTERVAL = 5 * MINUTE
OURS = {"posture.dev/owner": "us", "posture.dev/policy": "security/known"}


class ByHand(History):
    """Workflows change with and without a note; what is exceptional is archived, or deleted, unseen."""

    noted: set[Name]

    def happen(self, times: int = 1) -> None:
        for _ in range(times):
            self.world.emulator.clock.advance(self.random.choice((0, 1, 20)))
            picked = self._pick(lambda each: each["RecordState"] == "ACTIVE")
            assert picked is not None
            exceptional = picked["Workflow"]["Status"] in {"SUPPRESSED", "NOTIFIED"}
            what = self.random.choice(("workflow", "workflow", "noted", "update", "gone"))
            if what == "update":
                status = self.random.choice(("PASSED", "FAILED", "WARNING"))
                self._mutate(picked, "update", set={"Compliance": {"Status": status}})
            elif what != "gone" or not exceptional:
                self._by_hand(picked, "looked at" if what == "noted" else None)
            elif self.random.random() < 0.5:
                self._mutate(picked, "archive", bump=False)
            else:
                self._mutate(picked, "delete")
            self.note()

    def _by_hand(self, picked: dict[str, Any], note: str | None) -> None:
        status = self.random.choice(("SUPPRESSED", "NOTIFIED", "NEW"))
        self._mutate(picked, "workflow", status=status, note=note)
        if note:
            self.noted.add((picked["ProductArn"], picked["Id"]))


@pytest.mark.parametrize("share", [0.01, 0.15, 0.5])
@seeds(2)
async def test_what_is_known_is_never_older_than_what_is_told(
    world: World, client: SecurityHub, open_sync: OpenSync, seed: int, share: float
) -> None:
    """With 1 %, 15 % and half of all findings suppressed, most of them by us; over a restart, too."""
    world.random.seed(seed)
    suppressed = int(FINDINGS * share)
    ours = world.some(suppressed, within=DAY, compliance="FAILED", workflow="SUPPRESSED")
    world.load({**each, "UserDefinedFields": OURS} for each in ours)
    world.load(world.some(FINDINGS - suppressed, within=DAY, workflow="NEW"))
    history = ByHand(world, Random(seed), ("Security Hub",))
    history.noted = set()
    sync = await open_sync()
    meddler = Meddler(client, page=PAGE)
    sync.context.source = meddler
    witness = Witness(sync, history, await client.discover())
    await witness.sweep()
    assert await sync.poll()
    world.pass_time_everywhere(client, HOUR)
    pages = PAGES if share > 0.01 else 30
    moments = [(0, history.moment)]
    lags = []
    for number in range(24):
        if number == 11:
            witness.sync = sync = await open_sync()
            sync.context.source = meddler
            await sync.resume(client.now())
        sync.pages = pages
        sync.marks.own(frozenset({"us"}))
        history.noted.clear()
        followed = sync.context.progress.done.polled
        history.happen(history.random.randrange(4))
        moments.append((world.emulator.clock.now(), history.moment))
        size = sum(each.workflow is not Workflow.NEW for each in history.truth().values())
        meddler.calls = meddler.by_id = 0
        assert await sync.poll()
        # Changes and notes; and chains under way come to the end of their page, twice.
        assert meddler.calls - meddler.by_id <= 2 * (2 + 6) + pages
        assert followed is not None
        _is_as_told(witness, moments, followed)
        await witness.scores()
        lags.append(sync.lag())
        # A turn, and what is left of the one before; half of each poll may go to what is not ours.
        turns = -(-size // PAGE) // (pages // 2) + 3
        assert sync.lag() <= 2 * turns * (INTERVAL + 2 * MINUTE)
        world.pass_time_everywhere(client, INTERVAL)
        if sync.relist_due():
            await sync.relist()
    assert (max(lags) == 0) == (share == 0.01)
    assert share == 0.01 or any(later < before for before, later in pairwise(lags)), "turns end"


def _is_as_told(witness: Witness, moments: Sequence[tuple[int, int]], followed: int) -> None:
    """Each finding is known as it was at some moment since the one that is told, or later."""
    sync, history = witness.sync, witness.history
    assert isinstance(history, ByHand)
    polled = sync.context.progress.done.polled
    assert polled is not None
    told = max(moment for at, moment in moments if at <= polled - sync.lag() + SECOND)
    holds, truth = witness.findings(), history.truth()
    for name in holds.keys() | truth.keys():
        new = truth.get(name)
        told_by_change = new is not None and new.updated_at >= followed - 10 * MINUTE
        exact = not sync.lag() or told_by_change or (name in history.noted and new is not None)
        pictures = [new] if exact else history.since(name, told)
        assert material(holds.get(name)) in [material(each) for each in pictures], name

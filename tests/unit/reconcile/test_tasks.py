"""Reconcilers begin with their hub, end with it, and are others for another hub of the same key."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.reconcile.hub_reconciler import HubReconciler
from posture.reconcile.tasks import ReconcilerTasks

KEY = HubKey(None, None, "eu-west-1")
OTHER = HubKey(None, None, "us-east-1")


class StubHub:
    """A hub that remembers whom it wakes."""

    name = "hub"

    def __init__(self) -> None:
        self.wakes: list[Callable[[], None]] = []

    def on_change(self, wake: Callable[[], None]) -> None:
        self.wakes.append(wake)


class StubReconciler:
    """Runs until it is cancelled; notes what is asked of it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.seen: list[str] = []

    def wake(self) -> None:
        self.seen.append("woken")

    async def run(self) -> None:
        self.seen.append("running")
        try:
            await asyncio.Event().wait()
        finally:
            self.seen.append("cancelled")

    def end(self) -> None:
        self.seen.append("ended")


def pair(hub: Hub) -> tuple[HubReconciler[Any], HubReconciler[Any]]:
    one, other = StubReconciler(hub), StubReconciler(hub)
    return cast("HubReconciler[Any]", one), cast("HubReconciler[Any]", other)


async def settled(tasks: ReconcilerTasks[Any], **hubs: StubHub) -> dict[HubKey, list[StubReconciler]]:
    keys = {"key": KEY, "other": OTHER}
    given = {keys[name]: cast("Hub", hub) for name, hub in hubs.items()}
    found = {key: list(reconcilers) for key, reconcilers in await tasks.settle(given)}
    await asyncio.sleep(0)
    return found


async def test_reconcilers_run_as_long_as_their_hub_is_there() -> None:
    tasks = ReconcilerTasks(pair, lambda _: ())
    hub = StubHub()
    first = await settled(tasks, key=hub)
    assert [each.seen for each in first[KEY]] == [["running"], ["running"]]
    for wake in hub.wakes:
        wake()
    again = await settled(tasks, key=hub, other=StubHub())
    assert again[KEY] == first[KEY]
    assert tasks.hub(KEY) is cast("Hub", hub)
    left = await settled(tasks, other=StubHub())
    assert [each.seen for each in first[KEY]] == [["running", "woken", "cancelled", "ended"]] * 2
    assert left.keys() == {OTHER}
    assert left[OTHER] != again[OTHER], "another hub of the same key has reconcilers of its own"
    assert tasks.hub(KEY) is None
    await tasks.stop()
    assert [each.seen for each in left[OTHER]] == [["running", "cancelled", "ended"]] * 2
    assert tasks.hub(OTHER) is None

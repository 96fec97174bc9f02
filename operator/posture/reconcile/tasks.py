"""The reconcilers of each hub of this replica: begun when the hub is there, ended with it."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.logs import apart, bound
from posture.reconcile.hub_reconciler import HubReconciler

ReconcilersT = TypeVar("ReconcilersT", bound=tuple[HubReconciler[Any], ...])


class _Running(NamedTuple, Generic[ReconcilersT]):
    hub: Hub
    reconcilers: ReconcilersT
    tasks: frozenset[asyncio.Task[None]]


class ReconcilerTasks(Generic[ReconcilersT]):
    """A task for each reconciler of each hub.

    `make`: gives a hub its reconcilers. `targets`: those of a hub, by namespace/name, as the log names them.
    """

    def __init__(
        self, make: Callable[[Hub], ReconcilersT], targets: Callable[[HubKey], Collection[str]]
    ) -> None:
        self._make = make
        self._targets = targets
        self._running: dict[HubKey, _Running[ReconcilersT]] = {}

    def hub(self, key: HubKey | None) -> Hub | None:
        """Return a hub that has reconcilers here."""
        running = self._running.get(key) if key else None
        return None if running is None else running.hub

    async def settle(self, hubs: Mapping[HubKey, Hub]) -> Iterator[tuple[HubKey, ReconcilersT]]:
        """End the reconcilers of hubs that are gone, begin those of new ones, and give those that run."""
        for key in list(self._running):
            if hubs.get(key) is not self._running[key].hub:
                await self._end(key)
        for key, hub in hubs.items():
            if key not in self._running:
                self._running[key] = self._begin(hub)
        return ((key, self._running[key].reconcilers) for key in hubs)

    async def stop(self) -> None:
        """End all of them; what is being written is let finish or cut off."""
        for key in list(self._running):
            await self._end(key)

    def _begin(self, hub: Hub) -> _Running[ReconcilersT]:
        reconcilers = self._make(hub)
        for each in reconcilers:
            hub.on_change(each.wake)
        tasks = (
            asyncio.create_task(each.run(), name=f"{type(each).__name__} of {hub.name}", context=apart())
            for each in reconcilers
        )
        return _Running(hub, reconcilers, frozenset(tasks))

    async def _end(self, key: HubKey) -> None:
        running = self._running.pop(key)
        with bound(hub=running.hub.name, target=sorted(self._targets(key))):
            for task in running.tasks:
                task.cancel()
            await asyncio.wait(running.tasks)
            for each in running.reconcilers:
                each.end()

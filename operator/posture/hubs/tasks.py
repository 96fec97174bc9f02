"""A task for each hub that anybody asks for: begun, begun again after a defect, and ended."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from posture.hubs.demand import Demand, HubKey
from posture.hubs.hub import Hub
from posture.logs import apart, bound, next_cycle
from posture.pace import BackOff

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 10.0
_LONGEST_PAUSE = 300.0
_HEALTHY_AFTER = 600.0


class WantedHub(NamedTuple):
    """What is asked of one hub; both lists grow while that is found out."""

    demands: list[Demand]
    targets: list[str]
    """By namespace/name: those that look at it."""


class _Running(NamedTuple):
    hub: Hub
    task: asyncio.Task[None]


class HubTasks:
    """The hubs of this replica.

    `make`: makes one. `changed`: called when the status of one has changed. `over`: called when one has ended
    by a defect, and is to be begun again.
    """

    def __init__(
        self, make: Callable[[HubKey], Hub], *, changed: Callable[[HubKey], None], over: Callable[[], None]
    ) -> None:
        self._make = make
        self._changed = changed
        self._over = over
        self._running: dict[HubKey, _Running] = {}
        self._targets: Mapping[HubKey, list[str]] = {}
        self._pauses: dict[HubKey, BackOff] = {}

    @property
    def hubs(self) -> Mapping[HubKey, Hub]:
        """Give those that run, and those that have not ended yet."""
        return {key: running.hub for key, running in self._running.items()}

    async def settle(self, wanted: Mapping[HubKey, WantedHub], shared_apart: timedelta) -> None:
        """End what nobody asks for, begin what is new, and tell each what is asked of it.

        `shared_apart`: for how long runs that somebody asks for are apart where several namespaces share a
        hub. Whoever has one alone spends nobody's quota but its own.
        """
        gone = self._running.keys() - wanted.keys()
        ended = {key for key, running in self._running.items() if running.task.done()}
        await asyncio.gather(*(self._end(key) for key in gone | ended))
        for key in gone:
            self._pauses.pop(key, None)
        self._targets = {key: sorted(each.targets) for key, each in wanted.items()}
        for key, each in wanted.items():
            if key not in self._running:
                self._running[key] = self._begin(key)
            is_shared = len(_namespaces(each.targets)) > 1
            self._running[key].hub.ask(each.demands, shared_apart if is_shared else timedelta())

    async def stop(self) -> None:
        """End all of them, and give their Leases back."""
        await asyncio.gather(*(self._end(key) for key in list(self._running)))

    def _begin(self, key: HubKey) -> _Running:
        hub = self._make(key)
        hub.on_change(partial(self._changed, key))
        return _Running(hub, asyncio.create_task(self._live(hub), name=hub.name, context=apart()))

    async def _live(self, hub: Hub) -> None:
        """Let a hub live. One that ends by a defect is begun anew: the others must not end with it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        with bound(hub=hub.name, target=lambda: self._targets.get(hub.key, ()), cycle=next_cycle()):
            try:
                await hub.run()
            except Exception as error:
                pauses = self._pauses.setdefault(hub.key, BackOff(_FIRST_PAUSE, _LONGEST_PAUSE))
                if loop.time() - began > _HEALTHY_AFTER:
                    pauses.succeeded()
                pause = pauses.after(error, _LONGEST_PAUSE)
                logger.exception("Hub task crashed (a bug in the operator); restarting in %.0f s", pause)
                await asyncio.sleep(pause)
                self._over()

    async def _end(self, key: HubKey) -> None:
        running = self._running[key]
        # Forgotten only when it has ended: whoever stops everything meanwhile must find it.
        await running.hub.stop()
        running.task.cancel()
        self._running.pop(key, None)


def _namespaces(targets: Iterable[str]) -> set[str]:
    return {name.partition("/")[0] for name in targets}

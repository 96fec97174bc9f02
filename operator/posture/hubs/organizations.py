"""The organizations that the targets of one hub ask for."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping

from posture.hubs.demand import OrganizationDemand, OrganizationKey
from posture.hubs.organization import OrganizationReader, OrganizationReading, OrganizationStatus
from posture.sources.findings_view import FindingsView
from posture.sources.thread import Worker


class OrganizationReadings:
    """The organizations of one hub, each by itself: one that cannot be read holds up no other.

    `make`: makes the reader of one; None: none is read. `told`: called with how all of them stand whenever
    that changes. `first_pause`: seconds before what failed is tried again for the first time.
    """

    def __init__(
        self,
        make: Callable[[OrganizationKey], OrganizationReader] | None,
        told: Callable[[Mapping[OrganizationKey, OrganizationStatus]], None],
        first_pause: float,
    ) -> None:
        self._make = make
        self._told = told
        self._first_pause = first_pause
        self._readings: dict[OrganizationKey, OrganizationReading] = {}
        self._statuses: dict[OrganizationKey, OrganizationStatus] = {}
        self._changed = asyncio.Event()
        self._version = 0

    def ask(self, demands: Iterable[OrganizationDemand]) -> None:
        """Say what all targets ask for from now on."""
        asked: dict[OrganizationKey, list[OrganizationDemand]] = {}
        make = self._make
        if make is None:
            return
        for each in demands:
            asked.setdefault(each.key, []).append(each)
        if asked.keys() != self._readings.keys():
            self._readings = {key: self._readings.get(key) or self._reading(key, make) for key in asked}
            self._statuses = {key: each for key, each in self._statuses.items() if key in asked}
            self._changed.set()
        for key, some in asked.items():
            self._readings[key].ask(some)

    def hurry(self) -> None:
        """Have all of them read again at once."""
        for each in self._readings.values():
            each.hurry()

    def saw(self, version: int) -> None:
        """Look whether there are accounts that nobody has read, where the hub's numbers have changed."""
        if version != self._version:
            self._version = version
            for each in self._readings.values():
                each.look()

    async def run(
        self, worker: Worker, findings: FindingsView, members: Callable[[], Collection[str]]
    ) -> None:
        """Keep them current until cancelled: see `OrganizationReading.run`."""
        running: dict[OrganizationReading, asyncio.Task[None]] = {}
        # What was told may have been forgotten meanwhile.
        self._statuses.clear()
        try:
            while True:
                self._changed.clear()
                wanted = set(self._readings.values())
                await _end(running.pop(each) for each in running.keys() - wanted)
                for each in wanted - running.keys():
                    running[each] = asyncio.create_task(each.run(worker, findings, members))
                changed = asyncio.create_task(self._changed.wait())
                try:
                    await asyncio.wait({changed, *running.values()}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    changed.cancel()
                for task in running.values():
                    if task.done():
                        task.result()
        finally:
            await _end(running.values())

    def _reading(
        self, key: OrganizationKey, make: Callable[[OrganizationKey], OrganizationReader]
    ) -> OrganizationReading:
        def told(status: OrganizationStatus) -> None:
            if self._statuses.get(key) != status and key in self._readings:
                self._statuses[key] = status
                self._told(dict(self._statuses))

        return OrganizationReading(key, make(key), told, first_pause=self._first_pause)


async def _end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)

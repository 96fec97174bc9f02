"""The life of a hub: it wins and loses its Lease, opens and closes its store, and works on it in between."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.domain.insights import InsightResults
from posture.domain.time import SECOND
from posture.hubs.demand import HubKey, OrganizationKey, Requests
from posture.hubs.listening import EventQueue
from posture.hubs.organization import OrganizationReader
from posture.hubs.snapshots.places import KeptSnapshots
from posture.hubs.status import HubPhase, StatusPublisher
from posture.hubs.stores import StoreOpening
from posture.kube.leadership import LeaseCandidate, LeaseTerm, acquired_while
from posture.logs import bound, next_cycle
from posture.pace import BackOff
from posture.sources.base import Source, SourceMaker, TimesAhead
from posture.sources.findings_view import FindingsView
from posture.sources.thread import Worker
from posture.store.errors import StoreError, StoreLost
from posture.store.interface import Stores

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 300.0
_START = "start"


@dataclass(frozen=True, slots=True)
class HubDependencies:
    """What a hub works with."""

    sources: SourceMaker
    """Opens what keeps its knowledge current."""
    account: Callable[[], Awaitable[str]]
    """The account id of its credentials: another account's findings must not be taken for this one's."""
    stores: Stores
    """Where what it knows is kept."""
    candidate: Callable[[str], LeaseCandidate] | None = None
    """Makes a candidate for the Lease of a name; None: no other replica exists."""
    scope: str = ""
    """The end of the Lease's name where not all namespaces are watched: others do other work."""
    first_pause: float = 2.0
    """Seconds."""
    organizations: Callable[[OrganizationKey], OrganizationReader] | None = None
    """Makes what reads an organization; None: nobody asks for one."""
    insight: Callable[[str], Awaitable[InsightResults]] | None = None
    """Reads an insight by its ARN; None: nobody asks for one."""
    queues: Callable[[str], EventQueue] | None = None
    """Makes the client of a queue of events by its URL; None: nobody asks for one."""
    snapshots: Callable[[str], KeptSnapshots | None] = lambda _: None
    """How the snapshots of a hub's store are kept now, by the hub's name; None: not at all."""


class OpenHub(NamedTuple):
    """A hub whose store is open, on which this replica works."""

    worker: Worker
    """The thread that the store belongs to."""
    findings: FindingsView
    source: Source
    owner: str
    """Whose the store is: the hub's name, and the account of its credentials."""
    taken_over: bool
    """Whether it began with a snapshot, and nothing in it has been published here."""


TakeOver = Callable[[Worker, StoreOpening, Source, str], Awaitable[FindingsView | None]]
"""Begins with a snapshot where that is better than what is stored: what is known then, else None."""


class HubLife:
    """Leads or waits, with the store open or not. `work_on` is run while it is, and cancelled with it."""

    def __init__(
        self,
        key: HubKey,
        dependencies: HubDependencies,
        requests: Requests,
        publisher: StatusPublisher,
        take_over: TakeOver,
        work_on: Callable[[OpenHub], Awaitable[None]],
    ) -> None:
        self._key = key
        self._name = key.name + dependencies.scope
        self._dependencies = dependencies
        self._requests = requests
        self._publisher = publisher
        self._take_over = take_over
        self._work_on = work_on
        self._term: LeaseTerm | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self.source: Source | None = None
        """Its source, while its store is open."""
        self.candidate: LeaseCandidate | None = None
        """Who competes for its Lease here; None where no other replica exists."""

    def leading(self) -> float:
        """Seconds for which this replica speaks for the hub whatever happens; 0 when it does not."""
        if self._dependencies.candidate is None:
            return math.inf if self._task is not None and not self._task.done() else 0.0
        return 0.0 if self._term is None else self._term.leading()

    def is_open(self) -> bool:
        """Whether this replica leads, and the hub's store is open."""
        return self.source is not None and (self._term is None or self._term.leads())

    async def run(self) -> None:
        """Live until `stop` or cancellation; then nothing is in flight, and store and Lease are let go."""
        if self._stopped:
            return
        self._task = asyncio.create_task(self._live())
        try:
            await asyncio.wait({self._task})
        finally:
            await self.stop()
        if not self._task.cancelled():
            self._task.result()

    async def stop(self) -> None:
        """End the work, close the store, release the Lease; returns when that is done."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _live(self) -> None:
        if self._dependencies.candidate is None:
            await self._work()
            return
        self.candidate = self._dependencies.candidate(self._name)
        competing = asyncio.create_task(self.candidate.run())
        try:
            while True:
                self._publisher.stood_down(phase=HubPhase.STANDBY)
                self._term = await acquired_while(self.candidate, competing)
                await self._work_until(self._term.lost())
        finally:
            await self.candidate.release()
            competing.cancel()
            await asyncio.gather(competing, return_exceptions=True)

    async def _work_until(self, lost: Coroutine[None, None, None]) -> None:
        """Work, and stop at once when the term is over."""
        over, work = asyncio.create_task(lost), asyncio.create_task(self._work())
        try:
            await asyncio.wait({over, work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            work.cancel()
            await asyncio.gather(over, work, return_exceptions=True)
        if not work.cancelled():
            work.result()
        logger.warning("hub %s: the Lease is lost; work on it has stopped", self._name)

    async def _work(self) -> None:
        """Open the store and keep in sync; begin again after what can be overcome that way."""
        pauses = BackOff(self._dependencies.first_pause)
        while True:
            ticket = self._requests.begun()
            self._publisher.post(phase=HubPhase.STARTING, exact_at=None)
            with bound(cycle=next_cycle()):
                try:
                    await self._keep_in_sync(pauses)
                except StoreLost as lost:
                    self._publisher.failed(_START, lost)
                    self._publisher.post(store_replaced=str(lost))
                except (StoreError, AwsError) as error:
                    self._publisher.failed(_START, error)
                    self._requests.ended(ticket)
                    await self._requests.woken(pauses.after(error, self._pace()))

    def _pace(self) -> float:
        """Return the seconds after which to begin again at the latest: what was refused may be allowed."""
        wanted = self._requests.wanted
        return _LONGEST_PAUSE if wanted is None else min(wanted.interval / SECOND, _LONGEST_PAUSE)

    async def _keep_in_sync(self, pauses: BackOff) -> None:
        """Open the store, and run until cancelled or until the store fails."""
        account_id = await self._dependencies.account()
        worker = Worker(self._name)
        owner = f"{self._key.name} {account_id}"
        opening = StoreOpening(self._dependencies.stores, self._key.name, owner, worker.stop)
        try:
            findings, quarantined = await worker.call(opening.open)
            if quarantined:
                logger.warning(
                    "hub %s: the local store was unusable and is rebuilt from Security Hub: %s",
                    self._name,
                    quarantined,
                )
                self._publisher.post(store_replaced=quarantined)
            source = await self._dependencies.sources.open(worker, findings)
            taken_over = await self._take_over(worker, opening, source, owner)
            if taken_over is not None:
                findings = taken_over
                source = await self._dependencies.sources.open(worker, findings)
            self.source = source
            self._publisher.succeeded(_START)
            pauses.succeeded()
            await self._work_on(OpenHub(worker, findings, source, owner, taken_over=taken_over is not None))
        except TimesAhead:
            self.source = None
            await worker.call(opening.discard)
            raise
        finally:
            self.source = None
            with suppress(StoreError):
                await worker.close(opening.close)

"""A hub: one Lease, one store, one sync for all targets with the same credentials and Region."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from posture.aws.client.errors import AwsError
from posture.domain.findings import SECURITY_HUB, CheckSource
from posture.domain.insights import InsightResults
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.standards import Controls, ControlStatus
from posture.domain.time import SECOND, microseconds
from posture.hubs.cycle import Cycle, together
from posture.hubs.demand import Demand, HubKey, OrganizationKey, Requests
from posture.hubs.insights import InsightReadings
from posture.hubs.listening import EventQueue, Listening
from posture.hubs.organization import OrganizationReader
from posture.hubs.organizations import OrganizationReadings
from posture.hubs.snapshots.keeper import SnapshotKeeper
from posture.hubs.snapshots.places import Kept
from posture.hubs.status import HubPhase, HubStatus, StatusPublisher
from posture.hubs.stores import StoreOpening
from posture.kube.leadership import LeaseCandidate, LeaseTerm, acquired_while
from posture.logs import bound, next_cycle
from posture.pace import BackOff
from posture.sources.base import Source, SourceMaker, TimesAhead
from posture.sources.failed_cache import FailedLimits
from posture.sources.findings_view import Evaluated, FindingsView
from posture.sources.thread import Worker
from posture.store.errors import StoreError, StoreLost
from posture.store.interface import Stores
from posture.store.records import FindingRef

logger = logging.getLogger(__name__)

T = TypeVar("T")

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
    snapshots: Callable[[str], Kept | None] = lambda _: None
    """How the snapshots of a hub's store are kept now, by the hub's name; None: not at all."""


class Hub:
    """One hub, from the time that a target asks for it until `stop`. For the event loop's thread.

    `run` is its life; everything else returns at once, but `evaluate` and `look`, which wait for its thread.
    """

    def __init__(self, key: HubKey, dependencies: HubDependencies) -> None:
        self.key = key
        self.name = key.name + dependencies.scope
        self._dependencies = dependencies
        self._requests = Requests()
        self._publisher = StatusPublisher(self.name)
        self._organizations = OrganizationReadings(
            dependencies.organizations,
            lambda known: self._publisher.post(organizations=known),
            dependencies.first_pause,
        )
        self._insights = InsightReadings(
            dependencies.insight,
            self.now,
            lambda known: self._publisher.post(insights=known),
            dependencies.first_pause,
        )
        self.listening = Listening(
            dependencies.queues,
            lambda status: self._publisher.post(listening=status),
            self.now,
            dependencies.first_pause,
        )
        self._publisher.on_change(lambda: self._organizations.saw(self._publisher.status.version))
        self._snapshots = SnapshotKeeper(
            key.name,
            lambda: dependencies.snapshots(key.name),
            dependencies.stores,
            self.leading,
            lambda known: self._publisher.post(snapshots=known),
        )
        self._term: LeaseTerm | None = None
        self._source: Source | None = None
        self._controls: tuple[object, Controls] | None = None
        self._life: asyncio.Task[None] | None = None
        self._candidate: LeaseCandidate | None = None
        self._stopped = False

    @property
    def status(self) -> HubStatus:
        """What the hub says of itself now."""
        status = self._publisher.status
        return replace(status, holder=self._candidate.holder_seen) if self._candidate else status

    def now(self) -> int:
        """Return the time (µs) by AWS's clock; by the local one while this hub's AWS has not answered.

        Whatever AWS has dated is as old as it is by this clock, however wrong the machine's is; and whatever
        people set an end to on this hub ends by it.
        """
        return self._dependencies.sources.now()

    def ask(self, demands: Iterable[Demand], apart: timedelta = timedelta()) -> None:
        """Say what all targets together want from now on; suspended ones ask for nothing.

        `apart`: how long after the beginning of a run the next one begins at the earliest that is due for
        nothing but somebody's asking.
        """
        asked = list(demands)
        self._requests.ask(asked, apart.total_seconds())
        self._organizations.ask(each.organization for each in asked if each.organization is not None)
        self._insights.ask(arn for each in asked for arn in each.insights)
        self.listening.ask(each.queue for each in asked if each.queue is not None)

    @property
    def apart(self) -> int:
        """How long after another anything begins that is due for nothing but somebody's asking, in µs."""
        return int(self._requests.apart * SECOND)

    def know_turned_off(self, places: Mapping[TurnedOff, ControlStatus]) -> None:
        """Take in what policies have turned off: nothing is scored before that is known, were it nothing."""
        if places != self._publisher.status.turned_off:
            self._publisher.post(turned_off=dict(places))

    def own(self, owners: Collection[str]) -> None:
        """Say by which names marks on findings are ours; until this is said, every mark may be.

        A product in which one is left is followed until there is none, whatever targets ask for.
        """
        self._requests.owners = frozenset(owners)

    def request(self) -> int:
        """Have it run at once, discovery included; returns a ticket for `has_run`.

        Organizations and insights are read again too, beside it.
        """
        self._organizations.hurry()
        self._insights.hurry()
        return self._requests.request()

    def request_poll(self) -> int:
        """Have it poll at once; returns a ticket for `has_run`."""
        return self._requests.request(thorough=False)

    def has_run(self, ticket: int) -> bool:
        """Whether a run that started after the request has ended, well or not (the first with its sweep)."""
        return self._requests.has_run(ticket)

    def waits(self, ticket: int) -> bool:
        """Whether the run for a request is held back, as too little time has passed since the last began."""
        return self._requests.waits(ticket)

    def exact_since(self, ticket: int) -> bool:
        """Whether what is known is exact as of a moment after the request.

        A run that failed, was broken off, or withheld what it read as suspicious does not count: the picture
        is still that of the run before it.
        """
        return self._requests.exact_since(ticket)

    def follows(self, failed: FailedLimits) -> bool:
        """Whether failed findings are followed by these limits, from the next poll on at the latest."""
        return self._requests.wanted is not None and failed in self._requests.wanted.failed

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` in the event loop whenever the status has changed."""
        self._publisher.on_change(listener)

    def leads(self) -> bool:
        """Whether this replica speaks for the hub: it holds the Lease, whatever else works."""
        return self.leading() > 0

    def leading(self) -> float:
        """Seconds for which this replica speaks for the hub whatever happens; 0 when it does not."""
        if self._dependencies.candidate is None:
            return math.inf if self._life is not None and not self._life.done() else 0.0
        return 0.0 if self._term is None else self._term.leading()

    def is_open(self) -> bool:
        """Whether this replica leads, and the hub's store is open."""
        return self._source is not None and (self._term is None or self._term.leads())

    def controls(self) -> Controls:
        """Return the controls of the hub's standards; the same object while nothing about them changes."""
        facts = self.status.facts
        if self._controls is None or self._controls[0] is not facts:
            standards = {standard.name: standard for standard in facts.standards} if facts else {}
            self._controls = (facts, Controls(standards))
        return self._controls[1]

    def names(self) -> Mapping[str, str]:
        """Return the names of accounts by id, from findings and from the list of members."""
        facts, source = self.status.facts, self._source
        members = {id_: name for id_, name in facts.members.items() if name} if facts else {}
        return {**members, **(source.published.names if source and source.published else {})}

    async def evaluate(
        self, view: View, window: timedelta, failed: FailedLimits | None = None
    ) -> Evaluated | None:
        """Evaluate a view as of the last exact moment; None while there is none for its products or window.

        A window that no demand names is kept from the next poll on, which this asks for. Names and members
        that the view leaves empty are filled in. `failed`: by what failed findings are followed.
        """
        source = self._source
        if source is None or not self.is_open():
            return None
        is_scored_by_findings = self.key.source is CheckSource.SECURITY_HUB and view.standards
        needed = view.products | ({SECURITY_HUB} if is_scored_by_findings else set())
        if not needed <= source.exact_products:
            return None
        if not view.names:
            view = view._replace(names=self.names())
        if not view.members and self.status.facts is not None:
            view = view._replace(members=frozenset(self.status.facts.members))
        exact = await source.worker.glance(source.findings.evaluate, view, microseconds(window), failed)
        if exact is None:
            self._requests.ask_window(microseconds(window))
            return None
        return exact if self.is_open() else None

    async def look(self, look: Callable[[FindingsView], T]) -> T | None:
        """Run a function on what is known in the hub's thread; None where the store is not open here.

        Raises StoreError where the function does.
        """
        source = self._source
        if source is None or not self.is_open():
            return None
        return await source.worker.call(look, source.findings)

    async def look_again(self) -> None:
        """Have found out anew what follows from what is stored. Raises AwsError and StoreError."""
        source = self._source
        if source is not None and self.is_open():
            await source.look_again()

    async def reread(self, refs: Sequence[FindingRef]) -> None:
        """Read findings by Id, and remove those that are gone. Raises AwsError and StoreError."""
        size = self._dependencies.sources.most_at_once
        for start in range(0, len(refs), size):
            source = self._source
            if source is None or not self.is_open():
                return
            await source.reread(refs[start : start + size])

    async def run(self) -> None:
        """Live until `stop` or cancellation; then nothing is in flight, and store and Lease are let go."""
        if self._stopped:
            return
        self._life = asyncio.create_task(self._live())
        try:
            await asyncio.wait({self._life})
        finally:
            await self.stop()
        if not self._life.cancelled():
            self._life.result()

    async def stop(self) -> None:
        """End the work, close the store, release the Lease; returns when that is done."""
        self._stopped = True
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait({self._life})

    async def _live(self) -> None:
        if self._dependencies.candidate is None:
            await self._work()
            return
        self._candidate = self._dependencies.candidate(self.name)
        competing = asyncio.create_task(self._candidate.run())
        try:
            while True:
                self._publisher.stood_down(phase=HubPhase.STANDBY)
                self._term = await acquired_while(self._candidate, competing)
                await self._work_until(self._term.lost())
        finally:
            await self._candidate.release()
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
        logger.warning("hub %s: the Lease is lost; work on it has stopped", self.name)

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

    def _members(self) -> Collection[str]:
        """Return the accounts that the hub knows, with or without findings."""
        facts = self.status.facts
        return facts.members.keys() if facts else ()

    def _pace(self) -> float:
        """Return the seconds after which to begin again at the latest: what was refused may be allowed."""
        wanted = self._requests.wanted
        return _LONGEST_PAUSE if wanted is None else min(wanted.interval / SECOND, _LONGEST_PAUSE)

    async def _keep_in_sync(self, pauses: BackOff) -> None:
        """Open the store, and run until cancelled or until the store fails."""
        account_id = await self._dependencies.account()
        worker = Worker(self.name)
        owner = f"{self.key.name} {account_id}"
        opening = StoreOpening(self._dependencies.stores, self.key.name, owner, worker.stop)
        try:
            findings, quarantined = await worker.call(opening.open)
            if quarantined:
                logger.warning(
                    "hub %s: the local store was unusable and is rebuilt from Security Hub: %s",
                    self.name,
                    quarantined,
                )
                self._publisher.post(store_replaced=quarantined)
            source = await self._dependencies.sources.open(worker, findings)
            taken_over = await self._snapshots.take_over(worker, opening, source, owner)
            if taken_over is not None:
                findings = taken_over
                source = await self._dependencies.sources.open(worker, findings)
            self._source = source
            self._publisher.succeeded(_START)
            pauses.succeeded()
            cycle = Cycle(
                self.now,
                source,
                self._requests,
                self._publisher,
                self.listening.heard,
                first_pause=self._dependencies.first_pause,
                resume=taken_over is None,
            )
            organizations = self._organizations.run(worker, findings, self._members)
            work = self.listening.beside(cycle.run(), source)
            snapshots = self._snapshots.run(worker, findings, owner, source)
            await together(work, organizations, self._insights.run(), snapshots)
        except TimesAhead:
            self._source = None
            await worker.call(opening.discard)
            raise
        finally:
            self._source = None
            with suppress(StoreError):
                await worker.close(opening.close)

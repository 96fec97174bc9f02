"""A hub: one Lease, one store, one sync for all targets with the same credentials and Region."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from posture.domain.findings import SECURITY_HUB, CheckSource
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.standards import Controls, ControlStatus
from posture.domain.time import SECOND, microseconds
from posture.hubs.cycle import Cycle, side_by_side
from posture.hubs.demand import Demand, HubKey, Requests
from posture.hubs.insights import InsightReadings
from posture.hubs.life import HubDependencies, HubLife, OpenHub
from posture.hubs.listening import Listening
from posture.hubs.organizations import OrganizationReadings
from posture.hubs.snapshots.keeper import SnapshotKeeper
from posture.hubs.status import HubStatus, StatusPublisher
from posture.sources.failed_cache import FailedLimits
from posture.sources.findings_view import Evaluated, FindingsView
from posture.store.records import FindingRef

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST_PAUSE = 300.0
_START = "start"


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
        self._controls: tuple[object, Controls] | None = None
        self._life = HubLife(
            key, dependencies, self._requests, self._publisher, self._snapshots.take_over, self._work_on
        )

    @property
    def status(self) -> HubStatus:
        """What the hub says of itself now."""
        status = self._publisher.status
        candidate = self._life.candidate
        return replace(status, holder=candidate.holder_seen) if candidate else status

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
        return self._life.leading()

    def is_open(self) -> bool:
        """Whether this replica leads, and the hub's store is open."""
        return self._life.is_open()

    def controls(self) -> Controls:
        """Return the controls of the hub's standards; the same object while nothing about them changes."""
        facts = self.status.facts
        if self._controls is None or self._controls[0] is not facts:
            standards = {standard.name: standard for standard in facts.standards} if facts else {}
            self._controls = (facts, Controls(standards))
        return self._controls[1]

    def names(self) -> Mapping[str, str]:
        """Return the names of accounts by id, from findings and from the list of members."""
        facts, source = self.status.facts, self._life.source
        members = {id_: name for id_, name in facts.members.items() if name} if facts else {}
        return {**members, **(source.published.names if source and source.published else {})}

    async def evaluate(
        self, view: View, window: timedelta, failed: FailedLimits | None = None
    ) -> Evaluated | None:
        """Evaluate a view as of the last exact moment; None while there is none for its products or window.

        A window that no demand names is kept from the next poll on, which this asks for. Names and members
        that the view leaves empty are filled in. `failed`: by what failed findings are followed.
        """
        source = self._life.source
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
        source = self._life.source
        if source is None or not self.is_open():
            return None
        return await source.worker.call(look, source.findings)

    async def look_again(self) -> None:
        """Have found out anew what follows from what is stored. Raises AwsError and StoreError."""
        source = self._life.source
        if source is not None and self.is_open():
            await source.look_again()

    async def reread(self, refs: Sequence[FindingRef]) -> None:
        """Read findings by Id, and remove those that are gone. Raises AwsError and StoreError."""
        size = self._dependencies.sources.most_at_once
        for start in range(0, len(refs), size):
            source = self._life.source
            if source is None or not self.is_open():
                return
            await source.reread(refs[start : start + size])

    async def run(self) -> None:
        """Live until `stop` or cancellation; then nothing is in flight, and store and Lease are let go."""
        await self._life.run()

    async def stop(self) -> None:
        """End the work, close the store, release the Lease; returns when that is done."""
        await self._life.stop()

    def _members(self) -> Collection[str]:
        """Return the accounts that the hub knows, with or without findings."""
        facts = self.status.facts
        return facts.members.keys() if facts else ()

    async def _work_on(self, opened: OpenHub) -> None:
        """Keep what is known current, and all that is read beside it."""
        cycle = Cycle(
            self.now,
            opened.source,
            self._requests,
            self._publisher,
            self.listening.heard,
            first_pause=self._dependencies.first_pause,
            resume=not opened.taken_over,
        )
        organizations = self._organizations.run(opened.worker, opened.findings, self._members)
        work = self.listening.beside(cycle.run(), opened.source)
        snapshots = self._snapshots.run(opened.worker, opened.findings, opened.owner, opened.source)
        await side_by_side(work, organizations, self._insights.run(), snapshots)

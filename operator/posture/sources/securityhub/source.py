"""Security Hub as a source: what it is, what changes in it, and what is left of marks of ours."""

from collections.abc import Iterable, Sequence

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.discovery import HubFacts
from posture.sources.base import (
    EventOutcome,
    EventsTaken,
    Job,
    PollCounts,
    SourceDemand,
    SourceReport,
)
from posture.sources.findings_view import FindingsView, Published
from posture.sources.securityhub.context import Bounds, SyncContext
from posture.sources.securityhub.events import EventReader, EventScope
from posture.sources.securityhub.facts import Cloud, Discovered, current_facts, stored_facts
from posture.sources.securityhub.listing import Ordered
from posture.sources.securityhub.progress import SyncProgress
from posture.sources.securityhub.queries import VALUES
from posture.sources.securityhub.sweep import read_by_id
from posture.sources.securityhub.sync import Sync, share_of
from posture.sources.thread import Worker
from posture.store.records import FindingRef

_SUSPICIOUS = (
    "More findings than usual are missing at once: they are kept until a second complete sweep misses "
    "them too. If nobody removed them on purpose, check for a missing member, Region or permission"
)
_WITHHELD = (
    "After a long pause the operator first checks which findings are gone, by a re-list or a sweep: "
    "the score is published once that is complete"
)


class SecurityHubSource:
    """The findings of one Security Hub, as `posture.sources.base.Source` says."""

    def __init__(self, cloud: Cloud, context: SyncContext) -> None:
        self.worker: Worker = context.worker
        self.findings: FindingsView = context.findings
        self.sync = Sync(context)
        self._events = EventReader(context)
        self._cloud = cloud
        self._context = context
        self._products = frozenset[str]()
        self._discovered: Discovered | None = None

    @property
    def ready(self) -> bool:
        """Whether the first sweep is complete."""
        return self.sync.ready

    @property
    def published(self) -> Published | None:
        """The last exact moment."""
        return self.sync.published

    @property
    def exact_products(self) -> frozenset[str]:
        """The products of which that moment is exact."""
        return self.sync.exact_products

    async def follow(self, following: SourceDemand) -> None:
        """Follow these products, and those in which a mark of ours is left; forget all others."""
        self.sync.full_sync, self.sync.pages = following.full_sync, share_of(following.interval)
        self.sync.marks.own(following.owners)
        self._products = following.products
        await self.sync.want(following.products)
        self.sync.windows, self.sync.failed = following.windows, following.failed
        await self.sync.tell(following.outlets)

    async def resume(self) -> HubFacts | None:
        """Publish what is stored, where it is whole: as of the last poll. Returns what the hub is then."""
        self._discovered = await stored_facts(self._context)
        if self._discovered is None or not await self.sync.resume(self._cloud.now()):
            return None
        return self._discovered.facts

    async def discover(self, *, anew: bool) -> tuple[HubFacts, AwsError | None]:
        """Return what the hub is; see `facts.current_facts`."""
        self._discovered, error = await current_facts(self._context, self._cloud, self._discovered, anew=anew)
        return self._discovered.facts, error

    async def search(self) -> None:
        """Look for marks of ours in products that no sweep has read, once a day; those are followed then."""
        if await self.sync.marks.search(self._context):
            await self.sync.want(self._products)

    async def poll(self) -> bool:
        """Read what has changed; True where a new moment is published, exact as of then."""
        return await self.sync.poll()

    async def look_again(self) -> None:
        """Do nothing: all that is known is what is stored."""

    def due(self) -> Iterable[Job]:
        """Return the sweep and the re-list that are due, once it is known what the hub is."""
        if self._discovered is None:
            return
        if self.sync.sweep_due():
            yield "sweep", self.sync.sweep
        if self.sync.relist_due():
            yield "re-list", self.sync.relist

    def report(self) -> SourceReport:
        """Say how the sync stands."""
        context, done = self._context, self._context.progress.done
        return SourceReport(
            progress=self.sync.progress(),
            read=context.tally.read,
            suspicious=None if done.suspicious is None else _SUSPICIOUS,
            withheld=_WITHHELD if self.sync.withheld else None,
            last_full=None if done.swept is None else done.swept + done.sweep_took,
            latest=context.latest,
            lag=self.sync.lag(),
            marks_known=self.sync.marks.are_known(context),
            corrections=dict(context.tally.corrections),
        )

    def counted(self) -> PollCounts:
        """Return the calls to GetFindings, and the rows that they changed, since this was last asked for."""
        tally = self._context.tally
        counts = PollCounts(tally.calls, tally.changed)
        tally.calls = tally.changed = 0
        return counts

    async def take_events(self, bodies: Sequence[str]) -> EventsTaken:
        """Take events as copies of findings; see `events.Events`. Raises StoreError."""
        now, seen = self._cloud.now(), self.sync.published
        if self._discovered is None or seen is None:
            unsettled = frozenset(range(len(bodies)))
            return EventsTaken({EventOutcome.FAILED: len(bodies)}, unsettled, changed=False)
        facts, polled = self._discovered.facts, self._context.progress.done.polled or 0
        following = EventScope(
            facts,
            frozenset(facts.members) | seen.names.keys(),
            self._context.wanted & self._context.progress.done.products,
            polled - self._context.bounds.overlap - self._context.set_forward(),
            now,
        )
        return await self._events.take(bodies, following)

    async def show(self) -> bool:
        """Publish what events have brought since the last poll, as of that poll; False where that waits."""
        return await self.sync.show()

    async def reread(self, refs: Sequence[FindingRef]) -> None:
        """Read up to 20 findings by Id, and remove those that are gone."""
        gone = await read_by_id(self._context, refs)
        await self.worker.call(self.findings.remove, [gone])


class SecurityHubs:
    """Makes the source of one hub. `cloud`: calls to its Security Hub."""

    most_at_once = VALUES

    def __init__(self, cloud: Cloud, bounds: Bounds | None = None) -> None:
        self._cloud = cloud
        self._bounds = bounds or Bounds()

    def now(self) -> int:
        """Return the time (µs) by AWS's clock; by the local one while AWS has not answered."""
        return self._cloud.now()

    async def open(self, worker: Worker, findings: FindingsView) -> SecurityHubSource:
        """Open the source over a store. Its requests start later than all that is stored."""
        progress = SyncProgress(await worker.call(findings.kept.states))
        source = Ordered(self._cloud, progress.latest)
        context = SyncContext(
            source,
            worker,
            findings,
            progress,
            self._bounds,
            latest=progress.latest,
            set_forward=self._cloud.set_forward,
        )
        return SecurityHubSource(self._cloud, context)

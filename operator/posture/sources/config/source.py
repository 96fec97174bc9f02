"""AWS Config as a source: what an aggregator says of rules, and the findings that Config sends.

Security Hub is read for the products that targets ask for beside, and for the findings of Config, in which
people suppress what is not to fail a rule. Where it is off there are none, and rules are scored all the same.
Rows are read when the findings have been, and both are published as one moment.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from posture.aws.client.errors import AwsError, HubNotEnabled
from posture.aws.securityhub.discovery import HubFacts
from posture.domain.arns import partition_of_region
from posture.domain.findings import CONFIG, SECURITY_HUB
from posture.domain.results.lifting import Suppressed, suppressed_of
from posture.domain.results.picture import NOTHING_ASKED
from posture.sources.base import Job, PollCounts, SourceDemand, SourceReport
from posture.sources.config.cloud import ConfigCloud, chosen_aggregator
from posture.sources.config.reading import accounts_of, gather_results, lifted
from posture.sources.findings_view import FindingsView, Published
from posture.sources.securityhub.context import Bounds
from posture.sources.securityhub.facts import Cloud
from posture.sources.securityhub.queries import VALUES
from posture.sources.securityhub.relist import Marks
from posture.sources.securityhub.source import SecurityHubs, SecurityHubSource
from posture.sources.thread import Worker
from posture.store.records import FindingRef, Members

_OFF = (
    "Security Hub is off in this account and Region: no suppression counts, and no findings of Config are"
    " shown. Turn it on where findings are to be suppressed"
)
_FOREVER = 1 << 62


class ConfigSource:
    """The results of one aggregator, as `posture.sources.base.Source` says. `name`: None, the only one."""

    def __init__(
        self,
        cloud: ConfigCloud,
        findings: SecurityHubSource,
        account: Callable[[], Awaitable[str]],
        *,
        region: str,
        name: str | None,
        bounds: Bounds,
    ) -> None:
        self.worker: Worker = findings.worker
        self.findings: FindingsView = findings.findings
        self._cloud = cloud
        self._hub = findings
        self._hub.sync.beside = self._read
        self._hub.sync.marks = Marks(others=frozenset({SECURITY_HUB}))
        self._account = account
        self._region = region
        self._name = name
        self._bounds = bounds
        self._aggregator = ""
        self._facts: HubFacts | None = None
        self._found_at: float | None = None
        self._following: SourceDemand | None = None
        self._is_off = False
        self._alone: Published | None = None
        self._latest = 0
        self._calls = 0

    @property
    def ready(self) -> bool:
        """Whether everything has been read once."""
        return self._alone is not None if self._is_off else self._hub.ready

    @property
    def published(self) -> Published | None:
        """The last exact moment."""
        return self._alone if self._is_off else self._hub.published

    @property
    def exact_products(self) -> frozenset[str]:
        """The products of which that moment is exact; all, where Security Hub has none."""
        if not self._is_off:
            return self._hub.exact_products
        return frozenset() if self._following is None else _products(self._following)

    async def follow(self, following: SourceDemand) -> None:
        """Follow what is asked for of Config, its findings, and other products than Security Hub's own."""
        self._following = following
        await self._hub.follow(following._replace(products=_products(following)))

    async def resume(self) -> HubFacts | None:
        """Publish what is stored, where it is whole: as of the last poll. Returns what the hub is then."""
        if not await self.worker.call(self.findings.results.load, self.findings.kept):
            return None
        facts = await self._hub.resume()
        picture = self.findings.results.picture
        if facts is None or picture is None:
            return None
        self._facts = _facts_of(facts, picture.members)
        return self._facts

    async def discover(self, *, anew: bool) -> tuple[HubFacts, AwsError | None]:
        """Return what the hub is; see `facts.current_facts`."""
        error: AwsError | None = None
        try:
            hub, error = await self._hub.discover(anew=anew)
        except HubNotEnabled:
            hub = None
        if isinstance(error, HubNotEnabled):
            hub, error = None, None
        is_old = self._found_at is None or time.monotonic() - self._found_at >= self._bounds.facts / 1_000_000
        if self._facts is not None and not anew and not is_old and self._is_off == (hub is None):
            return self._facts, error
        self._is_off = hub is None
        facts = await self._off() if hub is None else hub
        found = await chosen_aggregator(self._cloud, self._name)
        self._aggregator = found.name
        members = accounts_of(await self._cloud.source_statuses(found.name))
        self._calls += 2
        if found.organization_aggregation_source is not None:
            members |= facts.members.keys()
        self._facts, self._found_at = _facts_of(facts, members), time.monotonic()
        return self._facts, error

    async def search(self) -> None:
        """Look for marks of ours where nobody looks, when that is due."""
        if not self._is_off:
            await self._hub.search()

    async def poll(self) -> bool:
        """Read what has changed; True where a new moment is published, exact as of then."""
        if not self._is_off:
            return await self._hub.poll()
        following = self._following
        if following is None:
            return False
        started = self._cloud.now()
        await self._read()
        self._alone = await self.worker.call(
            self.findings.publish, started, following.windows, {}, following.failed
        )
        return True

    async def look_again(self) -> None:
        """Read rows again, and lift rules by what is stored now; it shows with the next publication."""
        await self._read()

    def due(self) -> Iterable[Job]:
        """Return the work that is due beside the polls."""
        return () if self._is_off else self._hub.due()

    def report(self) -> SourceReport:
        """Say how it stands."""
        if not self._is_off:
            report = self._hub.report()
            return report._replace(latest=max(report.latest, self._latest))
        return SourceReport(
            progress=1.0 if self.ready else 0.0,
            read=0,
            suspicious=None,
            withheld=None,
            last_full=self._latest or None,
            latest=self._latest,
            lag=0,
            marks_known=True,
            corrections={},
        )

    def counted(self) -> PollCounts:
        """Return what polls have cost and brought since this was last asked for."""
        counts, calls = self._hub.counted(), self._calls
        self._calls = 0
        return counts._replace(calls=counts.calls + calls)

    async def reread(self, refs: Sequence[FindingRef]) -> None:
        """Read findings by Id, and remove those that are gone."""
        await self._hub.reread(refs)

    async def _read(self) -> None:
        """Read all rows, and what is lifted; that shows with the publication that follows."""
        asked = NOTHING_ASKED if self._following is None else self._following.asked
        gathered = await gather_results(self._cloud, self._aggregator, asked)
        suppressed: Suppressed = {} if self._is_off else await self.worker.call(self._suppressed)
        passing = await lifted(self._cloud, self._aggregator, gathered.rows, suppressed)
        self._latest = self._cloud.now()
        self._calls += gathered.calls + len(passing)
        results = self.findings.results
        picture = await self.worker.call(gathered.rows.picture, results.packs, gathered.sources, passing)
        results.stage(picture)

    def _suppressed(self) -> Suppressed:
        rows = self.findings.rows
        refs = rows.unread(Members.EXCEPTIONAL, _FOREVER, products=(CONFIG,))
        return suppressed_of(rows.read_findings([each.key for each in refs]))

    async def _off(self) -> HubFacts:
        """Return what is known of a hub without Security Hub."""
        identity = await self._account()
        return HubFacts(
            account_id=identity,
            region=self._region,
            administrator=False,
            administrator_id=None,
            aggregation_region=None,
            finding_format="",
            standards=(),
            members={},
            central_configuration=None,
            missing=(_OFF,),
            partition=partition_of_region(self._region),
        )


def _products(following: SourceDemand) -> frozenset[str]:
    return (following.products - {SECURITY_HUB}) | {CONFIG}


def _facts_of(hub: HubFacts, accounts: Iterable[str]) -> HubFacts:
    """Return a hub as Config's: without Security Hub's standards, with the accounts of the aggregator."""
    members = {account: hub.members.get(account) for account in sorted(accounts)}
    return hub._replace(standards=(), standards_known=True, members=members, central_configuration=None)


class ConfigAggregators:
    """Makes the source of one hub. `cloud`: calls to Config, `hub`: to Security Hub, as the same identity.

    `account`: returns the account of that identity. `name`: of the aggregator; None: the only one there is.
    """

    most_at_once = VALUES

    def __init__(
        self,
        cloud: ConfigCloud,
        hub: Cloud,
        account: Callable[[], Awaitable[str]],
        *,
        region: str,
        name: str | None,
        bounds: Bounds | None = None,
    ) -> None:
        self._cloud = cloud
        self._hub = hub
        self._account = account
        self._region = region
        self._name = name
        self._bounds = bounds or Bounds()

    def now(self) -> int:
        """Return the time (µs) by AWS's clock; by the local one while AWS has not answered."""
        return self._cloud.now()

    async def open(self, worker: Worker, findings: FindingsView) -> ConfigSource:
        """Open the source over a store."""
        hub = await SecurityHubs(self._hub, self._bounds).open(worker, findings)
        return ConfigSource(
            self._cloud, hub, self._account, region=self._region, name=self._name, bounds=self._bounds
        )

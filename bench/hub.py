"""A hub of the operator as a measure drives it: step by step, or as the operator does; without a cluster."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic, time
from typing import Any, NamedTuple

from posture.api.patterns import compile_pattern
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import SecurityHub
from posture.aws.securityhub.discovery import HubFacts
from posture.aws.securityhub.wire import FindingsPage
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import Evaluation, View
from posture.domain.standards import Controls
from posture.domain.time import microseconds
from posture.hubs.demand import Demand, HubKey
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.process import settle_heap
from posture.sources.findings_view import FindingsView
from posture.sources.securityhub.context import Bounds, SyncContext
from posture.sources.securityhub.progress import SyncProgress
from posture.sources.securityhub.source import SecurityHubs
from posture.sources.securityhub.sync import Sync
from posture.sources.thread import Worker
from posture.store.sqlite.store import Store
from posture.store.sqlite.stores import SqliteStores

_DEMAND = Demand(
    interval=timedelta(minutes=5),
    full_sync_interval=timedelta(hours=24),
    products=frozenset({"Security Hub", "GuardDuty", "Inspector", "Health"}),
    window=timedelta(hours=30),
)
_PATTERN = "^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$"
_QUOTA_OFF = 1e6
Environment = Mapping[str, str]


@dataclass(slots=True)
class Counted:
    """Security Hub with its calls of GetFindings counted, by what they are for."""

    hub: SecurityHub
    calls: Counter[str] = field(default_factory=Counter)

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        """Return one page."""
        self.calls[_purpose(filters)] += 1
        return await self.hub.get_findings(filters, sort=sort, next_token=next_token)


class Stepped(NamedTuple):
    """A sync that goes on only when it is told to."""

    sync: Sync
    source: Counted
    view: View

    async def evaluate(self) -> Evaluation:
        """Evaluate one target that looks at everything."""
        context = self.sync.context
        names = await context.worker.call(context.findings.rows.account_names)
        view = self.view._replace(names=names)
        exact = await context.worker.call(context.findings.evaluate, view, microseconds(_DEMAND.window))
        if exact is None:
            raise RuntimeError("nothing has been published that could be evaluated")
        return exact.evaluation


@asynccontextmanager
async def stepped(
    directory: Path, environment: Environment, *, within_quota: bool = True
) -> AsyncIterator[Stepped]:
    """Open the hub whose store is in `directory`, and stop it cleanly at the end.

    `within_quota` False: the limiter's clock runs so fast that it never waits, to measure CPU and not rates.
    """
    async with _clients(environment, within_quota=within_quota) as (sessions, cloud):
        name = _key(environment).name
        owner = f"{name} {await sessions.account(cloud.identity)}"
        worker = Worker(name)
        store = (await worker.call(Store.open, directory / f"{name}.sqlite", owner=owner)).store
        findings, source = FindingsView(store), Counted(cloud)
        progress = SyncProgress(await worker.call(store.states))
        sync = Sync(SyncContext(source, worker, findings, progress, Bounds()))
        try:
            await sync.want(_DEMAND.products)
            sync.windows = frozenset({microseconds(_DEMAND.window)})
            yield Stepped(sync, source, _view(await cloud.discover()))
        finally:
            await worker.close(findings.close)


class Started(NamedTuple):
    """When (`time.time()`) a hub had its first exact score, and when its first poll had made another one."""

    scored_at: float
    polled_at: float


async def run_to_first_poll(directory: Path, environment: Environment) -> Started:
    """Run the hub as the operator does, within the quotas, until its first poll has ended."""
    async with _clients(environment, within_quota=True) as (sessions, cloud):
        hub = Hub(
            _key(environment),
            HubDependencies(
                SecurityHubs(cloud), lambda: sessions.account(cloud.identity), SqliteStores(directory)
            ),
        )
        hub.ask([_DEMAND])
        running = asyncio.create_task(hub.run())
        try:
            first = await _exact_moment(hub, None)
            if hub.status.facts is None or not await hub.evaluate(_view(hub.status.facts), _DEMAND.window):
                raise RuntimeError("the hub is exact, and yet has no score")
            scored_at = time()
            if hub.status.duration_seconds is None:
                await _exact_moment(hub, first)
            return Started(scored_at, time())
        finally:
            await hub.stop()
            await running


async def _exact_moment(hub: Hub, before: int | None) -> int:
    """Wait for an exact moment other than the one before."""
    changed = asyncio.Event()
    hub.on_change(changed.set)
    while (exact_at := hub.status.exact_at) is None or exact_at == before:
        changed.clear()
        await changed.wait()
    return exact_at


@asynccontextmanager
async def _clients(
    environment: Environment, *, within_quota: bool
) -> AsyncIterator[tuple[Sessions, SecurityHub]]:
    os.environ.update(environment)
    limiters = Limiters(1.0, monotonic=monotonic if within_quota else lambda: monotonic() * _QUOTA_OFF)
    usage = Usage()
    async with Sessions(usage) as sessions:
        # As the operator starts, with all its modules loaded: they cost time and memory.
        await sessions.warm_up("sts", "securityhub")
        settle_heap()
        identity = Identity(None, None, environment["AWS_REGION"])
        yield sessions, SecurityHub(sessions, identity, limiters, usage)


def _key(environment: Environment) -> HubKey:
    return HubKey(None, None, environment["AWS_REGION"])


def _view(facts: HubFacts) -> View:
    return View(
        standards=tuple(standard.name for standard in facts.standards),
        controls=Controls({standard.name: standard for standard in facts.standards}),
        accounts=AccountFilter(),
        grouping=Grouping(compile_pattern(_PATTERN)),
        products=_DEMAND.products,
        members=frozenset(facts.members),
        home=(facts.account_id, facts.region),
    )


def _purpose(filters: Mapping[str, Any]) -> str:
    if "Id" in filters:
        return "by id"
    return "re-list" if "RecordState" in filters else "changes"

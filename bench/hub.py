"""A hub of the operator as a measure drives it: its client, its sync and its store, without a cluster."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from posture.api.patterns import compile_pattern
from posture.aws.limiter import Limiters
from posture.aws.securityhub import FindingsPage, SecurityHub
from posture.aws.sessions import Identity, Sessions
from posture.aws.usage import Usage
from posture.domain.accounts import AccountFilter
from posture.domain.controls import Controls
from posture.domain.evaluation import Evaluation, View
from posture.domain.grouping import Grouping
from posture.hubs.desk import HOUR, Bounds, Desk
from posture.hubs.known import Known
from posture.hubs.progress import Progress
from posture.hubs.sync import Sync
from posture.hubs.worker import Worker
from posture.store import Store

PRODUCTS = frozenset({"Security Hub", "GuardDuty", "Inspector", "Health"})
WINDOW = 26 * HOUR
_QUOTA_OFF = 1e6


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


@dataclass(slots=True)
class Hub:
    """A sync under way, and what evaluates what it knows."""

    sync: Sync
    source: Counted
    view: View | None = None

    async def evaluate(self) -> Evaluation:
        """Evaluate one target that looks at everything; the hub's facts are read once."""
        if self.view is None:
            self.view = await self._view()
        desk = self.sync.desk
        exact = await desk.worker.call(desk.known.evaluate, self.view, WINDOW)
        if exact is None:
            raise RuntimeError("nothing has been published that could be evaluated")
        return exact.evaluation

    async def _view(self) -> View:
        facts = await self.source.hub.discover()
        desk = self.sync.desk
        names = await desk.worker.call(desk.known.store.account_names)
        return View(
            standards=tuple(standard.name for standard in facts.standards),
            controls=Controls({standard.name: standard for standard in facts.standards}),
            accounts=AccountFilter(),
            grouping=Grouping(compile_pattern("^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$")),
            products=PRODUCTS,
            names=names,
            members=frozenset(facts.members),
            home=(facts.account_id, facts.region),
        )


@asynccontextmanager
async def hub_in(
    directory: Path, environment: Mapping[str, str], *, within_quota: bool
) -> AsyncIterator[Hub]:
    """Open the hub whose store is in `directory`, and stop it cleanly at the end.

    `within_quota` False: the limiter's clock runs so fast that it never waits, to measure CPU and not rates.
    """
    os.environ.update(environment)
    limiters = Limiters(1.0, monotonic=monotonic if within_quota else lambda: monotonic() * _QUOTA_OFF)
    usage = Usage()
    worker = Worker("bench")
    store = (await worker.call(Store.open, directory / "hub.sqlite", owner="bench")).store
    async with Sessions(usage) as sessions:
        identity = Identity(None, None, environment["AWS_REGION"])
        source = Counted(SecurityHub(sessions, identity, limiters, usage))
        known = Known(store)
        progress = Progress(await worker.call(store.states))
        sync = Sync(Desk(source, worker, known, progress, Bounds()), windows=frozenset({WINDOW}))
        try:
            await sync.want(PRODUCTS)
            yield Hub(sync, source)
        finally:
            await worker.close(known.close)


def _purpose(filters: Mapping[str, Any]) -> str:
    if "Id" in filters:
        return "by id"
    return "re-list" if "RecordState" in filters else "changes"

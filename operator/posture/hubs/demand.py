"""What is wanted of a hub: by its targets, each for itself and all together, and by whoever asks for a run.

A hub is named by what its targets share: credentials, Region, source. `Requests` is the one way in. What one
asks for, all who share the hub pay for with its quota: whatever wakes it, the beginnings of two runs are
`apart` at least. Nobody's wish is lost by that, it waits.
"""

import asyncio
import hashlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from posture.domain.findings import CheckSource, product_named
from posture.domain.outbox import Outlet
from posture.domain.results.picture import NOTHING_ASKED, ResultsAsked
from posture.domain.time import microseconds
from posture.sources.failed_cache import FailedLimits


class OrganizationKey(NamedTuple):
    """As whom an organization is read; `role_arn` None: as the operator's own identity."""

    role_arn: str | None
    external_id: str | None


class OrganizationDemand(NamedTuple):
    """What one target wants to know of its organization: these tags of these accounts (globs)."""

    key: OrganizationKey
    tag_keys: frozenset[str]
    granted: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]


class Demand(NamedTuple):
    """One target's wishes."""

    interval: timedelta
    """Between two polls."""
    full_sync_interval: timedelta
    """Between two sweeps."""
    products: frozenset[str]
    """By name."""
    window: timedelta
    """Its evaluation window."""
    failed: FailedLimits | None = None
    """By what its failed findings are followed; None: they are not."""
    organization: OrganizationDemand | None = None
    """What is to be read of its organization beside the polls; so it is with `insights`, by ARN."""
    insights: frozenset[str] = frozenset()
    outlets: frozenset[Outlet] = frozenset()
    """The outputs that are told of changes."""
    asked: ResultsAsked = NOTHING_ASKED
    """The rules and packs of AWS Config that it is scored by."""
    queue: str | None = None
    """URL of the queue in which events arrive: the same one for all targets of a hub that name any."""


class Wanted(NamedTuple):
    """What satisfies all targets; times in µs."""

    interval: int
    full_sync: int
    products: frozenset[str]
    windows: frozenset[int]
    failed: frozenset[FailedLimits] = frozenset()
    """By which windows and limits failed findings are followed: `MAX_LIMITS` at most, of the first."""
    outlets: frozenset[Outlet] = frozenset()
    asked: ResultsAsked = NOTHING_ASKED


MAX_LIMITS = 8
"""Of one hub: for each of them what changes is read once more at every poll."""


def together(demands: Iterable[Demand]) -> Wanted | None:
    """Return what satisfies all demands: the shortest intervals, all products; None without demands."""
    asked = list(demands)
    if not asked:
        return None
    return Wanted(
        min(microseconds(demand.interval) for demand in asked),
        min(microseconds(demand.full_sync_interval) for demand in asked),
        frozenset(product_named(name) for demand in asked for name in demand.products),
        frozenset(microseconds(demand.window) for demand in asked),
        frozenset(
            islice(dict.fromkeys(each.failed for each in asked if each.failed is not None), MAX_LIMITS)
        ),
        frozenset().union(*(each.outlets for each in asked)),
        ResultsAsked(
            frozenset(name for demand in asked for name in demand.asked.packs),
            frozenset(name for demand in asked for name in demand.asked.rules),
        ),
    )


class HubKey(NamedTuple):
    """The credentials, the Region and the source that targets share."""

    role_arn: str | None
    """None: the operator's own identity."""
    external_id: str | None
    """What the role is assumed with."""
    region: str
    source: CheckSource = CheckSource.SECURITY_HUB
    aggregator: str | None = None
    """Of AWS Config; None: the only one there is, or none is read."""

    @property
    def name(self) -> str:
        """The name of the hub's Lease and of its store: the same in every replica, and it shows no role."""
        parts = [self.role_arn or "", self.external_id or "", self.region]
        if self.source is not CheckSource.SECURITY_HUB:
            parts += [self.source.value, self.aggregator or ""]
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return f"posture-hub-{digest[:16]}"


class Requests:
    """The demands of all targets, and requests to run at once. For the event loop's thread.

    `apart`: seconds between the beginnings of two runs that somebody asked for.
    """

    def __init__(self) -> None:
        self.wanted: Wanted | None = None
        self.apart = 0.0
        self.owners: frozenset[str] | None = None
        self._extra_windows: frozenset[int] = frozenset()
        self._asked = 0
        self._begun = 0
        self._began_at: float | None = None
        self._thorough = 0
        self._ended = 0
        self._published = 0
        self._wake = asyncio.Event()

    def ask(self, demands: Iterable[Demand], apart: float = 0.0) -> None:
        """Replace all demands; whoever asks for something new is served as soon as a run may begin."""
        self.apart = apart
        wanted = together(demands)
        if wanted != self.wanted:
            self.wanted = wanted
            self._wake.set()

    def ask_window(self, window: int) -> None:
        """Ask for an evaluation window (µs) that no demand names."""
        self._extra_windows |= {window}
        self._wake.set()

    def windows(self) -> frozenset[int]:
        """Return the windows to evaluate, and forget those that no demand names."""
        extra, self._extra_windows = self._extra_windows, frozenset()
        return extra | (self.wanted.windows if self.wanted else frozenset())

    def request(self, *, thorough: bool = True) -> int:
        """Ask for a run at once, and return the ticket for it. `thorough`: with discovery."""
        self._asked += 1
        if thorough:
            self._thorough = self._asked
        self._wake.set()
        return self._asked

    def has_run(self, ticket: int) -> bool:
        """Whether a run that started after the request has ended, well or not."""
        return self._ended >= ticket

    def begun(self) -> int:
        """Return the ticket of the latest request, for the run that begins now."""
        self._wake.clear()
        self._begun = self._asked
        # Where nobody wants anything a run does nothing, and costs nothing.
        self._began_at = None if self.wanted is None else asyncio.get_running_loop().time()
        return self._asked

    def ended(self, ticket: int) -> None:
        """Note that the run which began with this ticket has ended."""
        self._ended = max(self._ended, ticket)

    def exact_since(self, ticket: int) -> bool:
        """Whether a run that started after the request has published what it read: it is as of that run."""
        return self._published >= ticket

    def published(self, ticket: int) -> None:
        """Note that the run which began with this ticket has published: a run may end without that."""
        self._published = max(self._published, ticket)

    @property
    def thorough(self) -> int:
        """The ticket of the latest request that wants a discovery too."""
        return self._thorough

    def waits(self, ticket: int) -> bool:
        """Whether the run for a request is yet to begin, and too little time has passed since the last."""
        return ticket > self._begun and self._too_soon() > 0

    async def woken(self, seconds: float | None = None) -> None:
        """Return when somebody asks for something and a run may begin, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
                await asyncio.sleep(self._too_soon())

    def _too_soon(self) -> float:
        """Return the seconds before a run may begin that is due for nothing but somebody's asking."""
        if self._began_at is None:
            return 0.0
        return max(0.0, self._began_at + self.apart - asyncio.get_running_loop().time())

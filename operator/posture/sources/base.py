"""What a source is: something that keeps knowledge of a hub current. Security Hub is the first.

A hub opens its source in the store that belongs to it, says what is asked for, and then has it discover, poll
and do what else is due. Whatever raises AwsError has kept its progress and goes on when it is called again.
After a StoreError, or a cancellation, the source is to be opened anew from what is stored.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol, runtime_checkable

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.discovery import HubFacts
from posture.domain.outbox import Outlet
from posture.domain.results.picture import NOTHING_ASKED, ResultsAsked
from posture.domain.time import MINUTE
from posture.sources.failed_cache import FailedLimits
from posture.sources.findings_view import FindingsView, Published
from posture.sources.thread import Worker
from posture.store.errors import StoreLost
from posture.store.records import FindingRef


class TimesAhead(StoreLost):
    """What is stored was read at moments that are yet to come; nothing can be concluded from it."""

    def __init__(self, ahead: int) -> None:
        super().__init__(
            f"The store's times are {ahead // MINUTE} minutes ahead of AWS's clock",
            reason="StoreAhead",
            advice="nothing needs to be done, all findings are read again; if it comes again, look for a"
            " proxy before Security Hub that sets the Date of answers",
        )


class SourceDemand(NamedTuple):
    """What a source is to follow: what all targets together ask for. Times in µs."""

    products: frozenset[str]
    windows: frozenset[int]
    """Evaluation windows: a cell cache is kept for each."""
    interval: int
    """Between two polls."""
    full_sync: int
    """Between two readings of everything."""
    owners: frozenset[str] | None
    """By which names marks on findings are ours; None: every mark may be."""
    failed: frozenset[FailedLimits] = frozenset()
    """By which windows and limits failed findings are followed: a cache is kept for each."""
    outlets: frozenset[Outlet] = frozenset()
    """Outputs that are told of changes."""
    asked: ResultsAsked = NOTHING_ASKED
    """Which results of AWS Config are followed."""


class SourceReport(NamedTuple):
    """How a source stands. Times are µs by AWS's clock."""

    progress: float
    """Of the first reading of everything, 0 to 1."""
    read: int
    """Findings that were read since it was opened, each as often as it was."""
    suspicious: str | None
    """Why findings that look gone are kept."""
    withheld: str | None
    """Why a poll that went well has published nothing."""
    last_full: int | None
    """The end of the last complete reading of everything."""
    latest: int
    """The start of the last request that was answered."""
    lag: int
    """For how long (µs) a change by hand may have gone unseen at the last poll."""
    marks_known: bool
    """Whether every finding that bears a mark of ours is stored."""
    corrections: Mapping[str, int]
    """By reason, since it was opened."""


class PollCounts(NamedTuple):
    """What polls have cost and brought since this was last asked for."""

    calls: int
    changed: int


Job = tuple[str, Callable[[], Coroutine[None, None, None]]]
"""Work beside the polls, by its name."""


class Source(Protocol):
    """One source of one hub, over the hub's open store. For the event loop's thread."""

    worker: Worker
    """The thread that the store belongs to."""
    findings: FindingsView
    """What is known; only the worker touches it."""

    @property
    def ready(self) -> bool:
        """Whether everything has been read once."""
        ...

    @property
    def published(self) -> Published | None:
        """The last exact moment."""
        ...

    @property
    def exact_products(self) -> frozenset[str]:
        """The products of which that moment is exact."""
        ...

    async def follow(self, following: SourceDemand) -> None:
        """Follow this from now on, and what else a mark of ours is left in; forget all else."""
        ...

    async def resume(self) -> HubFacts | None:
        """Publish what is stored, where it is whole: as of the last poll. Returns what the hub is then."""
        ...

    async def discover(self, *, anew: bool) -> tuple[HubFacts, AwsError | None]:
        """Return what the hub is, found out again where that is old or `anew`.

        Where that cannot be had, what was known before is good for the time being, and the error comes with
        it; where nothing was, it is raised.
        """
        ...

    async def search(self) -> None:
        """Look for marks of ours where nobody looks, when that is due; what has some is followed."""
        ...

    async def poll(self) -> bool:
        """Read what has changed; True where a new moment is published, exact as of then."""
        ...

    async def look_again(self) -> None:
        """Find out anew what follows from what is stored; it shows with the publication that follows."""
        ...

    def due(self) -> Iterable[Job]:
        """Return the work that is due beside the polls."""
        ...

    def report(self) -> SourceReport:
        """Say how it stands."""
        ...

    def counted(self) -> PollCounts:
        """Return what polls have cost and brought since this was last asked for."""
        ...

    async def reread(self, refs: Sequence[FindingRef]) -> None:
        """Read findings by Id, at most `SourceMaker.most_at_once`, and remove those that are gone."""
        ...


class SourceMaker(Protocol):
    """Opens the source of a hub. It outlives the store, and so does its clock."""

    most_at_once: int
    """Findings that are read by Id in one call."""

    def now(self) -> int:
        """Return the time (µs) by AWS's clock; by the local one while AWS has not answered."""
        ...

    async def open(self, worker: Worker, findings: FindingsView) -> Source:
        """Open the source over a store. Raises TimesAhead, where what is stored must not be believed."""
        ...


class EventOutcome(StrEnum):
    """What became of a message of a queue."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    """It says what is known, or what a later copy has replaced."""
    FOREIGN = "foreign"
    """It is no event of a finding that is followed."""
    MALFORMED = "malformed"
    FAILED = "failed"
    """It could not be dealt with."""


class EventsTaken(NamedTuple):
    """What became of some messages."""

    outcomes: Mapping[EventOutcome, int]
    unsettled: frozenset[int]
    """By position, those that are to come again; all others are dealt with for good."""
    changed: bool
    """Something is known that was not."""
    odd: Mapping[EventOutcome, str] = MappingProxyType({})
    """Why, of one message of each outcome that has a reason."""


@runtime_checkable
class Hearing(Protocol):
    """A source that takes events beside its polls. For the event loop's thread."""

    async def take_events(self, bodies: Sequence[str]) -> EventsTaken:
        """Take the bodies of some messages; what is settled is stored when this returns.

        Before anything was published nothing is taken.
        """
        ...

    async def show(self) -> bool:
        """Publish what events have brought, as of the same exact moment; False where that has to wait.

        Not while a poll is under way.
        """
        ...

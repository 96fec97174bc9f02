"""What a hub says of itself: read by its targets, their status and metrics, which are told of changes."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.discovery import HubFacts
from posture.domain.findings import Rejection
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.hubs.demand import OrganizationKey
from posture.hubs.insights import InsightStatus
from posture.hubs.listening import ListeningStatus
from posture.hubs.organization import OrganizationStatus
from posture.hubs.snapshots.keeper import SnapshotStatus
from posture.store.errors import StoreError


class HubPhase(Enum):
    """What a hub is at."""

    STANDBY = "standby"
    """Another replica holds the Lease, or nobody yet."""
    IDLE = "idle"
    """No target asks for anything."""
    STARTING = "starting"
    """It finds out what it is, and opens its store."""
    SYNCING = "syncing"
    """Nothing exact is known yet."""
    CURRENT = "current"


@dataclass(frozen=True, slots=True)
class HubStatus:
    """One moment of a hub; times are µs by AWS's clock."""

    phase: HubPhase = HubPhase.STANDBY
    holder: str = ""
    facts: HubFacts | None = None
    error: AwsError | StoreError | None = None
    """What the last attempt failed with, of a poll, a sweep or a re-list."""
    exact_at: int | None = None
    """The moment for which `Hub.evaluate` answers; None before there is one."""
    version: int = 0
    last_success: int | None = None
    """The end of the last complete poll."""
    last_full: int | None = None
    """The end of the last complete sweep."""
    next_time: int | None = None
    findings: int | None = None
    """Stored ones."""
    changed: int | None = None
    """By the last poll and what ran beside it; so are `calls` and `duration_seconds`."""
    calls: int | None = None
    """To GetFindings."""
    duration_seconds: float | None = None
    interval_seconds: float | None = None
    progress: float = 0.0
    """Of the first sweep, 0 to 1."""
    read: int = 0
    """Findings that were read since the store was opened, each as often as it was."""
    suspicious: str | None = None
    """Why findings that look gone are kept."""
    withheld: str | None = None
    """Why a poll that went well has published nothing."""
    rejected: int = 0
    """Findings that could not be stored; some of them are named."""
    rejected_findings: tuple[Rejection, ...] = ()
    unreadable: int = 0
    """Findings that were stored with a default in the place of what was odd; some of them are named."""
    unreadable_findings: tuple[Rejection, ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)
    """By reason, since the process took up the hub; so are `corrections`."""
    corrections: Mapping[str, int] = field(default_factory=dict)
    store_replaced: str | None = None
    """Why the store was begun anew; it stays until the next time."""
    term: int = 0
    """Tells one time of leading the hub from the next, in this process."""
    turned_off: Mapping[TurnedOff, ControlStatus] | None = None
    """What policies turned off and was read to be so, with the status that it had then.

    None until that is known, and with it there is no score.
    """
    marks_known: bool = False
    """Whether every finding that bears a mark of ours is stored."""
    lag_seconds: float = 0.0
    """For how long a change by hand without a note may have gone unseen at the last poll.

    0 while each poll reads all of what people did by hand.
    """
    snapshots: SnapshotStatus = field(default_factory=SnapshotStatus)
    """How the snapshots of its store stand."""
    organizations: Mapping[OrganizationKey, OrganizationStatus] = field(default_factory=dict)
    """How the reading of those stands that targets ask for; so it is with `insights`, by ARN."""
    insights: Mapping[str, InsightStatus] = field(default_factory=dict)
    listening: ListeningStatus | None = None
    """How it goes with the queue of events; None: no target names one, or nobody has looked yet."""

    @property
    def polled(self) -> bool:
        """Security Hub was polled in this term: what is found in the store before is of an earlier time."""
        return self.exact_at is not None and self.duration_seconds is not None

    @property
    def exact(self) -> bool:
        """There is a moment for which every number is exact."""
        return self.exact_at is not None


logger = logging.getLogger(__name__)

Listener = Callable[[], None]


class StatusPublisher:
    """One hub's status. Failures are kept by what failed, so that a good poll does not hide a bad sweep."""

    def __init__(self, name: str) -> None:
        self.status = HubStatus()
        self._name = name
        self._failures: dict[str, AwsError | StoreError] = {}
        self._errors: Counter[str] = Counter()
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        """Call `listener` after every change from now on; in the event loop, and it must not raise."""
        self._listeners.append(listener)

    def post(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of HubStatus, which `replace` checks
        """Change fields of the status and tell everybody."""
        self.status = replace(self.status, **changes)
        for listener in self._listeners:
            listener()

    def failed(self, work: str, error: AwsError | StoreError) -> None:
        """Post a failure of one kind of work; it stands until that work succeeds."""
        if str(self._failures.get(work)) != str(error):
            logger.warning("hub %s: %s failed: %s", self._name, work, error)
        self._failures[work] = error
        self._errors[error.reason] += 1
        self._post_failures()

    def succeeded(self, work: str) -> None:
        """Withdraw what was posted of this kind of work."""
        if self._failures.pop(work, None) is not None:
            logger.info("hub %s: %s works again", self._name, work)
            self._post_failures()

    def stood_down(self, **changes: Any) -> None:  # noqa: ANN401 - as `post`
        """Begin anew: nothing is known of the hub any more but the counts."""
        self._failures.clear()
        before = self.status
        self.status = HubStatus(
            errors=dict(self._errors), corrections=before.corrections, term=before.term + 1
        )
        self.post(**changes)

    def _post_failures(self) -> None:
        error = next(iter(self._failures.values()), None)
        self.post(error=error, errors=dict(self._errors))

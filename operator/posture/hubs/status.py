"""What a hub says of itself: read by its targets, their status and metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from posture.aws.discovery import HubFacts
from posture.aws.errors import AwsError
from posture.domain.controls import ControlStatus
from posture.domain.evaluation import TurnedOff
from posture.store import StoreError


class Phase(Enum):
    """What a hub is at. `STANDBY`: another replica holds the Lease, or nobody yet. `IDLE`: no target asks.

    `STARTING`: it finds out what it is, and opens its store. `SYNCING`: nothing exact is known yet.
    """

    STANDBY = "standby"
    IDLE = "idle"
    STARTING = "starting"
    SYNCING = "syncing"
    CURRENT = "current"


@dataclass(frozen=True, slots=True)
class HubStatus:
    """One moment of a hub; times are µs by AWS's clock.

    `exact_at`: the moment for which `Hub.evaluate` answers; None before there is one. `error`: what the last
    try failed with, by poll, sweep or re-list. `last_success`: end of the last complete poll; `last_full`: of
    the last complete sweep. `findings`: stored; `changed`, `calls` (to GetFindings), `duration_seconds`: of
    the last poll and what ran beside it. `progress`: of the first sweep, 0 to 1. `suspicious`: why what looks
    gone is kept. `withheld`: why a poll that went well has published nothing.
    `rejected`: findings that could not be stored, of which `rejected_findings` names some as (Id, why,
    account id); `unreadable` likewise those that were stored with a default in the place of what was odd.
    `errors`, `corrections`: counts by reason since the process took up the hub. `store_replaced`: why the
    store was begun anew; it stays until the next time. `term`: tells one time of speaking for the hub from
    the next, in this process. `turned_off`: what policies turned off and was read to be so, with the status
    that it had then; None until that is known, and with it no score. `marks_known`: every finding that bears
    a mark of ours is stored. `lag_seconds`: for how long a change by hand without a note may have gone unseen
    at the last poll; 0 while each poll reads all of what people did by hand.
    """

    phase: Phase = Phase.STANDBY
    holder: str = ""
    facts: HubFacts | None = None
    error: AwsError | StoreError | None = None
    exact_at: int | None = None
    version: int = 0
    last_success: int | None = None
    last_full: int | None = None
    next_time: int | None = None
    findings: int | None = None
    changed: int | None = None
    calls: int | None = None
    duration_seconds: float | None = None
    interval_seconds: float | None = None
    progress: float = 0.0
    suspicious: str | None = None
    withheld: str | None = None
    rejected: int = 0
    rejected_findings: tuple[tuple[str, str, str], ...] = ()
    unreadable: int = 0
    unreadable_findings: tuple[tuple[str, str, str], ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)
    corrections: Mapping[str, int] = field(default_factory=dict)
    store_replaced: str | None = None
    term: int = 0
    turned_off: Mapping[TurnedOff, ControlStatus] | None = None
    marks_known: bool = False
    lag_seconds: float = 0.0

    @property
    def polled(self) -> bool:
        """Security Hub was polled in this term: what is found in the store before is of an earlier time."""
        return self.exact_at is not None and self.duration_seconds is not None

    @property
    def exact(self) -> bool:
        """There is a moment for which every number is exact."""
        return self.exact_at is not None

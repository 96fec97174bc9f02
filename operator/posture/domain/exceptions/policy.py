"""The terms on which an exception stands, what is to be done for it now, and when people are to look at it.

Both kinds of policies stand on terms: those that suppress findings, and those that turn controls off. Moments
and durations are integer microseconds, UTC.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from posture.domain.grants import Mode
from posture.domain.selection.selectors import Selection
from posture.domain.time import DAY

NEVER = 1 << 62
"""The end of what has none that is known; beyond all moments that can be written."""


class Expiring(Protocol):
    """Whatever ends at a moment."""

    @property
    def expires_at(self) -> int:
        """Give the first moment at which it is over."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """Who excepts something, why, and until when."""

    policy: str
    """As namespace/name."""
    justification: str
    approved_by: str
    expires_at: int
    created_at: int
    reference: str = ""
    mode: Mode = Mode.ENFORCE
    suspended: bool = False
    deleted_at: int | None = None
    """Its deletion was asked for then, and it waits for what it did to be undone."""
    retain: bool = False
    """What it did stays when it is deleted."""
    review_interval: int | None = None
    """How long a review holds."""
    reviewed_at: int | None = None

    @property
    def namespace(self) -> str:
        """Give the policy's namespace."""
        return namespace_of(self.policy)


class Phase(Enum):
    """What is to be done for a policy.

    `ENFORCING`: what it declares is made so, and undone where it no longer declares it. `FROZEN`: what it did
    stays, nothing new is done. `MOVED`: its target looks at another Security Hub, all that it did in this one
    is undone. `EXPIRED`, `DELETED`: all that it did is undone. `RETAINED`: it is let go of
    as it is.
    """

    ENFORCING = "enforcing"
    FROZEN = "frozen"
    MOVED = "moved"
    EXPIRED = "expired"
    DELETED = "deleted"
    RETAINED = "retained"


class Release(Enum):
    """Why a policy lets go of a finding that it suppressed."""

    EXPIRED = "expired"
    DELETED = "deleted"
    RETAINED = "retained"
    GONE = "gone"
    NARROWED = "narrowed"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that suppresses findings."""

    terms: Terms
    phase: Phase
    scope: str
    """Its target, as namespace/name."""
    selection: Selection
    max_findings: int
    """With more matches than that nothing new is suppressed."""


def is_active(policy: Expiring, now: int) -> bool:
    """Tell whether a policy has not expired. Nothing else decides on expiry."""
    return now < policy.expires_at


def is_too_long(terms: Expiring, now: int, longest: int) -> bool:
    """Tell whether a policy is to last longer from now than the operator's configuration lets any."""
    return terms.expires_at - now > longest


def phase(terms: Terms, now: int, *, longest: int, stalled: bool = False) -> Phase:
    """Decide what is to be done for a policy.

    `longest`: how far away its end may be. `stalled`: anything else forbids to act for it (not granted, its
    target is missing). Expiry and deletion act on frozen policies too. What was deleted with `retain` before
    it expired is retained, however late that is done.
    """
    deleted_at = terms.deleted_at
    if deleted_at is not None and terms.retain and is_active(terms, deleted_at):
        return Phase.RETAINED
    if not is_active(terms, now):
        return Phase.EXPIRED
    if deleted_at is not None:
        return Phase.DELETED
    if stalled or terms.suspended or terms.mode is not Mode.ENFORCE or is_too_long(terms, now, longest):
        return Phase.FROZEN
    return Phase.ENFORCING


def namespace_of(policy: str) -> str:
    """Return the namespace of namespace/name; empty where there is none."""
    return policy.rpartition("/")[0]


EXPIRY_NOTICE = 14 * DAY
IDLE = 7 * DAY


def review_due_at(terms: Terms) -> int | None:
    """Return when the next review is due: an interval after the last one, or after the policy was made.

    None where no review is asked for.
    """
    if terms.review_interval is None:
        return None
    since = terms.created_at if terms.reviewed_at is None else terms.reviewed_at
    return since + terms.review_interval


def is_review_due(terms: Terms, now: int) -> bool:
    """Tell whether a review is due; what has expired needs none."""
    due = review_due_at(terms)
    return due is not None and now >= due and is_active(terms, now)


def expires_soon(terms: Terms, now: int) -> bool:
    """Tell whether a policy is to expire within the next 14 days."""
    return is_active(terms, now) and terms.expires_at - now <= EXPIRY_NOTICE


def is_idle(terms: Terms, now: int, last_matched: int | None) -> bool:
    """Tell whether a policy has matched nothing for a week.

    `last_matched`: when it last did; one that never did is given a week since it was made.
    """
    since = terms.created_at if last_matched is None else max(last_matched, terms.created_at)
    return is_active(terms, now) and now - since >= IDLE

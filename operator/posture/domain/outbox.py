"""What leaves by outputs, as plain data: events, in the order in which what they tell became true.

An event is stored in the transaction that made it true, and is sent from there, at least once. Its id is made
of what it tells and when, so that it is the same in every repeat, and no two events share one.
"""

from collections.abc import Collection, Mapping
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple

from posture.domain.findings import Check


class EventKind(IntEnum):
    """What an event is about; stored by its number."""

    FINDING = 0
    SCORE = 1
    EXCEPTION = 2
    REMEDIATION = 3


class ChangeKind(IntEnum):
    """What has become of it; stored by its number."""

    NEW = 0
    CHANGED = 1
    GONE = 2


class Outlet(NamedTuple):
    """One output, as the outbox of a hub serves it.

    `backfill`: it is told of what a first sweep finds, too, as new.
    """

    name: str
    kinds: frozenset[EventKind]
    backfill: bool = False


class OutboxEvent(NamedTuple):
    """An event as it waits to be sent."""

    number: int
    """Its place in the outbox: later ones have greater numbers."""
    id: str
    kind: EventKind
    change: ChangeKind
    at: int
    """When that was: µs since the epoch by AWS's clock."""
    body: bytes
    """JSON: a finding as Security Hub gave it, or a small object."""
    fields: tuple[str, ...] = ()
    """Of a finding that changed: which of its fields did, as far as that is known."""
    account_id: str = ""
    """Whose it is: empty where `audience` says who may see it."""
    check: Check | None = None
    audience: str = ""
    """The target that it is told of, as namespace/name; empty for whoever sees the account and the check."""
    first: bool = False
    """Of something that a first sweep found."""


class StatedChange(NamedTuple):
    """How something is that is no finding, to be told where it was not told so before.

    `subject`: what it is of, the same as long as it exists. `at`: since when it is so (µs). `gone`: it exists
    no more.
    """

    subject: str
    kind: EventKind
    audience: str
    body: bytes
    at: int
    gone: bool = False


class WaitingEvents(NamedTuple):
    """What waits for one output. `oldest`: when it was stored (µs); None where nothing waits."""

    events: int
    oldest: int | None


TIMES = frozenset({"LastObservedAt", "ProcessedAt", "UpdatedAt"})
"""Fields of ASFF that Security Hub's daily refresh of a finding moves; nothing has changed by them alone."""
CUSTOMERS = frozenset({"Note", "UserDefinedFields", "Workflow", "WorkflowState"})
"""Fields that BatchUpdateFindings writes: a read may show them as they were before a write of ours."""


def changed_fields(
    before: Mapping[str, object], after: Mapping[str, object], *, besides: Collection[str] = ()
) -> tuple[str, ...]:
    """Return which top-level fields of a finding differ, sorted, but for times and those of `besides`."""
    return tuple(
        name
        for name in sorted(before.keys() | after.keys())
        if name not in TIMES and name not in besides and before.get(name) != after.get(name)
    )


def event_id(hub: str, kind: EventKind, subject: bytes, change: ChangeKind, at: int, digest: bytes) -> bytes:
    """Return the 16 bytes that stand for an event: what happened to what, when, and how it is since.

    `digest`: of the body.
    """
    text = blake2b(hub.encode(), digest_size=16)
    text.update(b"\0%d\0%d\0%d\0%d\0" % (kind, change, at, len(subject)))
    text.update(subject)
    text.update(digest)
    return text.digest()

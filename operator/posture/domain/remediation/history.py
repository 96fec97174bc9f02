"""Since when a finding fails, and is neither suppressed nor archived, by what GetFindingHistory tells of it.

The finding is known to fail and to be open now; its history says since when, without a break. A history
covers 90 days, and leaves out what changes nothing but times (API reference, GetFindingHistory), so that
silence means that nothing has happened. Nothing is believed that does not fit: where old and new values
contradict each other, or one cannot be read, the later moment counts. Times are integer microseconds.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from posture.domain.findings import Compliance, RecordState, Workflow
from posture.domain.time import DAY

COVERED = 90 * DAY
"""How far back a history reaches."""

_STATUS = "Status"
_UNSUPPRESSED = frozenset(status.name for status in Workflow) - {Workflow.SUPPRESSED.name}


class FieldChange(NamedTuple):
    """One field that changed. `field`: as `Compliance.Status`; values as text, None where there is none."""

    field: str
    before: str | None
    after: str | None


class HistoryRecord(NamedTuple):
    """One record of a history. `at`: when Security Hub processed it. `created`: the finding came to be."""

    at: int
    created: bool
    fields: tuple[FieldChange, ...] = ()


class Undisturbed(NamedTuple):
    """Since when nothing broke in on a finding, as of `asked_at`; not before the history's own beginning."""

    failing_since: int
    open_since: int
    """Neither suppressed nor archived."""
    asked_at: int


def undisturbed(
    changes: Iterable[HistoryRecord], *, created_at: int, begin: int, asked_at: int
) -> Undisturbed | None:
    """Return what a whole history says of a finding that is failing and open as of `asked_at`.

    `created_at`: its CreatedAt. `begin`: from where on the history was asked for. None: a finding that was
    created since must have a record of that, and without one the history is not whole.
    """
    latest_first = sorted(changes, key=lambda change: change.at, reverse=True)
    if created_at > begin and not any(change.created for change in latest_first):
        return None
    held = _Held(latest_first, begin, asked_at)
    unsuppressed = held.since("Workflow", _UNSUPPRESSED)
    active = held.since("RecordState", frozenset({RecordState.ACTIVE.name}))
    failing = held.since("Compliance", frozenset({Compliance.FAILED.name}))
    return Undisturbed(failing, max(unsuppressed, active), asked_at)


class _Held:
    """How long something has held that holds now."""

    def __init__(self, latest_first: Sequence[HistoryRecord], begin: int, asked_at: int) -> None:
        self._changes = latest_first
        self._begin = begin
        self._asked_at = asked_at

    def since(self, name: str, fine: Collection[str]) -> int:
        """Return since when the status of this name has been one of those that are fine."""
        following: int | None = None
        for change in self._changes:
            for field in change.fields:
                if field.field not in {name, f"{name}.{_STATUS}"}:
                    continue
                if not _fits(field, fine, following):
                    return self._asked_at if following is None else following
                if field.before is None or _status(field, field.before) not in fine:
                    return min(change.at, self._asked_at)
                following = change.at
            if change.created:
                return min(change.at, self._asked_at)
        return self._begin


def _fits(field: FieldChange, fine: Collection[str], following: int | None) -> bool:
    """Whether what came of a change is what was found after it. Left out of the last: what is now."""
    if field.after is None:
        return following is None
    return _status(field, field.after) in fine


def _status(field: FieldChange, value: str) -> str | None:
    """Return the status in a value: of an object that changed as a whole, what it says of it."""
    if "." in field.field or not value.lstrip().startswith("{"):
        return value
    try:
        said = json.loads(value)
    except ValueError:
        return None
    status = said.get(_STATUS) if isinstance(said, dict) else None
    return status if isinstance(status, str) else None

"""What a journal's entries count for, worked out for each question from all of them."""

from collections.abc import Sequence
from math import ceil

from posture.domain.remediation.journal import Entry
from posture.domain.remediation.limits import Limits
from posture.domain.remediation.resources import ResourceKey

DAY = 86_400_000_000


def may_have_written(entry: Entry, since: int) -> bool:
    """Whether an entry cannot prove that it wrote nothing after a moment."""
    state = None if entry.state is None else entry.state.value
    if state in {"AwaitingApproval", "Skipped"} and entry.attempts == 0:
        return False
    if state in {None, "Running", "Undoing", "AwaitingApproval"}:
        return True
    moments = [entry.started_at, entry.finished_at]
    return entry.finished_at is None or any(moment is not None and moment > since for moment in moments)


def each_time(entry: Entry) -> int:
    """How many times an entry's sub-writes were written: an undo writes them again."""
    return 2 if entry.state is None or entry.state.value in {"Undoing", "Undone"} else 1


def caps(
    limits: Limits,
    entries: Sequence[Entry],
    taken: Sequence[tuple[ResourceKey, int]],
    resource: ResourceKey,
    writes: int,
    *,
    checked: int | None,
    now: int,
) -> set[str]:
    """All limits that so many more writes would exceed, after those that were taken in this cycle."""
    found = set()
    day = [e for e in entries if may_have_written(e, now - DAY)]
    lately = [e for e in entries if may_have_written(e, now - limits.within) and e.resource == resource]
    if sum(map(each_time, lately)) + [r for r, _ in taken].count(resource) + 1 > limits.per_resource:
        found.add("perResource")
    cycle = sum(n for _, n in taken)
    if cycle + writes > limits.per_cycle:
        found.add("perCycle")
    unreadable = any(e.writes is None or e.state is None for e in day)
    today = sum((e.writes or 0) * each_time(e) for e in day)
    if unreadable or today + cycle + writes > limits.per_day:
        found.add("perDay")
    touched = {e.resource for e in day} | {r for r, _ in taken}
    allowed = 0 if checked is None else ceil(checked * limits.percent / 100)
    # Of those that were touched some only may have been: writing to one of them may be one more.
    if checked is None or len(touched | {resource}) > allowed:
        found.add("percent")
    going = sum(e.state is None or e.state.value in {"Running", "Undoing"} for e in entries)
    if going >= limits.concurrent:
        found.add("concurrent")
    return found

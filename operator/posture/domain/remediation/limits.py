"""How much a rule may write, counted from its journal: over restarts and replicas.

What an entry does not say, or says of a moment ahead of now, counts against the rule.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from posture.domain.remediation.journal import Entry
from posture.domain.remediation.resources import ResourceKey
from posture.domain.text import counted
from posture.domain.time import DAY, SECOND


class Cap(StrEnum):
    """A limit, as `spec.limits` names it."""

    PER_RESOURCE = "perResource"
    PER_CYCLE = "perCycle"
    PER_DAY = "perDay"
    PERCENT = "percent"
    CONCURRENT = "concurrent"


class Limits(NamedTuple):
    """The limits of a rule. Writes are sub-writes."""

    per_cycle: int
    per_day: int
    percent: int
    """Of the resources that its controls check, rounded up: how many of them are written to within 24
    hours."""
    concurrent: int
    """Remediations that go on."""
    per_resource: int
    """Remediations of one resource."""
    within: int
    """In which `per_resource` counts, µs."""


class Reached(NamedTuple):
    """A limit that a write would exceed, with what people are told."""

    cap: Cap
    message: str


class Budget:
    """What a rule may still write now. `take` says what has been planned, or begun, since.

    `entries`: all of the rule's journal, by its name: one that was made anew starts with what was counted.
    `checked`: how many resources its controls check in the target; None: not known, and nothing is written.
    `cycle_began`: when this cycle began, in which entries may have been made already; None: none was.
    """

    def __init__(
        self,
        limits: Limits,
        entries: Iterable[Entry],
        *,
        checked: int | None,
        now: int,
        cycle_began: int | None = None,
    ) -> None:
        self.limits = limits
        self._checked = checked
        self._cycle_began = cycle_began
        self._cycle = self._day = self._going = 0
        self._unreadable = ""
        self._resources: set[ResourceKey] = set()
        self._times: Counter[ResourceKey] = Counter()
        for entry in entries:
            self._count(entry, now)

    def _count(self, entry: Entry, now: int) -> None:
        self._going += entry.is_going
        if self._is_of_this_cycle(entry):
            self._cycle += 1 if entry.writes is None else max(entry.writes, 1)
        if entry.wrote_since(now - DAY):
            self._resources.add(entry.resource)
            if entry.writes is None or entry.writes < 0 or entry.state is None:
                self._unreadable = min(self._unreadable or entry.name, entry.name)
            else:
                self._day += entry.writes * entry.times
        if entry.wrote_since(now - self.limits.within):
            self._times[entry.resource] += entry.times

    def _is_of_this_cycle(self, entry: Entry) -> bool:
        """Whether it was begun in this cycle. The API server says to the second when an entry was made."""
        if self._cycle_began is None or not entry.has_written:
            return False
        began = max(entry.created_at, entry.started_at or 0)
        return began + SECOND > self._cycle_began

    @property
    def slots(self) -> int:
        """How many more remediations may go on at once."""
        return max(self.limits.concurrent - self._going, 0)

    def why_not(self, resource: ResourceKey, writes: int) -> Reached | None:
        """Return the limit that so many more writes to a resource would exceed; None: they may be made.

        `concurrent` is asked of what the journal says goes on: who carries a plan out keeps to `slots`.
        """
        limits = self.limits
        if self._times[resource] >= limits.per_resource:
            times = counted(self._times[resource], "time", "times")
            return Reached(
                Cap.PER_RESOURCE,
                f"The resource was written to {times} lately, and limits.perResource allows"
                f" {limits.per_resource}: something sets it back.",
            )
        if self._unreadable:
            return Reached(
                Cap.PER_DAY,
                f"Remediation {self._unreadable} does not say what it wrote, so limits.perDay counts as"
                " reached until a day after its end.",
            )
        for cap, used, most in (
            (Cap.PER_CYCLE, self._cycle, limits.per_cycle),
            (Cap.PER_DAY, self._day, limits.per_day),
        ):
            if used + writes > most:
                needed = counted(writes, "write", "writes")
                return Reached(cap, f"It needs {needed}; {used} of limits.{cap.value} {most} are used.")
        return self._why_not_share(resource) or self._why_not_now()

    def _why_not_share(self, resource: ResourceKey) -> Reached | None:
        if self._checked is None:
            return Reached(
                Cap.PERCENT,
                "How many resources the rule's controls check is not known, so limits.percent is 0.",
            )
        most = -(-self._checked * self.limits.percent // 100)
        # One that only may have been written to has no place of its own among those that were.
        if len(self._resources | {resource}) <= most:
            return None
        written = counted(len(self._resources), "resource", "resources")
        return Reached(
            Cap.PERCENT,
            f"{written} of {self._checked} are written to within a"
            f" day, and limits.percent {self.limits.percent} allows {most}.",
        )

    def _why_not_now(self) -> Reached | None:
        if self.slots:
            return None
        return Reached(
            Cap.CONCURRENT,
            f"{counted(self._going, 'remediation goes', 'remediations go')} on, and limits.concurrent allows"
            f" {self.limits.concurrent}.",
        )

    def take(self, resource: ResourceKey, writes: int) -> None:
        """Count writes that are planned now."""
        self._cycle += writes
        self._day += writes
        self._resources.add(resource)
        self._times[resource] += 1

"""Conditions in the manner of Kubernetes and kstatus: how they are kept from one evaluation to the next.

kstatus (sigs.k8s.io/cli-utils): `Ready` is true when the object is what its spec says; `Reconciling` and
`Stalled` are true only while work goes on, or cannot go on without a person.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from posture.api.model import Observed
from posture.api.reasons.words import ConditionType, ReasonWord
from posture.api.shapes import Shape
from posture.api.types import Kept, Message, Time

READY: Final = "Ready"
RECONCILING: Final = "Reconciling"
STALLED: Final = "Stalled"
_SUMMARY: tuple[ConditionType, ...] = (READY, RECONCILING, STALLED)


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"

    @classmethod
    def of(cls, holds: bool | None) -> "ConditionStatus":  # noqa: FBT001 -- the value itself, not an option
        """Give the status of a known or unknown (None) truth."""
        return cls.UNKNOWN if holds is None else cls.TRUE if holds else cls.FALSE


_TRUE, _FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE


class Condition(Observed):
    """One thing that is true of an object, or not, or not known, since when and why."""

    type: Annotated[
        str, Shape(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", "write a condition type such as Ready", 64)
    ] = Field(description="What the condition says something of.")
    status: ConditionStatus = Field(description="`True`, `False` or `Unknown`.")
    reason: Annotated[
        str, Shape(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", "write a reason in PascalCase", 128)
    ] = Field(description="Why, in one word for programs.")
    message: Message = Field("", description="Why, and what to do about it, for people.")
    last_transition_time: Time = Field(description="When the status last changed.")
    observed_generation: int | None = Field(None, description="The generation of the spec that it speaks of.")


Conditions = Annotated[tuple[Condition, ...], Kept(16, keys=("type",))]


def find_condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """Give the condition of a type, or None."""
    return next((condition for condition in conditions if condition.type == kind), None)


def set_condition(
    conditions: Sequence[Condition],
    kind: ConditionType,
    status: ConditionStatus,
    reason: ReasonWord,
    message: str,
    now: datetime,
    generation: int | None,
) -> tuple[Condition, ...]:
    """Give the conditions with one of them set, in its place or at the end.

    `kind` is the condition's type, `generation` that of the spec that was looked at. The transition time
    moves only when the status changes, or where it was still to come. A message longer than the API allows
    ends in `…`.
    """
    before = find_condition(conditions, kind)
    now = now.replace(microsecond=0)
    since = min(before.last_transition_time, now) if before and before.status == status else now
    condition = Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=since,
        observed_generation=generation,
    )
    if before is None:
        return (*conditions, condition)
    return tuple(condition if each is before else each for each in conditions)


def without_condition(conditions: Iterable[Condition], kind: str) -> tuple[Condition, ...]:
    """Give the conditions without those of a type."""
    return tuple(condition for condition in conditions if condition.type != kind)


def ready(
    conditions: Sequence[Condition], reason: ReasonWord, message: str, now: datetime, generation: int | None
) -> tuple[Condition, ...]:
    """Say that the object is what its spec says: kstatus `Current`."""
    return _summary(conditions, (_TRUE, _FALSE, _FALSE), reason, message, now, generation)


def reconciling(
    conditions: Sequence[Condition], reason: ReasonWord, message: str, now: datetime, generation: int | None
) -> tuple[Condition, ...]:
    """Say that work goes on that the operator will finish or repeat by itself: kstatus `InProgress`."""
    return _summary(conditions, (_FALSE, _TRUE, _FALSE), reason, message, now, generation)


def stalled(
    conditions: Sequence[Condition], reason: ReasonWord, message: str, now: datetime, generation: int | None
) -> tuple[Condition, ...]:
    """Say that a person must do something, as the message tells: kstatus `Failed`."""
    return _summary(conditions, (_FALSE, _FALSE, _TRUE), reason, message, now, generation)


def suspended(
    conditions: Sequence[Condition], reason: ReasonWord, message: str, now: datetime, generation: int | None
) -> tuple[Condition, ...]:
    """Say that nothing is done, by wish: `Ready` is unknown."""
    return _summary(conditions, (ConditionStatus.UNKNOWN, _FALSE, _FALSE), reason, message, now, generation)


def _summary(
    conditions: Sequence[Condition],
    statuses: tuple[ConditionStatus, ConditionStatus, ConditionStatus],
    reason: ReasonWord,
    message: str,
    now: datetime,
    generation: int | None,
) -> tuple[Condition, ...]:
    """Set the three conditions of kstatus; the two that are abnormal speak only while they are true."""
    for kind, status in zip(_SUMMARY, statuses, strict=True):
        text = message if kind == READY or status is _TRUE else ""
        conditions = set_condition(conditions, kind, status, reason, text, now, generation)
    return tuple(conditions)


class ReadySummary(NamedTuple):
    """What is to be said of readiness: `way` is `ready`, `reconciling`, `stalled` or `suspended`."""

    way: Callable[[Sequence[Condition], ReasonWord, str, datetime, int | None], tuple[Condition, ...]]
    reason: ReasonWord
    message: str

    def told(
        self, before: Sequence[Condition], now: datetime, generation: int | None
    ) -> tuple[Condition, ...]:
        """Give the conditions with this said in them."""
        return self.way(before, self.reason, self.message, now, generation)


class Trouble(NamedTuple):
    """Why something does not work. `terminal`: only a person can change it; `message` says what to do."""

    reason: ReasonWord
    message: str
    terminal: bool = True


def defect(error: Exception) -> Trouble:
    """Return the trouble of an object that the operator itself trips over."""
    return Trouble(
        "OperatorDefect",
        f"A bug in the operator ({type(error).__name__}) keeps it from acting on this object: please report"
        " it, with the traceback in the operator's log.",
    )

"""The status of objects of one kind: written when it changes, told of in the log and in events."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from posture.api.conditions import ConditionStatus
from posture.api.resource import Status, read_status
from posture.kube.errors import KubeError
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import ApiResource, Object, ObjectRef
from posture.kube.status import StatusWrite, Transition, transitions, write_status
from posture.reconcile.context import Context

logger = logging.getLogger(__name__)

StatusT = TypeVar("StatusT", bound=Status)


@dataclass(frozen=True, slots=True)
class ReportedKind(Generic[StatusT]):
    """A kind, and how what its objects say is told to people."""

    resource: ApiResource
    status: type[StatusT]
    """The model of its status."""
    action: str
    """What the operator does with such an object, as its events say: `Evaluate`."""
    bad: dict[str, ConditionStatus] = field(default_factory=dict)
    """The conditions whose changes are told → the status that is bad news."""
    calm: frozenset[str] = frozenset()
    """Reasons that are no bad news in any status."""
    seldom: frozenset[str] = frozenset()
    """Conditions that are hardly ever true: told when they are, or are no longer."""
    reasons_once: bool = False
    """Whether of conditions that change for one reason only the first is told."""

    def told(self, before: StatusT, after: StatusT) -> list[Transition]:
        """Return the changes that people are told of, in the order of the conditions."""
        changes = [
            change
            for change in transitions(
                [each.to_api() for each in before.conditions], [each.to_api() for each in after.conditions]
            )
            if change.type in self.bad and not self._is_dull(change)
        ]
        if not self.reasons_once:
            return changes
        firsts: dict[str, Transition] = {}
        for change in changes:
            firsts.setdefault(change.reason, change)
        return list(firsts.values())

    def is_bad(self, change: Transition) -> bool:
        """Whether a change is bad news."""
        return change.status == self.bad[change.type].value and change.reason not in self.calm

    def _is_dull(self, change: Transition) -> bool:
        true = ConditionStatus.TRUE.value
        return change.type in self.seldom and true not in (change.status, change.before)


class Reporter(Generic[StatusT]):
    """Reports on objects of one kind. `objects`: of them, for what is listed may be older than our writes."""

    def __init__(self, context: Context, kind: ReportedKind[StatusT], objects: ObjectCache) -> None:
        self._context = context
        self._kind = kind
        self._objects = objects

    def before(self, listed: Object, now: datetime | None = None) -> StatusT:
        """Return the status as it was last read, or written since; `now`: after which nothing was."""
        return read_status(self._kind.status, self._objects.current(listed), now)

    async def report(
        self,
        listed: Object,
        make: Callable[[StatusT], StatusT],
        leading: Leading,
        *,
        within: float,
        now: datetime | None = None,
    ) -> StatusWrite | KubeError | None:
        """Make a status of the one before, and write it; once more where somebody else wrote meanwhile.

        Returns why it could not be written; None where that ended by a defect, which is this object's alone.
        """
        try:
            before = self.before(listed, now)
            outcome = await self.write(listed, before, make(before), leading, within=within)
            if outcome is StatusWrite.OVERTAKEN:
                before = self.before(listed, now)
                outcome = await self.write(listed, before, make(before), leading, within=within)
        except KubeError as error:
            logger.warning("The status could not be written; trying again: %s", error)
            return error
        except Exception:
            # One object's trouble is its own: no other goes without its status for it.
            logger.exception("Writing the status failed unexpectedly (a bug in the operator)")
            return None
        return outcome

    async def write(
        self, listed: Object, before: StatusT, after: StatusT, leading: Leading, *, within: float
    ) -> StatusWrite:
        """Write a status made of the one before, and tell what has changed. Raises KubeError."""
        document = self._objects.current(listed)
        outcome = await write_status(
            self._context.client,
            self._kind.resource,
            document,
            after.to_api(),
            leading=leading,
            within=within,
            stored=self._objects.store,
            writers=self._context.writers,
        )
        if outcome is StatusWrite.WRITTEN:
            for change in self._kind.told(before, after):
                await self._tell(ObjectRef.of(self._kind.resource, document), change)
        return outcome

    async def _tell(self, ref: ObjectRef, change: Transition) -> None:
        bad = self._kind.is_bad(change)
        level = logging.WARNING if bad else logging.INFO
        said = (change.type, change.status, change.reason, change.message)
        logger.log(level, "%s: %s is %s: %s: %s", ref, *said)
        await self._context.events.post(
            ref,
            "Warning" if bad else "Normal",
            reason=change.reason,
            action=self._kind.action,
            note=f"{change.type}: {change.message}",
        )

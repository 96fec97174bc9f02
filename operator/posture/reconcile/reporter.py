"""The status of objects of one kind: written when it changes, told in the log, in events and to outputs."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from posture.api.conditions import ConditionStatus
from posture.api.reasons.words import ReasonWord
from posture.api.resource import Status, read_status
from posture.domain.time import datetime_of
from posture.kube.errors import KubeError, Retryable
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import ApiResource, Object, ObjectRef, name_of
from posture.kube.status import StatusWrite, Transition, transitions, write_status
from posture.logs import bound
from posture.publish.sink import Sink
from posture.reconcile.context import Context

logger = logging.getLogger(__name__)

StatusT = TypeVar("StatusT", bound=Status)
CaseT = TypeVar("CaseT")
ReportT = TypeVar("ReportT")
_WRITE_WITHIN = 10.0


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
            reason=cast("ReasonWord", change.reason),  # as it was set, by way of JSON
            action=self._kind.action,
            note=f"{change.type}: {change.message}",
        )


class HasDocument(Protocol):
    """What has been made of an object as it was listed."""

    @property
    def document(self) -> Object:
        """Give the object."""
        ...


class CaseObject(NamedTuple):
    """Of what object a case is: as listed, the fields of log lines that name it, and when it is told (µs)."""

    document: Object
    fields: Mapping[str, str]
    now: int


class CaseReporter(ABC, Generic[CaseT, StatusT, ReportT]):
    """Reports on the objects of one `owner`, each as its case says, while it is `leading`.

    `leading` is asked before each write. `objects`: as written last.
    """

    def __init__(
        self,
        context: Context,
        kind: ReportedKind[StatusT],
        owner: Hashable,
        leading: Leading,
        objects: ObjectCache,
    ) -> None:
        self._sink: Sink = context.sink
        self._reporter = Reporter(context, kind, objects)
        self._owner = owner
        self._leading = leading

    def end(self) -> None:
        """Withdraw all series."""
        self._sink.withdraw(self._owner)

    async def report(self, cases: Sequence[CaseT]) -> KubeError | None:
        """Write what has changed, and publish the series of these objects and no others.

        Returns why a status could not be written.
        """
        reports, failure = dict[str, ReportT](), None
        for each in cases:
            # There may be thousands: others have their turns between them.
            await asyncio.sleep(0)
            outcome = await self._tell_of(each, reports, impatient=isinstance(failure, Retryable))
            failure = outcome if isinstance(outcome, KubeError) else failure
        if self._leading():
            self._show(list(reports.values()))
        else:
            self.end()
        return failure

    @abstractmethod
    def _object(self, case: CaseT) -> CaseObject:
        """Return what a case is of."""

    @abstractmethod
    def _status(self, before: StatusT, case: CaseT) -> StatusT:
        """Return the status that follows the one before."""

    @abstractmethod
    def _report(self, case: CaseT, status: StatusT) -> ReportT:
        """Return what outputs are told."""

    @abstractmethod
    def _show(self, reports: Sequence[ReportT]) -> None:
        """Tell outputs of all objects of the owner."""

    def status_before(self, declared: HasDocument, now: int) -> StatusT:
        """Return the status as it was last read, or written since; `now`: µs, after which nothing was."""
        return self._reporter.before(declared.document, datetime_of(now))

    async def _tell_of(
        self, case: CaseT, reports: dict[str, ReportT], *, impatient: bool = False
    ) -> StatusWrite | KubeError | None:
        """Write one status, and add a report; `impatient`: without waiting for what may work later.

        None where that ended by a defect.
        """
        document, fields, now = self._object(case)

        def made(before: StatusT) -> StatusT:
            after = self._status(before, case)
            reports[name_of(document)] = self._report(case, after)
            return after

        with bound(**fields):
            return await self._reporter.report(
                document,
                made,
                self._leading,
                within=0.0 if impatient else _WRITE_WITHIN,
                now=datetime_of(now),
            )

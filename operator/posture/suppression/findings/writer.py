"""Writes to Security Hub, in calls of up to 100 findings: whether they may go on, and what became of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from posture.aws.client.errors import AwsError, InvalidRequest
from posture.aws.securityhub.client import FindingsUpdate, NoteUpdate
from posture.domain.exceptions import marks
from posture.domain.exceptions.finding_plan import Batch, Write, batches
from posture.domain.findings import FindingId, Workflow
from posture.pace import BackOff
from posture.reconcile.hub_reconciler import CALL_WITHIN, LEAST_WITHIN

logger = logging.getLogger(__name__)

_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
# API reference, UnprocessedFindings: these pass, and the same write may succeed.
_PASSING = frozenset({"ConcurrentUpdateError", "InternalFailure", "NotReported"})
_NOT_FOUND = "FindingNotFound"


class FindingsCloud(Protocol):
    """What is asked of Security Hub; `posture.aws.securityhub.SecurityHub` is one."""

    async def batch_update_findings(
        self,
        findings: Sequence[FindingId],
        *,
        workflow: Workflow | None = None,
        note: NoteUpdate | None = None,
        user_fields: dict[str, str] | None = None,
        within: float | None = None,
    ) -> FindingsUpdate:
        """Write customer fields of up to 100 findings."""
        ...


class FindingRefusal(NamedTuple):
    """A write that Security Hub refused, by its error code and message."""

    write: Write
    code: str
    message: str


class Taken(NamedTuple):
    """What one call did: what was accepted, the user-defined fields sent, the start of the request (µs)."""

    writes: tuple[Write, ...]
    fields: dict[str, str]
    at: int


@dataclass(slots=True)
class Report:
    """What became of writes.

    `missing`: of findings that Security Hub does not find. `again`: refused for now. `unsent`: not begun,
    because writing had to stop. `error`: what ended it; `failed`: what was being written then.
    """

    refused: list[FindingRefusal] = field(default_factory=list)
    missing: list[FindingRefusal] = field(default_factory=list)
    again: list[FindingRefusal] = field(default_factory=list)
    failed: list[FindingRefusal] = field(default_factory=list)
    unsent: int = 0
    error: AwsError | None = None
    sent_at: int = 0


class _NotBegunError(Exception):
    """Nothing may be written now."""


class FindingsWriter:
    """Writes for one hub. `seconds_left`: how long a write may take now: 0 where nothing may be written.

    It is asked before each request: the Lease, and the configuration, may have changed.
    """

    def __init__(self, cloud: FindingsCloud, seconds_left: Callable[[], float]) -> None:
        self._cloud = cloud
        self._seconds_left = seconds_left
        self._spells_out = False

    def is_allowed(self) -> bool:
        """Whether a call may be begun now."""
        return self._seconds_left() >= LEAST_WITHIN

    async def write(self, writes: Sequence[Write], taken: Callable[[Taken], Awaitable[None]]) -> Report:
        """Write, and hand over what was accepted after each call.

        An error of AWS ends it, but for a call that is refused for what it says: that is its own trouble.
        """
        report = Report()
        waiting = list(batches(writes))
        while waiting:
            batch = waiting.pop(0)
            try:
                if not await self._see_through(batch, report, taken):
                    report.unsent += sum(len(each.writes) for each in (batch, *waiting))
                    break
            except InvalidRequest as error:
                logger.warning("Security Hub refused a call; the other calls go on: %s", error)
                report.refused += report.failed
                report.failed = []
            except AwsError as error:
                logger.warning("Findings could not be updated in Security Hub; trying again: %s", error)
                report.error = error
                report.unsent += sum(len(each.writes) for each in (batch, *waiting))
                break
        return report

    async def _see_through(
        self, batch: Batch, report: Report, taken: Callable[[Taken], Awaitable[None]]
    ) -> bool:
        """Write a batch, what passes again for a few times; False where it may not be begun."""
        left, passing, pauses = batch.writes, list[FindingRefusal](), BackOff(_FIRST_PAUSE)
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(pauses.pause())
            try:
                answer, fields = await self._call(batch, left)
            except _NotBegunError:
                report.again += passing
                return False
            except AwsError as error:
                report.failed += [FindingRefusal(each, error.code, error.message) for each in left]
                raise
            report.sent_at = answer.asked_at
            passing = self._sort(left, answer, report)
            accepted = set(answer.processed)
            done = tuple(each for each in left if each.finding in accepted)
            if done:
                await taken(Taken(done, fields, answer.asked_at))
            if not passing:
                return True
            left = tuple(each.write for each in passing)
        report.again += passing
        return True

    async def _call(self, batch: Batch, writes: Sequence[Write]) -> tuple[FindingsUpdate, dict[str, str]]:
        """Call, in words if Security Hub takes no empty value: whether it does is not documented."""
        fields = batch.change.user_fields
        if self._spells_out:
            fields = marks.spelled_out(fields)
        try:
            return await self._send(batch, writes, dict(fields)), dict(fields)
        except InvalidRequest:
            spelled = marks.spelled_out(fields)
            if spelled == fields:
                raise
        answer = await self._send(batch, writes, dict(spelled))
        self._spells_out = True
        return answer, dict(spelled)

    async def _send(self, batch: Batch, writes: Sequence[Write], fields: dict[str, str]) -> FindingsUpdate:
        """Send one request, if it may be begun now: time has passed since any other one."""
        within = min(CALL_WITHIN, self._seconds_left())
        if within < LEAST_WITHIN:
            raise _NotBegunError
        change = batch.change
        return await self._cloud.batch_update_findings(
            [each.finding for each in writes],
            workflow=change.workflow,
            note=None if change.note is None else NoteUpdate(change.note, change.note_by),
            user_fields=fields,
            within=within,
        )

    def _sort(self, writes: Sequence[Write], answer: FindingsUpdate, report: Report) -> list[FindingRefusal]:
        """Put what was not accepted where it belongs; return what may be written again."""
        by_id = {each.finding: each for each in writes}
        passing = []
        for entry in answer.unprocessed:
            write = by_id.get(entry.finding)
            if write is None:
                logger.warning(
                    "Security Hub reported a failure for a finding that the request did not contain: %s",
                    entry,
                )
                continue
            refusal = FindingRefusal(write, entry.code, entry.message)
            if entry.code == _NOT_FOUND:
                report.missing.append(refusal)
            elif entry.code in _PASSING:
                passing.append(refusal)
            else:
                report.refused.append(refusal)
        return passing

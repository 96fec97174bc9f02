"""What GetFindingHistory tells of findings that wait for nothing but their delay. For the event loop.

An answer is good as long as somebody watches: what happens after it, polls see. So answers are kept for the
time that a hub is watched without a break, and asked for anew after it.
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Protocol

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.history import FindingHistory
from posture.domain.findings import FindingId
from posture.domain.remediation.history import COVERED, Undisturbed, undisturbed
from posture.domain.time import HOUR
from posture.pace import BackOff, steady

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 100
"""Histories that are asked for before rules are planned again."""
_ABREAST = 5
_PAUSES = 5.0, 300.0


class Questionable(NamedTuple):
    """A finding of which it matters what happened while nobody watched. `created_at`: µs."""

    finding: FindingId
    created_at: int


class Answers(NamedTuple):
    """What is known, as long as the hub is watched since the moment `watched` (µs) without a break."""

    watched: int | None
    told: Mapping[FindingId, Undisturbed]


NOTHING_ASKED = Answers(None, {})


class HistorySource(Protocol):
    """Where histories come from: Security Hub's API for a hub."""

    def now(self) -> int:
        """Return the time (µs) by AWS's clock."""
        ...

    async def finding_history(self, finding: FindingId, begin: int) -> FindingHistory | None:
        """Return a whole history; None where it is not to be believed. Raises AwsError."""
        ...


class Histories:
    """The histories of one hub's findings, as far as they were asked for."""

    def __init__(self, source: HistorySource) -> None:
        self._source = source
        self._watched: int | None = None
        self._known: dict[FindingId, Undisturbed] = {}
        self._doubtful: dict[FindingId, float] = {}
        self._pauses = BackOff(*_PAUSES)
        self._next = 0.0
        self._said = ""

    @property
    def answers(self) -> Answers:
        """Give what is known."""
        return Answers(self._watched, dict(self._known))

    async def ask(self, findings: Collection[Questionable], watched: int | None) -> bool:
        """Ask for the first hundred that are not known; return whether anything is known now that was not.

        `watched`: since when the hub is watched without a break; answers of before are forgotten. What cannot
        be read is asked for again later, and told in the log.
        """
        if watched != self._watched:
            self._watched = watched
            self._known.clear()
            self._doubtful.clear()
        now = steady()
        if now < self._next:
            return False
        open_questions = [
            each
            for each in dict.fromkeys(findings)
            if each.finding not in self._known and self._doubtful.get(each.finding, 0.0) <= now
        ]
        queue = iter(open_questions[:MOST_AT_ONCE])
        before = len(self._known)
        outcomes = await asyncio.gather(*(self._work(queue) for _ in range(_ABREAST)), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, AwsError):
                raise outcome
        errors = [outcome for outcome in outcomes if isinstance(outcome, AwsError)]
        if errors:
            self._failed(errors[0])
        elif open_questions:
            self._pauses.succeeded()
            self._said = ""
        return len(self._known) > before

    async def _work(self, queue: Iterator[Questionable]) -> None:
        for each in queue:
            begin = self._source.now() - COVERED + HOUR
            history = await self._source.finding_history(each.finding, begin)
            told = None
            if history is not None:
                told = undisturbed(
                    history.changes,
                    created_at=each.created_at,
                    begin=history.begin,
                    asked_at=history.asked_at,
                )
            if told is None:
                self._doubtful[each.finding] = steady() + _PAUSES[1]
                logger.info("The history of finding %s is not whole: its delay begins anew", each.finding.id)
            else:
                self._known[each.finding] = told

    def _failed(self, error: AwsError) -> None:
        self._next = steady() + self._pauses.after(error, _PAUSES[1])
        if str(error) != self._said:
            self._said = str(error)
            logger.warning(
                "Histories of findings cannot be read, so what waits for its delay waits from now on: %s",
                error,
            )

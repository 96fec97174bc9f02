"""The queue of one hub: events are received, stored, and then deleted, beside the polls.

The long poll gives up to 10 messages. Where it gives as many there may be more, and calls that do not wait
are made at once until they bring less. What has come is stored in one transaction, and deleted after that: a
crash between the two repeats messages, which changes nothing.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from posture.aws.client.errors import AwsError
from posture.aws.sqs.client import BATCH, LONG_POLL, NotDeleted, QueueMessage
from posture.domain.time import SECOND
from posture.pace import BackOff
from posture.sources.base import EventOutcome, EventsTaken, Hearing

_AT_ONCE = 10
"""Calls that are made at once while there is more: a hundred messages are one transaction."""
_LONGEST_PAUSE = 300.0
_SHOWN_EVERY = 2.0
_SHOWN_EVERY_AT_MOST = 8.0
_COSTS = 10
"""How many times as long as it took to publish is the pause after that."""
_ODD_TOLD = 100
_OF_THE_HUB = (EventOutcome.STORED, EventOutcome.UNCHANGED, EventOutcome.FAILED)

T = TypeVar("T")

logger = logging.getLogger(__name__)


class EventQueue(Protocol):
    """What a hub asks of its queue; `posture.aws.sqs.client.QueueClient` is one."""

    async def check(self) -> Mapping[str, str]:
        """Look whether it is there, and the one that is meant. Raises AwsError."""
        ...

    async def receive(self, wait: int = LONG_POLL) -> list[QueueMessage]:
        """Receive up to 10 messages, and wait for the first for so many seconds. Raises AwsError."""
        ...

    async def delete(self, messages: Sequence[QueueMessage]) -> list[NotDeleted]:
        """Delete up to 10 messages; return those that are not. Raises AwsError."""
        ...


class ListeningStatus(NamedTuple):
    """How it goes with a queue."""

    url: str
    answers: bool = False
    """It has been there, and may be read, when it was last asked."""
    error: AwsError | None = None
    """Why it cannot be used."""
    foreign: bool = False
    """Something came that is not of this hub, and nothing has come that is."""


class Heard:
    """Whether something is known by events that is not published yet, and when it may be."""

    def __init__(self) -> None:
        self.published = asyncio.Event()
        """Something was published for events to be added to."""
        self._news = asyncio.Event()
        self._not_before = 0.0

    def note(self) -> None:
        """Note that there is something."""
        self._news.set()

    async def due(self) -> None:
        """Return when there is something, and it is time to publish again."""
        await self._news.wait()
        await asyncio.sleep(self._not_before - asyncio.get_running_loop().time())

    async def show(self, source: Hearing) -> bool:
        """Publish; whether that was done. What is noted meanwhile stays noted. Raises StoreError."""
        self._news.clear()
        loop = asyncio.get_running_loop()
        began = loop.time()
        shown = await source.show()
        ended = loop.time()
        pause = min(_SHOWN_EVERY_AT_MOST, max(_SHOWN_EVERY, _COSTS * (ended - began)))
        self._not_before = ended + pause
        return shown


class Listening:
    """The listening of one hub, for as long as that lives. For the event loop's thread.

    `make`: makes the client of a queue by its URL; None: nobody asks for one. `told`: called with how it goes
    whenever that changes; None: nobody asks. `now`: the time (µs) by AWS's clock.
    """

    def __init__(
        self,
        make: Callable[[str], EventQueue] | None,
        told: Callable[[ListeningStatus | None], None],
        now: Callable[[], int],
        first_pause: float,
    ) -> None:
        self.outcomes: Counter[EventOutcome] = Counter()
        """Of messages, since this was made."""
        self.lag: float | None = None
        """How old the oldest message was that was received last, in seconds; None while none can be."""
        self.heard = Heard()
        self._make = make
        self._told = told
        self._now = now
        self._pauses = BackOff(first_pause)
        self._url: str | None = None
        self._changed = asyncio.Event()
        self._said: ListeningStatus | None = None
        self._odd: set[str] = set()
        self._foreign = False

    def ask(self, urls: Iterable[str]) -> None:
        """Say which queue is asked for: all who ask name the same one."""
        url = next(iter(urls), None) if self._make is not None else None
        if url != self._url:
            self._url = url
            self._changed.set()

    async def beside(self, work: Coroutine[Any, Any, None], source: object) -> None:
        """Listen while `work` goes on, which does not end by itself; what either raises ends both."""
        if not isinstance(source, Hearing):
            await work
            return
        # What was told, and was published, is of another time.
        self._said = None
        self.heard.published.clear()
        tasks = [asyncio.create_task(work), asyncio.create_task(self._run(source))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.lag = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def _run(self, source: Hearing) -> None:
        while True:
            self._changed.clear()
            url, make = self._url, self._make
            if url is None or make is None:
                self._tell(None)
                await self._changed.wait()
                continue
            listening = asyncio.create_task(self._listen(url, make(url), source))
            changed = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait({listening, changed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.lag = None
                changed.cancel()
                listening.cancel()
                await asyncio.gather(listening, changed, return_exceptions=True)
            if not listening.cancelled():
                listening.result()

    async def _listen(self, url: str, queue: EventQueue, source: Hearing) -> None:
        """Listen until cancelled, again and again after what fails. Raises StoreError."""
        self._foreign = False
        while True:
            try:
                await queue.check()
                self._tell(ListeningStatus(url, answers=True, foreign=self._foreign))
                # Until then there is nothing that an event could make newer.
                await self.heard.published.wait()
                await self._receive(url, queue, source)
            except AwsError as error:
                self.lag = None
                if self._said is None or str(self._said.error) != str(error):
                    logger.warning("The queue %s cannot be used; polls go on: %s", url, error)
                self._tell(ListeningStatus(url, error=error))
                await asyncio.sleep(self._pauses.after(error, _LONGEST_PAUSE))

    async def _receive(self, url: str, queue: EventQueue, source: Hearing) -> None:
        """Receive, store and delete for as long as that works. Raises AwsError and StoreError."""
        deleting: list[asyncio.Task[list[NotDeleted]]] = []
        try:
            more = False
            while True:
                messages = await _received(queue, more=more)
                self._pauses.succeeded()
                self._note_lag(messages)
                settled = await self._take(messages, source) if messages else []
                self._tell(ListeningStatus(url, answers=True, foreign=self._foreign))
                if messages:
                    _look_at(await _ended(deleting))
                    deleting = _begin_deleting(queue, settled)
                more = len(messages) >= BATCH
                if not more:
                    _look_at(await _ended(deleting))
                    deleting = []
        finally:
            for task in deleting:
                task.cancel()
            await asyncio.gather(*deleting, return_exceptions=True)

    async def _take(self, messages: Sequence[QueueMessage], source: Hearing) -> list[QueueMessage]:
        """Have messages taken; return those that are not to come again."""
        taken = await source.take_events([each.body for each in messages])
        self.outcomes.update(taken.outcomes)
        ours = any(self.outcomes[each] for each in _OF_THE_HUB)
        self._foreign = not ours and self.outcomes[EventOutcome.FOREIGN] > 0
        if taken.changed:
            self.heard.note()
        self._log(taken)
        return [each for position, each in enumerate(messages) if position not in taken.unsettled]

    def _log(self, taken: EventsTaken) -> None:
        """Say once of each kind of message that is left out why it is: there may be thousands a second."""
        for outcome, why in taken.odd.items():
            if why not in self._odd and len(self._odd) < _ODD_TOLD:
                self._odd.add(why)
                logger.warning("A message is %s (told once): %s", outcome.value, why)

    def _note_lag(self, messages: Sequence[QueueMessage]) -> None:
        sent = [each.sent_at for each in messages if each.sent_at is not None]
        self.lag = max(0.0, (self._now() - min(sent)) / SECOND) if sent else 0.0

    def _tell(self, status: ListeningStatus | None) -> None:
        if status != self._said:
            if status is not None and status.answers and self._said is not None and self._said.error:
                logger.info("The queue %s works again", status.url)
            self._said = status
            self._told(status)


async def _received(queue: EventQueue, *, more: bool) -> list[QueueMessage]:
    """Receive: in one call that waits, or in several that do not. Raises AwsError, when all have ended."""
    if not more:
        return await queue.receive()
    calls = [asyncio.create_task(queue.receive(0)) for _ in range(_AT_ONCE)]
    answers = await _ended(calls)
    return [message for answer in answers for message in answer]


def _begin_deleting(
    queue: EventQueue, messages: Sequence[QueueMessage]
) -> "list[asyncio.Task[list[NotDeleted]]]":
    batches = (messages[at : at + BATCH] for at in range(0, len(messages), BATCH))
    return [asyncio.create_task(queue.delete(batch)) for batch in batches]


def _look_at(answers: Iterable[Sequence[NotDeleted]]) -> None:
    """Say what was not deleted, which comes again. Raises AwsError where nothing was."""
    for left in answers:
        if left:
            logger.info("%d messages were not deleted, and come again: %s", len(left), left[0].error)


async def _ended(tasks: "Sequence[asyncio.Task[T]]") -> list[T]:
    """Wait for all, and return what they return; raise what the first one raised, when all have ended."""
    try:
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        for task in tasks:
            task.cancel()
    return [task.result() for task in tasks]

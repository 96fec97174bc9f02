"""Empties the outboxes of hubs into one destination: in order, at least once, with back-off.

What waits is in the hubs' stores and survives the process. A batch is passed in the outbox once the
destination has taken it; whoever dies in between sends it again, under the same ids.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from posture.api.conditions import Trouble, defect
from posture.api.reasons.words import ReasonWord
from posture.domain.outbox import OutboxEvent, Outlet, WaitingEvents
from posture.domain.text import counted
from posture.domain.time import SECOND
from posture.hubs.demand import HubKey
from posture.kube.leadership import Leading
from posture.logs import bound, next_cycle
from posture.pace import BackOff, steady
from posture.publish.sending import ItemsRefused, QueueBounds, Undelivered
from posture.publish.sink import OutboxHub
from posture.sources.findings_view import FindingsView
from posture.store.errors import StoreError

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_LASTING_PAUSE = 60.0
_LOOK_EVERY = 10.0
_BOUND_EVERY = 5.0
_FILES_EVERY = 1.0
_NOTHING = WaitingEvents(0, None)


class TakenEvents(NamedTuple):
    """What the destination took: how many of the first events; seconds that it asks to be left alone."""

    events: int
    pause: float = 0.0


class EventRefused(Undelivered):
    """The destination refuses the event at `place`, and always will. `before`: it took those before it."""

    def __init__(self, reason: ReasonWord, message: str, place: int, *, before: bool) -> None:
        super().__init__(reason, message)
        self.place = place
        self.before = before


Deliver = Callable[[OutboxHub, Sequence[OutboxEvent], Leading], Awaitable[TakenEvents]]
"""Sends events of a hub, all or the first of them. Raises Undelivered."""


@dataclass(slots=True)
class _Line:
    """What goes from one hub to the destination.

    `busy`: what is under way is not dropped meanwhile, so that nothing counts as both.
    """

    hub: OutboxHub
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: WaitingEvents = _NOTHING
    dropped: int = 0
    last_success: int | None = None
    at_once: int | None = None
    due: float = 0.0
    """When it is looked at again: `steady` seconds."""
    idle: bool = True
    """Nothing waited when it was looked at last."""
    suspect: int | None = None
    """The number of an event that is to be sent by itself: the destination has named it."""


class OutboxSender:
    """One output's way out of all hubs. `size`: about how many bytes of events are delivered at once.

    `sees`: whether the output may be told of an event of a hub. `renewed`: whether what a lasting trouble may
    be about, as a token, is another one than when this was last asked, or at the last attempt.
    """

    def __init__(
        self,
        outlet: Outlet,
        bounds: QueueBounds,
        *,
        size: int,
        deliver: Deliver,
        sees: Callable[[HubKey, OutboxEvent], bool],
        renewed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._outlet = outlet
        self._bounds = bounds
        self._size = size
        self._deliver = deliver
        self._sees = sees
        self._renewed = renewed
        self._lines: dict[HubKey, _Line] = {}
        self._woken = asyncio.Event()
        self._pauses = BackOff(_FIRST_PAUSE, _LONGEST_PAUSE)
        self.trouble: Trouble | None = None
        """Why the last attempt failed."""
        self.sent = 0
        self.dropped = 0
        self.failed: Counter[str] = Counter()
        """Attempts that failed, by reason."""

    def connect(self, hubs: Mapping[HubKey, OutboxHub]) -> None:
        """Take from the outboxes of these hubs, as far as this replica works on them."""
        for key in self._lines.keys() - hubs.keys():
            del self._lines[key]
        for key, hub in hubs.items():
            if key not in self._lines or self._lines[key].hub is not hub:
                self._lines[key] = _Line(hub)
                hub.on_change(self.wake)
        self.wake()

    def wake(self) -> None:
        """Look whether anything waits."""
        self._woken.set()

    def standing(self, key: HubKey) -> tuple[WaitingEvents, int, int | None]:
        """Tell what waits of a hub, how much of it was dropped, and when anything was taken last (µs)."""
        line = self._lines.get(key)
        return (_NOTHING, 0, None) if line is None else (line.waiting, line.dropped, line.last_success)

    @property
    def length(self) -> int:
        """How many events wait."""
        return sum(line.waiting.events for line in self._leading())

    @property
    def oldest(self) -> float:
        """For how many seconds the oldest has waited; 0 where nothing waits."""
        ages = [
            (line.hub.now() - line.waiting.oldest) / SECOND
            for line in self._leading()
            if line.waiting.oldest is not None
        ]
        return max(0.0, *ages) if ages else 0.0

    async def run(self) -> None:
        """Send whatever waits, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send())
            group.create_task(self._keep_bounds())

    async def _send(self) -> None:
        while True:
            for key, line in list(self._lines.items()):
                if line.due <= steady():
                    with bound(output=self._outlet.name, cycle=next_cycle()):
                        async with line.busy:
                            pause = await self._step(key)
                    line.due = steady() + (_LOOK_EVERY if pause is None else pause)
                    line.idle = pause is None
            await self._rest()

    async def _rest(self) -> None:
        """Wait until a hub is due, there may be something to send where nothing was, or files are others."""
        while True:
            if self._woken.is_set():
                self._woken.clear()
                for line in self._lines.values():
                    line.due = 0.0 if line.idle else line.due
            if self.trouble is not None and self.trouble.terminal and self._renewed():
                for line in self._lines.values():
                    line.due = 0.0
            first = min((line.due for line in self._lines.values()), default=steady() + _LOOK_EVERY)
            left = first - steady()
            if left <= 0:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, _FILES_EVERY)):
                    await self._woken.wait()

    async def _step(self, key: HubKey) -> float | None:
        """Send one batch of a hub; return the seconds until the next one, None where nothing waits."""
        line = self._lines.get(key)
        if line is None or line.hub.leading() <= 0:
            return None
        try:
            events = await line.hub.look(self._look(line, self._first))
            if not events:
                return None
            return await self._send_some(key, line, events)
        except Undelivered as error:
            return self._failed(error)
        except StoreError as error:
            logger.warning("What waits for the output %s cannot be read: %s", self._outlet.name, error)
            return _FIRST_PAUSE
        except Exception as error:
            # One output's trouble is its own: what waits is tried again.
            logger.exception("Sending to the output %s crashed (a bug in the operator)", self._outlet.name)
            trouble = defect(error)
            return self._failed(Undelivered(trouble.reason, trouble.message, lasting=True))

    async def _send_some(self, key: HubKey, line: _Line, events: Sequence[OutboxEvent]) -> float:
        wanted = [each for each in events if self._is_for(key, each)]
        batch = self._batch(line, wanted)
        if not batch:
            await self._pass(line, events[-1].number)
            return 0.0
        try:
            taken = await self._deliver(line.hub, batch, line.hub.leading)
        except EventRefused as error:
            return await self._refused(line, batch, error)
        except ItemsRefused as error:
            if len(batch) > 1:
                self.failed[error.reason] += 1
                line.at_once = len(batch) // 2
                return 0.0
            return await self._refused(line, batch, EventRefused(error.reason, str(error), 0, before=False))
        self._succeeded(line, taken.events)
        last = batch[taken.events - 1].number
        # What follows it and is not for this output is passed with it.
        if taken.events == len(wanted):
            last = events[-1].number
        await self._pass(line, last)
        return taken.pause

    def _batch(self, line: _Line, wanted: Sequence[OutboxEvent]) -> list[OutboxEvent]:
        batch = list(wanted[: line.at_once])
        if line.suspect is not None:
            before = [each for each in batch if each.number < line.suspect]
            batch = before or batch[:1]
        return batch

    async def _refused(self, line: _Line, batch: Sequence[OutboxEvent], error: EventRefused) -> float:
        """Drop an event that is refused by itself; one that is named among others is sent by itself first."""
        self.failed[error.reason] += 1
        if len(batch) == 1:
            event = batch[0]
            logger.error(
                "The output %s refuses the event %s of %s, which is dropped: %s",
                self._outlet.name,
                event.id,
                event.account_id or event.audience,
                error,
            )
            self.dropped += 1
            line.dropped += 1
            line.suspect = line.at_once = None
            await self._pass(line, event.number)
            return 0.0
        place = min(error.place, len(batch) - 1)
        line.suspect = batch[place].number
        if error.before and place > 0:
            self._succeeded(line, place)
            await self._pass(line, batch[place - 1].number)
        return 0.0

    def _succeeded(self, line: _Line, number: int) -> None:
        if self.trouble is not None:
            logger.info("The output %s takes what it is sent again", self._outlet.name)
        self.trouble, line.at_once = None, None
        self._pauses.succeeded()
        self.sent += number
        line.last_success = line.hub.now()

    def _failed(self, error: Undelivered) -> float:
        self.failed[error.reason] += 1
        if self.trouble is None or self.trouble.reason != error.reason:
            logger.warning("The output %s takes nothing; trying again: %s", self._outlet.name, error)
        self.trouble = Trouble(error.reason, str(error), error.lasting)
        return _LASTING_PAUSE if error.lasting else self._pauses.pause()

    def _is_for(self, key: HubKey, event: OutboxEvent) -> bool:
        outlet = self._outlet
        wanted = event.kind in outlet.kinds and (outlet.backfill or not event.first)
        return wanted and self._sees(key, event)

    async def _pass(self, line: _Line, number: int) -> None:
        def settle(outbox: FindingsView, name: str) -> None:
            outbox.outbox.settle(name, number)

        await line.hub.look(self._look(line, settle))

    def _first(self, findings: FindingsView, name: str) -> list[OutboxEvent]:
        return findings.outbox.first(name, self._size)

    def _look(
        self, line: _Line, look: Callable[[FindingsView, str], list[OutboxEvent] | None]
    ) -> Callable[[FindingsView], list[OutboxEvent] | None]:
        """Return what looks into a hub's outbox, and sees how much waits there then."""
        name = self._outlet.name

        def looked(findings: FindingsView) -> list[OutboxEvent] | None:
            result = look(findings, name)
            line.waiting = findings.outbox.waiting(name)
            return result

        return looked

    async def _keep_bounds(self) -> None:
        while True:
            for line in list(self._lines.values()):
                if line.hub.leading() > 0:
                    with suppress(StoreError):
                        async with line.busy:
                            await self._drop(line)
            await asyncio.sleep(_BOUND_EVERY)

    async def _drop(self, line: _Line) -> None:
        oldest = line.hub.now() - int(self._bounds.age * SECOND)

        def drop(findings: FindingsView, name: str) -> list[OutboxEvent] | None:
            dropped = findings.outbox.drop(name, most=self._bounds.items, written_before=oldest)
            self.dropped += dropped
            line.dropped += dropped
            if dropped:
                logger.warning(
                    "The output %s: %s, the oldest, for want of room or for age",
                    name,
                    counted(dropped, "event was dropped", "events were dropped"),
                )
            return None

        with bound(output=self._outlet.name):
            await line.hub.look(self._look(line, drop))

    def _leading(self) -> list[_Line]:
        return [line for line in self._lines.values() if line.hub.leading() > 0]

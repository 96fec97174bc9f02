"""The queue of one output, and the task that empties it: in order, at least once, with back-off.

Whoever has something to send puts it there and goes on; how the destination fares is this task's business.
The queue is bounded in length and age: the oldest goes first, and is counted.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from posture.api.conditions import Trouble, defect
from posture.api.reasons.words import ReasonWord
from posture.domain.text import counted
from posture.kube.leadership import Leading
from posture.logs import bound, next_cycle
from posture.pace import BackOff, steady

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_LASTING_PAUSE = 60.0
_LONGEST_CALL = 30.0


class Undelivered(Exception):  # noqa: N818 - reads as what is the case
    """The destination did not take what it was sent. `lasting`: it will not before somebody does something.

    `reason` is PascalCase for a condition; the message says what to do.
    """

    def __init__(self, reason: ReasonWord, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.lasting = lasting


class ItemsRefused(Undelivered):
    """Something among what was sent is refused, and always will be; the destination took none of it."""


class QueueBounds(NamedTuple):
    """How much a queue holds: items, and seconds that one may wait."""

    items: int
    age: float


class SendingState(NamedTuple):
    """How sending what one owner has put there goes."""

    queued: int
    dropped: int
    """Of it, since the output began: for age, for want of room, or since they were refused."""
    last_success: int | None
    """µs since the epoch."""


class _Queued(NamedTuple, Generic[Item]):
    number: int
    owner: str
    item: Item
    since: float


class Sender(Generic[Item]):
    """One output's queue, and what becomes of it.

    `cut`: how many of the first of some items make one batch, 1 at least. `deliver`: sends a batch within so
    many seconds and returns when that was (µs by the destination's clock); raises Undelivered.
    """

    def __init__(
        self,
        name: str,
        bounds: QueueBounds,
        *,
        cut: Callable[[Iterable[Item]], int],
        deliver: Callable[[Sequence[Item], float], Awaitable[int]],
        clock: Callable[[], float] = steady,
    ) -> None:
        self._name = name
        self._bounds = bounds
        self._cut = cut
        self._deliver = deliver
        self._clock = clock
        self._queue: deque[_Queued[Item]] = deque()
        self._numbers = 0
        self._owned: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._taken_at: dict[str, int] = {}
        self._leading: dict[str, Leading] = {}
        self._at_once: int | None = None
        self._woken = asyncio.Event()
        self._pauses = BackOff(_FIRST_PAUSE, _LONGEST_PAUSE)
        self.trouble: Trouble | None = None
        """Why the last attempt failed."""
        self.sent = 0
        self.dropped = 0
        self.failed: Counter[str] = Counter()
        """Attempts that failed, by reason."""

    def put(self, owner: str, items: Iterable[Item], leading: Leading) -> None:
        """Queue items of an owner, who may send them while it is `leading`."""
        now = self._clock()
        self._leading[owner] = leading
        for item in items:
            self._queue.append(_Queued(self._numbers, owner, item, now))
            self._numbers += 1
            self._owned[owner] += 1
        self._keep_bounds()
        self._woken.set()

    def forget(self, owner: str) -> None:
        """Send nothing of an owner any more: others speak for it now, or nobody does."""
        if self._owned[owner]:
            kept = [each for each in self._queue if each.owner != owner]
            self._drop([each for each in self._queue if each.owner == owner])
            self._queue = deque(kept)
        for known in (self._owned, self._lost, self._taken_at, self._leading):
            known.pop(owner, None)

    def standing(self, owner: str) -> SendingState:
        """Tell how sending what an owner has put there goes."""
        return SendingState(self._owned[owner], self._lost[owner], self._taken_at.get(owner))

    @property
    def length(self) -> int:
        """How many items wait."""
        return len(self._queue)

    @property
    def oldest(self) -> float:
        """For how many seconds the oldest has waited; 0 where nothing waits."""
        return self._clock() - self._queue[0].since if self._queue else 0.0

    async def run(self) -> None:
        """Send whatever is queued, until cancelled."""
        while True:
            self._woken.clear()
            with bound(output=self._name, cycle=next_cycle()):
                pause = await self._step()
            if pause is None:
                await self._woken.wait()
            else:
                await asyncio.sleep(pause)

    async def _step(self) -> float | None:
        """Send one batch; return the seconds until the next one, None where nothing waits."""
        self._keep_bounds()
        self._drop_others()
        if not self._queue:
            self.trouble = None
            return None
        batch = self._batch()
        try:
            at = await self._deliver([each.item for each in batch], self._time_left(batch))
        except Undelivered as error:
            return self._failed(error, batch)
        except Exception as error:
            # One output's trouble is its own: what waits is tried again.
            logger.exception("Sending to the output %s crashed (a bug in the operator)", self._name)
            trouble = defect(error)
            return self._failed(Undelivered(trouble.reason, trouble.message, lasting=True), batch)
        self._succeeded(batch, at)
        return 0.0

    def _batch(self) -> list[_Queued[Item]]:
        number = self._cut(each.item for each in self._queue)
        return list(islice(self._queue, min(number, self._at_once or number)))

    def _time_left(self, batch: Iterable[_Queued[Item]]) -> float:
        """Return for how many seconds all owners of a batch may send whatever happens, within reason."""
        return min(_LONGEST_CALL, *(self._leading[owner]() for owner in {each.owner for each in batch}))

    def _succeeded(self, batch: Sequence[_Queued[Item]], at: int) -> None:
        if self.trouble is not None:
            logger.info("The output %s takes what it is sent again", self._name)
        self.trouble, self._at_once = None, None
        self._pauses.succeeded()
        self.sent += len(batch)
        self._remove(batch[-1].number)
        for owner in {each.owner for each in batch} & self._leading.keys():
            self._taken_at[owner] = at

    def _failed(self, error: Undelivered, batch: Sequence[_Queued[Item]]) -> float:
        self.failed[error.reason] += 1
        if isinstance(error, ItemsRefused):
            return self._narrowed(error, batch)
        if self.trouble is None or self.trouble.reason != error.reason:
            logger.warning("The output %s takes nothing; trying again: %s", self._name, error)
        self.trouble = Trouble(error.reason, str(error), error.lasting)
        return _LASTING_PAUSE if error.lasting else self._pauses.pause()

    def _narrowed(self, error: ItemsRefused, batch: Sequence[_Queued[Item]]) -> float:
        """Send fewer at once, until what is refused is by itself: it is dropped, all others are sent."""
        if len(batch) > 1:
            self._at_once = len(batch) // 2
            return 0.0
        logger.error("The output %s refuses %s, which is dropped: %s", self._name, batch[0].item, error)
        self._drop([each for each in batch if self._is_first(each)])
        self._remove(batch[0].number)
        return 0.0

    def _is_first(self, each: _Queued[Item]) -> bool:
        """Whether it has not been dropped while it was under way."""
        return bool(self._queue) and self._queue[0].number == each.number

    def _remove(self, last: int) -> None:
        """Take everything up to a number out of the queue."""
        while self._queue and self._queue[0].number <= last:
            self._owned[self._queue.popleft().owner] -= 1

    def _keep_bounds(self) -> None:
        oldest, gone = self._clock() - self._bounds.age, []
        while self._queue and (len(self._queue) > self._bounds.items or self._queue[0].since < oldest):
            gone.append(self._queue.popleft())
        self._drop(gone)
        if gone:
            logger.warning(
                "The output %s: %s, the oldest, for want of room or for age",
                self._name,
                counted(len(gone), "number was dropped", "numbers were dropped"),
            )

    def _drop_others(self) -> None:
        """Drop what belongs to owners whom this replica does not lead any more: only the holder sends."""
        lost = {owner for owner, number in self._owned.items() if number and not self._leading[owner]()}
        for owner in lost:
            self.forget(owner)

    def _drop(self, gone: Sequence[_Queued[Item]]) -> None:
        self.dropped += len(gone)
        for each in gone:
            self._owned[each.owner] -= 1
            self._lost[each.owner] += 1

"""The life of a task that keeps a hub as what is declared for it says, as long as its Lease is held here."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from posture.config.model import Config
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import Object
from posture.logs import Field
from posture.pace import BackOff
from posture.reconcile.context import Context
from posture.reconcile.loop import WakeLoop
from posture.store.errors import StoreError

logger = logging.getLogger(__name__)

AT_LEAST_EVERY = 30.0
CALL_WITHIN = 30.0
"""Seconds that one write to AWS may take at most."""
LEAST_WITHIN = 0.5
"""Seconds that a write needs at least: with less left of the Lease it is not begun."""
_AT_MOST_EVERY = 0.5
_SOON = 1.0
_BEGINS_WITHIN = 60.0
_AFTER_A_DEFECT = 10.0
_LONGEST_AFTER_A_DEFECT = 300.0


class HubObjects(Protocol):
    """What is declared for one hub, from one listing."""

    @property
    def targets(self) -> Collection[str]:
        """Give the targets of the hub, by namespace/name."""
        ...

    @property
    def followed(self) -> Iterable[Object]:
        """Give the objects that are acted on: when one changes, what is being written stops."""
        ...

    @property
    def known(self) -> Iterable[Object]:
        """Give all objects of which anything is kept."""
        ...


class Pass(NamedTuple):
    """What one pass over all that is declared came to."""

    complete: bool
    """Whether nothing is left that could be done at once."""
    failure: KubeError | None
    """Why an object could not be told what became of it."""
    next_within: float
    """Seconds until the next pass at the latest, where this one is complete."""


HubObjectsT = TypeVar("HubObjectsT", bound=HubObjects)


class HubReconciler(ABC, Generic[HubObjectsT]):
    """Runs passes over what is declared for a hub, as long as this replica leads.

    `declared`: nothing, to begin with. `objects`: as written last. `name`: of what it acts on, as it begins a
    sentence.
    """

    def __init__(
        self, context: Context, hub: Hub, declared: HubObjectsT, objects: ObjectCache, name: str
    ) -> None:
        self._context = context
        self._hub = hub
        self._objects = objects
        self._name = name
        self._everything = declared
        self._failures = BackOff(_SOON, AT_LEAST_EVERY)
        self._defects = BackOff(_AFTER_A_DEFECT, _LONGEST_AFTER_A_DEFECT)
        self._news = True
        self._began: float | None = None
        self._config: Config | None = None
        self._loop = WakeLoop(self._attempt, at_most_every=_AT_MOST_EVERY, fields=self._fields)

    def update(self, everything: HubObjectsT) -> None:
        """Take what is declared now; what is being written stops if that is something else."""
        if _versions(everything) != _versions(self._everything):
            self._news = True
        self._everything = everything
        self._objects.keep(everything.known)
        self.wake()

    def wake(self) -> None:
        """Run a cycle soon."""
        self._loop.wake()

    async def run(self) -> None:
        """Run a cycle whenever woken, when a pass said so, and now and then, until cancelled."""
        await self._loop.run()

    @abstractmethod
    def end(self) -> None:
        """Withdraw all series."""

    @abstractmethod
    async def _pass(self, everything: HubObjectsT, now: int) -> Pass:
        """Act on what is declared, and say how far it is; `now` in µs. Raises KubeError and StoreError."""

    @abstractmethod
    def _has_concluded(self) -> bool:
        """Whether anything is known of what is declared."""

    def _break_down(self) -> None:
        """See to it that a defect holds up nobody else."""

    def _stand_down(self) -> None:
        """Forget what another holder may have made otherwise."""
        self.end()
        self._began = None

    def _fields(self) -> Mapping[str, Field]:
        return {"hub": self._hub.name, "target": self._targets}

    def _targets(self) -> Sequence[str]:
        return sorted(self._everything.targets)

    async def _attempt(self) -> float:
        """Run a cycle; return the seconds until the next one."""
        try:
            return await self._cycle()
        except (KubeError, StoreError) as error:
            logger.warning("%s could not be acted on; trying again: %s", self._name, error)
            return self._failures.after(error, AT_LEAST_EVERY)
        except Exception as error:
            # Nobody else ends with it: not the hub's other task, and not the process.
            logger.exception(
                "Acting on %s failed unexpectedly (a bug in the operator); trying again", self._name
            )
            self._news = True
            self._break_down()
            await asyncio.sleep(self._defects.after(error, _LONGEST_AFTER_A_DEFECT))
            return 0.0

    async def _cycle(self) -> float:
        """Run a pass; return the seconds until the next cycle."""
        if not self._hub.leads():
            self._stand_down()
            return AT_LEAST_EVERY
        if self._began is None:
            self._began = time.monotonic()
        self._news, self._config = False, self._context.config.current()
        complete, failure, next_within = await self._pass(self._everything, self._hub.now())
        self._defects.succeeded()
        if failure is not None:
            return self._failures.after(failure, AT_LEAST_EVERY)
        self._failures.succeeded()
        return next_within if complete else _SOON

    def _begins(self) -> bool:
        """Whether nothing is concluded yet, and will be before long."""
        since = 0.0 if self._began is None else time.monotonic() - self._began
        return not self._has_concluded() and since < _BEGINS_WITHIN

    def _is_outdated(self) -> bool:
        """Whether something else is declared or granted since the last cycle began, or that one broke."""
        return self._news or self._context.config.current() is not self._config

    def _seconds_left(self) -> float:
        """Return how long a write may take now; 0 where nothing may be written."""
        if self._is_outdated() or self._context.config.current().frozen:
            return 0.0
        return self._lease_left()

    def _lease_left(self) -> float:
        """Return the same for a call that only ends what goes on: frozen writes do not forbid it."""
        if not self._hub.is_open():
            return 0.0
        left = min(CALL_WITHIN, self._hub.leading())
        return left if left >= LEAST_WITHIN else 0.0


def _versions(everything: HubObjects) -> list[tuple[str, int, str | None]]:
    return [
        (metadata["uid"], metadata["generation"], metadata.get("deletionTimestamp"))
        for metadata in (each["metadata"] for each in everything.followed)
    ]

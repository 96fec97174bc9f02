"""Finalizers: an object waits for what was done for it to be undone, a target for those that need it.

Nothing waits for ever: an hour after its deletion an object goes, and an event says what is left. Where
nobody ran for that hour, nobody tried: then a holder that knows of no obstacle is given a while of its own.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from posture.api.reasons.words import Named
from posture.domain.time import HOUR, MINUTE
from posture.kube.errors import Gone, KubeError
from posture.kube.finalizers import (
    AnnotationChange,
    add_finalizer,
    deleted_at,
    has_finalizer,
    is_deleted,
    remove_finalizer,
)
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import POSTURE_TARGETS, ApiResource, Object, ObjectRef, name_of
from posture.logs import Field, bound
from posture.reconcile.context import Context

logger = logging.getLogger(__name__)

LONGEST_WAIT = HOUR
OWN_TRY = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class CleanedKind:
    """A kind whose objects wait for their clean-up."""

    resource: ApiResource
    log_field: str
    """By what such an object is named in log lines."""
    plural: str
    """Several of them, as a target speaks of those that it waits for."""
    waiting: Named
    """The reason of the event of a target that waits for them: `WaitingForPolicies`."""
    stays: str
    """What stays as they made it where it is not waited for."""
    kept: AnnotationChange | None = None
    """What becomes of the annotation of such an object when it goes."""


class Waiting(Protocol):
    """An object that waits for its clean-up once it is deleted."""

    @property
    def name(self) -> str:
        """Give it as namespace/name."""
        ...

    @property
    def scope(self) -> str:
        """Give its target as namespace/name."""
        ...

    @property
    def document(self) -> Object:
        """Give it as it was listed."""
        ...


class Leaving(Protocol):
    """An object that may be on its way out."""

    @property
    def declared(self) -> Waiting:
        """Give the object."""
        ...

    @property
    def goes_elsewhere(self) -> bool:
        """Whether another holder lets it go."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether nothing is left that it has to wait for."""
        ...

    @property
    def is_hopeless(self) -> bool:
        """Whether something keeps its clean-up from ending that does not pass by itself."""
        ...

    @property
    def left(self) -> str:
        """Say, of one that goes before it is done, what stays and why."""
        ...


class Record(Protocol):
    """What is kept on an object beside its finalizer: one patch makes both."""

    @property
    def kept(self) -> AnnotationChange:
        """Give the change of the annotation."""
        ...

    def is_on(self, document: Object) -> bool:
        """Tell whether it is on the object."""
        ...


WaitingT = TypeVar("WaitingT", bound=Waiting)


class Cleanup(Generic[WaitingT]):
    """Adds and removes the finalizers of one kind and of its targets, while this replica is `leading`.

    All tasks of a hub share one: what one of them holds back no other must let go. `objects`: as written,
    for what is listed may be older than what was written.
    """

    def __init__(self, context: Context, kind: CleanedKind, leading: Leading) -> None:
        self.objects = ObjectCache()
        self._context = context
        self._kind = kind
        self._leading = leading
        self._told: set[str] = set()
        self._since: dict[str, int] = {}
        self._hopeless: set[str] = set()
        self._turn = asyncio.Lock()

    def _record_of(self, declared: WaitingT) -> Record | None:  # noqa: ARG002 - for kinds that keep something
        """Return what is to be kept on an object from before anything is done for it."""
        return None

    async def guard(self, declared: Iterable[WaitingT], targets: Mapping[str, Object]) -> set[str]:
        """Have objects, and their targets, wait when they are deleted; return names of those that will."""
        guarded = set()
        for each in declared:
            target = targets.get(each.scope)
            if target is None or not self._can_wait(each.document):
                continue
            if self._context.writers.yields(target["metadata"]["namespace"]):
                # The other release does what is new there: both would do it twice, and tell it twice.
                continue
            with bound(**self._about(each)):
                # No target is let go between these two.
                async with self._turn:
                    if not await self._add(POSTURE_TARGETS, target):
                        continue
                    if await self._add(self._kind.resource, each.document, self._record_of(each)):
                        guarded.add(each.name)
        return guarded

    def begin_anew(self) -> None:
        """Forget for how long was tried: nobody may have, while this was not the holder."""
        self._since.clear()
        self._hopeless.clear()

    async def let_go(self, objects: Iterable[Leaving], now: int) -> set[str]:
        """Let deleted objects go whose work is done, or whose time is over (µs); return their names."""
        gone = set()
        for leaving in objects:
            declared = leaving.declared
            document = declared.document
            if leaving.goes_elsewhere or not self._holds(document) or not is_deleted(document):
                continue
            overdue = self._is_overdue(document, now, hopeless=leaving.is_hopeless)
            (self._hopeless.add if leaving.is_hopeless else self._hopeless.discard)(declared.name)
            if not (overdue or leaving.is_done):
                continue
            with bound(**self._about(declared)):
                if not leaving.is_done:
                    await self._tell(self._kind.resource, document, "CleanupAbandoned", leaving.left)
                if await self._remove(self._kind.resource, document):
                    gone.add(declared.name)
        return gone

    async def release_targets(
        self, targets: Iterable[Object], objects: Iterable[Waiting], gone: Collection[str], now: int
    ) -> None:
        """Let targets go that none of these, of whatever kind, needs any more, or whose time is over (µs)."""
        async with self._turn:
            needed: dict[str, list[str]] = {}
            for each in objects:
                if self._holds(each.document) and each.name not in gone:
                    needed.setdefault(each.scope, []).append(each.name)
            for target in targets:
                if self._holds(target):
                    with bound(target=name_of(target)):
                        await self._release_target(target, needed.get(name_of(target), ()), now)

    async def _release_target(self, target: Object, waiting: Sequence[str], now: int) -> None:
        """Let a target go, unless objects (namespace/name) still wait and may do so."""
        hopeless = self._hopeless.issuperset(waiting)
        if waiting and not self._is_overdue(target, now, hopeless=hopeless):
            if is_deleted(target):
                note = (
                    f"It waits for its {self._kind.plural} to be deleted first: {', '.join(waiting[:10])}. An"
                    f" hour after it was deleted it is removed without them, and {self._kind.stays}."
                )
                await self._tell(POSTURE_TARGETS, target, self._kind.waiting, note)
            return
        if waiting:
            note = (
                f"It is removed before its {self._kind.plural}, and {self._kind.stays}:"
                f" {', '.join(waiting[:10])}."
            )
            await self._tell(POSTURE_TARGETS, target, "CleanupAbandoned", note)
        await self._remove(POSTURE_TARGETS, target)

    def _is_overdue(self, document: Object, now: int, *, hopeless: bool) -> bool:
        """Whether an object has waited long enough; unless it is hopeless, that is also as seen from here."""
        deleted = deleted_at(document)
        if deleted is None:
            return False
        since = self._since.setdefault(document["metadata"]["uid"], now)
        return now - deleted >= LONGEST_WAIT and (hopeless or now - since >= OWN_TRY)

    async def _add(self, resource: ApiResource, document: Object, record: Record | None = None) -> bool:
        """Whether the finalizer, and this record, are on the object now; not on one that goes without it."""
        newest = self.objects.newest(document)
        if has_finalizer(newest) and (record is None or record.is_on(newest)):
            return True
        if not self._leading() or not self._can_wait(document):
            return False
        try:
            kept = None if record is None else record.kept
            stored = await add_finalizer(self._context.client, resource, newest, self._leading, kept)
        except Gone:
            return False
        except KubeError as error:
            logger.warning(
                "The finalizer could not be added, so nothing new is done for this object yet: %s",
                error,
            )
            return False
        self.objects.store(stored)
        return has_finalizer(stored) and (record is None or record.is_on(stored))

    async def _remove(self, resource: ApiResource, document: Object) -> bool:
        try:
            stored = await remove_finalizer(
                self._context.client, resource, self.objects.newest(document), self._leading, self._kind.kept
            )
        except Gone:
            logger.debug("%s is gone already", ObjectRef.of(resource, document))
        except KubeError as error:
            logger.warning("The finalizer could not be removed; trying again: %s", error)
            return False
        else:
            self.objects.store(stored)
            if has_finalizer(stored):
                return False
        self._since.pop(document["metadata"]["uid"], None)
        self._hopeless.discard(name_of(document))
        return True

    def _about(self, declared: Waiting) -> dict[str, Field]:
        return {self._kind.log_field: declared.name, "target": declared.scope}

    def _can_wait(self, document: Object) -> bool:
        newest = self.objects.newest(document)
        return has_finalizer(newest) or not is_deleted(newest)

    def _holds(self, document: Object) -> bool:
        return has_finalizer(self.objects.newest(document))

    async def _tell(self, resource: ApiResource, document: Object, reason: Named, note: str) -> None:
        """Post a warning, once."""
        key = f"{document['metadata']['uid']} {reason}"
        if key in self._told or not self._leading():
            return
        self._told.add(key)
        ref = ObjectRef.of(resource, document)
        logger.warning("%s: %s: %s", ref, reason, note)
        await self._context.events.post(ref, "Warning", reason=reason, action="Delete", note=note)

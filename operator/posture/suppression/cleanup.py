"""Finalizers: a policy waits for what it suppressed to be let go of, a target for its policies.

Where a policy has written is recorded on it before it writes there (`exceptions.sites`); it waits until
that is nowhere any longer.

Nothing waits for ever: an hour after its deletion an object goes, and an event says what is left. Where
nobody ran for that hour, nobody tried: then a holder that knows of no obstacle is given a while of its own.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from posture.domain.exceptions import sites
from posture.domain.exceptions.sites import Site
from posture.domain.time import HOUR, MINUTE
from posture.kube.errors import Gone, KubeError
from posture.kube.finalizers import (
    Kept,
    add_finalizer,
    change_annotation,
    has_finalizer,
    is_deleted,
    remove_finalizer,
)
from posture.kube.leases import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import (
    POSTURE_TARGETS,
    SUPPRESSION_POLICIES,
    ApiResource,
    Object,
    ObjectRef,
    name_of,
)
from posture.logs import bound
from posture.reconcile.context import Context
from posture.suppression.declared import Declared, deleted_at
from posture.suppression.leaving import Deletion
from posture.suppression.whereabouts import elsewhere_now, sites_of

logger = logging.getLogger(__name__)

LONGEST_WAIT = HOUR
OWN_TRY = 10 * MINUTE


class Cleanup:
    """Adds and removes the finalizers of policies and targets, while this replica is `leading`.

    All tasks of a hub share one: what one of them holds back no other must let go. `objects`: as written,
    for what is listed may be older than what was written. `here`: where the hub writes; None while that is
    not known, or where there is none.
    """

    def __init__(
        self, context: Context, leading: Leading, here: Callable[[], Site | None] = lambda: None
    ) -> None:
        self.objects = ObjectCache()
        self._context = context
        self._leading = leading
        self._here = here
        self._told: set[str] = set()
        self._since: dict[str, int] = {}
        self._hopeless: set[str] = set()
        self._turn = asyncio.Lock()

    async def guard(self, declared: Iterable[Declared], targets: Mapping[str, Object]) -> set[str]:
        """Have policies, and their targets, wait when they are deleted; return the policies that will."""
        guarded = set()
        for each in declared:
            target = targets.get(each.scope)
            if target is None or not self._can_wait(each.document):
                continue
            if self._context.writers.yields(target["metadata"]["namespace"]):
                # The other release does what is new there: both would do it twice, and tell it twice.
                continue
            with bound(policy=each.name, target=each.scope):
                # No target is let go between these two.
                async with self._turn:
                    if not await self._add(POSTURE_TARGETS, target):
                        continue
                    # Of controls that are off the status tells: one hub suffices to turn them on.
                    site, alone = self._here(), not each.suppresses
                    if await self._add(SUPPRESSION_POLICIES, each.document, site, alone=alone):
                        guarded.add(each.name)
        return guarded

    async def settle_sites(self, policies: Iterable[Deletion]) -> None:
        """Take this hub out of the records of policies that are over here, or say there why they are not."""
        here = self._here()
        if here is None:
            return
        for leaving in policies:
            known = self._sites(leaving.declared)
            recorded = next((each for each in known if each.is_one_with(here)), None)
            if recorded is None:
                if leaving.declared.departed:
                    await self._record_lost(leaving.declared, known, here)
            elif leaving.is_over_here:
                await self._record(leaving.declared, lambda before: sites.without(before, here))
            elif leaving.declared.departed:
                await self._record_trouble(leaving, recorded)

    async def _record_lost(self, declared: Declared, known: Sequence[Site], here: Site) -> None:
        """Say that what the operator's own identity wrote is in another account than it is of now."""
        trouble = elsewhere_now(here.account_id)
        lost = [each for each in known if (each.region, each.role_arn) == (here.region, here.role_arn)]

        def change(before: tuple[Site, ...]) -> tuple[Site, ...]:
            for each in lost:
                before = sites.in_trouble(before, each, trouble)
            return before

        await self._record(declared, change)

    async def _record_trouble(self, leaving: Deletion, recorded: Site) -> None:
        declared, trouble = leaving.declared, leaving.given_up(recorded.trouble)
        if trouble is not None:
            await self._record(declared, lambda before: sites.in_trouble(before, recorded, trouble))
        if not trouble and leaving.is_hopeless:
            note = f"What it did in {recorded.name} cannot be undone now: {leaving.obstacle}."
            with bound(policy=declared.name, target=declared.scope):
                await self._tell(SUPPRESSION_POLICIES, declared.document, "MoveHindered", note)

    def begin_anew(self) -> None:
        """Forget for how long was tried: nobody may have, while this was not the holder."""
        self._since.clear()
        self._hopeless.clear()

    async def let_go(self, policies: Sequence[Deletion], now: int) -> set[str]:
        """Let deleted policies go whose work is done, or whose time is over (µs); return their names."""
        gone = set()
        for leaving in policies:
            declared = leaving.declared
            if declared.departed or not self._holds(declared.document) or declared.deleted_at is None:
                continue
            overdue = self._is_overdue(declared.document, now, hopeless=leaving.is_hopeless)
            (self._hopeless.add if leaving.is_hopeless else self._hopeless.discard)(declared.name)
            if not (overdue or leaving.is_done):
                continue
            with bound(policy=declared.name, target=declared.scope):
                if not leaving.is_done:
                    document = declared.document
                    await self._tell(SUPPRESSION_POLICIES, document, "CleanupAbandoned", leaving.left)
                if await self._remove(SUPPRESSION_POLICIES, declared.document):
                    gone.add(declared.name)
        return gone

    async def release_targets(
        self, targets: Iterable[Object], policies: Iterable[Declared], gone: Collection[str], now: int
    ) -> None:
        """Let targets go that no policy needs any more, or whose time is over (µs)."""
        async with self._turn:
            needed: dict[str, list[str]] = {}
            for each in policies:
                if self._holds(each.document) and each.name not in gone:
                    needed.setdefault(each.scope, []).append(each.name)
            for target in targets:
                if self._holds(target):
                    with bound(target=name_of(target)):
                        await self._release_target(target, needed.get(name_of(target), ()), now)

    async def _release_target(self, target: Object, waiting: Sequence[str], now: int) -> None:
        """Let a target go, unless policies (namespace/name) still wait and may do so."""
        hopeless = self._hopeless.issuperset(waiting)
        if waiting and not self._is_overdue(target, now, hopeless=hopeless):
            if is_deleted(target):
                note = (
                    f"It waits for its policies to be deleted first: {', '.join(waiting[:10])}. An hour after"
                    " it was deleted it is removed without them, and what they suppressed stays suppressed."
                )
                await self._tell(POSTURE_TARGETS, target, "WaitingForPolicies", note)
            return
        if waiting:
            note = (
                "It is removed before its policies, and what they suppressed stays suppressed:"
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

    def _sites(self, declared: Declared) -> tuple[Site, ...]:
        return sites_of(self.objects.newest(declared.document))

    async def _record(
        self, declared: Declared, change: Callable[[tuple[Site, ...]], tuple[Site, ...]]
    ) -> None:
        """Change where a policy is recorded to have written."""
        with bound(policy=declared.name, target=declared.scope):
            document = self.objects.newest(declared.document)
            try:
                stored = await change_annotation(
                    self._context.client, SUPPRESSION_POLICIES, document, self._leading, _kept(change)
                )
            except Gone:
                return
            except KubeError as error:
                logger.warning("Where it has written is not recorded, and will be tried again: %s", error)
                return
            self.objects.store(stored)

    async def _add(
        self, resource: ApiResource, document: Object, site: Site | None = None, *, alone: bool = False
    ) -> bool:
        """Whether the finalizer, and this site, are on the object now; not on one that goes without it.

        `alone`: the site takes the place of all others.
        """
        document = self.objects.newest(document)
        if has_finalizer(document) and (site is None or site in sites_of(document)):
            return True
        if not self._leading() or not self._can_wait(document):
            return False
        try:
            kept = (
                None
                if site is None
                else _kept(lambda before: (site,) if alone else sites.added(before, site) or before)
            )
            stored = await add_finalizer(self._context.client, resource, document, self._leading, kept)
        except Gone:
            return False
        except KubeError as error:
            logger.warning(
                "The finalizer could not be added, so nothing new is suppressed for this object yet: %s",
                error,
            )
            return False
        self.objects.store(stored)
        return has_finalizer(stored) and (site is None or site in sites_of(stored))

    async def _remove(self, resource: ApiResource, document: Object) -> bool:
        try:
            stored = await remove_finalizer(
                self._context.client, resource, self.objects.newest(document), self._leading, _FORGOTTEN
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

    def _can_wait(self, document: Object) -> bool:
        document = self.objects.newest(document)
        return has_finalizer(document) or not is_deleted(document)

    def _holds(self, document: Object) -> bool:
        return has_finalizer(self.objects.newest(document))

    async def _tell(self, resource: ApiResource, document: Object, reason: str, note: str) -> None:
        """Post a warning, once."""
        key = f"{document['metadata']['uid']} {reason}"
        if key in self._told or not self._leading():
            return
        self._told.add(key)
        ref = ObjectRef.of(resource, document)
        logger.warning("%s: %s: %s", ref, reason, note)
        await self._context.events.post(ref, "Warning", reason=reason, action="Delete", note=note)


def _kept(change: Callable[[tuple[Site, ...]], tuple[Site, ...]]) -> Kept:
    """Return the change of the annotation that makes this change of the record."""

    def changed(before: str | None) -> str | None:
        known = sites.parse_sites(before)
        after = change(known)
        if after == known:
            return before
        return sites.format_sites(after)

    return Kept(sites.ANNOTATION, changed)


_FORGOTTEN = Kept(sites.ANNOTATION, lambda _: None)

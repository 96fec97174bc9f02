"""The clean-up of policies: where each has written is recorded on it before it writes there.

It waits until that is nowhere any longer. See `posture.domain.exceptions.sites` for the record.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from posture.domain.exceptions import sites
from posture.domain.exceptions.sites import Site
from posture.kube.errors import Gone, KubeError
from posture.kube.finalizers import AnnotationChange, change_annotation
from posture.kube.leadership import Leading
from posture.kube.resources import SUPPRESSION_POLICIES, Object
from posture.logs import bound
from posture.reconcile.cleanup import CleanedKind, Cleanup
from posture.reconcile.context import Context
from posture.suppression.declared import Declared
from posture.suppression.leaving import Deletion
from posture.suppression.whereabouts import elsewhere_now, sites_of

logger = logging.getLogger(__name__)

_KIND = CleanedKind(
    SUPPRESSION_POLICIES,
    log_field="policy",
    plural="policies",
    waiting="WaitingForPolicies",
    stays="what they suppressed stays suppressed",
    kept=AnnotationChange(sites.ANNOTATION, lambda _: None),
)


class _SiteRecord(NamedTuple):
    """That a policy writes at a site. `alone`: the site takes the place of all others."""

    site: Site
    alone: bool

    def is_on(self, document: Object) -> bool:
        return self.site in sites_of(document)

    @property
    def kept(self) -> AnnotationChange:
        site, alone = self
        return _kept(lambda before: (site,) if alone else sites.added(before, site) or before)


class PolicyCleanup(Cleanup[Declared]):
    """Lets policies and their targets wait, and go. `here`: where the hub writes, if that is known."""

    def __init__(
        self, context: Context, leading: Leading, here: Callable[[], Site | None] = lambda: None
    ) -> None:
        super().__init__(context, _KIND, leading)
        self._here = here

    def _record_of(self, declared: Declared) -> _SiteRecord | None:
        site = self._here()
        # Of controls that are off the status tells: one hub suffices to turn them on.
        return None if site is None else _SiteRecord(site, alone=not declared.suppresses)

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


def _kept(change: Callable[[tuple[Site, ...]], tuple[Site, ...]]) -> AnnotationChange:
    """Return the change of the annotation that makes this change of the record."""

    def changed(before: str | None) -> str | None:
        known = sites.parse_sites(before)
        after = change(known)
        if after == known:
            return before
        return sites.format_sites(after)

    return AnnotationChange(sites.ANNOTATION, changed)

"""All SuppressionPolicies of this replica: each with its hub, or with none."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from posture.domain.arns import account_of
from posture.domain.exceptions.policy import is_active
from posture.domain.exceptions.sites import Site
from posture.domain.time import instant_of
from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.kube.finalizers import has_finalizer
from posture.kube.leadership import Leading
from posture.kube.resources import Object
from posture.reconcile.access import Admitted
from posture.reconcile.context import Context
from posture.reconcile.declared import Admissions, targets_of
from posture.reconcile.owner import OwnerName
from posture.reconcile.tasks import ReconcilerTasks
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.controls.hub import HubControls
from posture.suppression.declared import Declared, declare_policy
from posture.suppression.findings.hub import HubSuppression
from posture.suppression.orphans import Stranded
from posture.suppression.policy_reconciler import HubPolicies
from posture.suppression.whereabouts import sites_of


class _Reconcilers(NamedTuple):
    findings: HubSuppression
    controls: HubControls


class SuppressionTasks:
    """Two tasks for each hub, as each may have marks: for its findings, and for the controls of its accounts.

    `general`: whether this replica looks after what has no hub.
    """

    def __init__(self, context: Context, general: Leading) -> None:
        self._context = context
        self._stranded = Stranded(context, general)
        self._tasks = ReconcilerTasks(self._reconcilers, self._targets_of)
        self._declared: Sequence[Declared] = ()
        self._admissions: Admissions = {}
        self._owner = OwnerName(context)

    def declare(self, policies: Iterable[Object], admissions: Admissions) -> None:
        """Take what is declared: all policies and all targets, each listed whole."""
        # What is declared is taken before it is known which hub is asked: by the local clock, which decides
        # only whether an end is too far away.
        config, now = self._context.config.current(), _local_now()
        self._declared = [declare_policy(document, admissions, config, now) for document in policies]
        self._admissions = admissions

    def needs_hub(self, target: str) -> bool:
        """Whether policies of a target (namespace/name) are to be ended, even while it is suspended."""
        return any(each.scope == target and _is_ending(each, self._now(each)) for each in self._declared)

    def hubs_to_undo_in(self) -> frozenset[HubKey]:
        """Return the hubs in which policies are to be undone although their targets look elsewhere."""
        return frozenset(
            key
            for each in self._declared
            for key in (*each.moved_from, *([each.home] if each.admitted is None and each.home else []))
        )

    async def settle(self, hubs: Mapping[HubKey, Hub]) -> None:
        """Give each hub its policies, and begin or end its task."""
        for key, reconcilers in await self._tasks.settle(hubs):
            reconcilers.findings.update(self._everything(key, suppressing=True))
            reconcilers.controls.update(self._everything(key, suppressing=False))
        without = [each for each in self._declared if each.home is None]
        undone = [each for each in self._declared if each.home is not None and each.admitted is None]
        targets = [document for document, each in self._admissions.values() if not isinstance(each, Admitted)]
        await self._stranded.settle(without, targets, undone)

    async def stop(self) -> None:
        """End all tasks; what is being written is let finish or cut off, and is known by its mark."""
        await self._tasks.stop()

    def _now(self, declared: Declared) -> int:
        """Return the time (µs) by the clock of a policy's hub; by the local one where it has none here."""
        hub = self._tasks.hub(declared.home)
        return _local_now() if hub is None else hub.now()

    def _reconcilers(self, hub: Hub) -> _Reconcilers:
        cleanup = PolicyCleanup(self._context, hub.leading, partial(_site_of, hub))
        return _Reconcilers(
            HubSuppression(self._context, hub, self._owner, cleanup),
            HubControls(self._context, hub, self._owner, cleanup),
        )

    def _everything(self, key: HubKey, *, suppressing: bool) -> HubPolicies:
        return hub_policies(key, self._declared, self._targets_of(key), suppressing=suppressing)

    def _targets_of(self, key: HubKey) -> dict[str, tuple[Object, Admitted]]:
        """Return the targets that look at a hub, by namespace/name."""
        return targets_of(self._admissions, key)


def hub_policies(
    key: HubKey,
    declared: Sequence[Declared],
    targets: Mapping[str, tuple[Object, Admitted]],
    *,
    suppressing: bool,
) -> HubPolicies:
    """Return what is declared for a hub: of the policies, those of one kind, and all others beside.

    `declared`: all policies; `targets`: those that look at the hub.
    """
    own = [
        each if each.home == key else each.as_departed(key)
        for each in declared
        if key in (each.home, *each.moved_from)
    ]
    names = {each.name for each in own}
    return HubPolicies(
        policies=[each for each in own if each.suppresses is suppressing],
        targets=targets,
        elsewhere=frozenset(
            each.name for each in declared if each.suppresses is suppressing and _may_mark(each)
        )
        - names,
        # A target waits for those that are followed elsewhere, or not at all, too.
        others=[
            each
            for each in declared
            if each.scope in targets and (each.home != key or each.suppresses is not suppressing)
        ],
    )


def _local_now() -> int:
    return instant_of(datetime.now(UTC))


def _site_of(hub: Hub) -> Site | None:
    """Return where a hub writes; None while that is not known."""
    facts, role_arn = hub.status.facts, hub.key.role_arn
    return None if facts is None else Site(account_of(role_arn) or facts.account_id, hub.key.region, role_arn)


def _may_mark(declared: Declared) -> bool:
    """Whether marks with this name may be those of this policy.

    One that is being deleted and that no hub undoes has no other way to let go of what it did than being
    taken for gone.
    """
    return declared.home is not None or declared.deleted_at is None


def _is_ending(declared: Declared, now: int) -> bool:
    """Whether a policy is over, and may still have something suppressed."""
    if declared.deleted_at is not None:
        return has_finalizer(declared.document)
    expired = declared.terms is not None and not is_active(declared.terms, now)
    status = declared.status
    written = bool(sites_of(declared.document))
    return expired and (written or bool(status.suppressed or status.pending or status.disabled_controls))

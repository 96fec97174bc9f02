"""Lists what is declared and keeps one task a hub and one a target; nothing is concluded from events."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.hubs.demand import HubKey
from posture.hubs.tasks import HubTasks, WantedHub
from posture.kube.errors import KubeError
from posture.kube.finalizers import has_finalizer, is_deleted
from posture.kube.resources import (
    KINDS,
    POSTURE_TARGETS,
    REMEDIATION_RULES,
    REMEDIATIONS,
    SUPPRESSION_POLICIES,
    Object,
    name_of,
)
from posture.logs import apart, bound, next_cycle
from posture.publish.prometheus.exposition import Samples
from posture.publish.prometheus.samples import hub_samples, process_samples
from posture.publish.sink import PublishingTarget
from posture.reconcile.access import Admitted, NotAdmitted, admit_all
from posture.reconcile.context import Context
from posture.reconcile.loop import WakeLoop
from posture.reconcile.scope import demand_of, least_demand
from posture.remediation.remediation import RemediationTasks
from posture.suppression.suppression import SuppressionTasks
from posture.targets.publishing import publication_of
from posture.targets.target import Target

logger = logging.getLogger(__name__)

_EVERY = 60.0
_RETRY = 5.0
_AT_MOST_EVERY = 0.5
_CONFIG_EVERY = 2.0


class _Running(NamedTuple):
    target: Target
    task: asyncio.Task[None]


Listed = Mapping[str, Sequence[Object]]
"""All objects of each of our kinds."""


class Supervisor:
    """Every hub and every target of this replica.

    `not_ready` says why what is declared is not known, or None.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._loop = WakeLoop(self._cycle, at_most_every=_AT_MOST_EVERY)
        self._targets: dict[str, _Running] = {}
        self._hubs = HubTasks(context.hub, changed=self._wake_targets_of, over=self.wake)
        self._general = context.general_lease
        self._general_task: asyncio.Task[None] | None = None
        self._suppression = SuppressionTasks(context, self._general.leading)
        self._remediation = RemediationTasks(context, self._general.leading)
        self._said: str | None = None
        self._defect: str | None = None
        self._declared: frozenset[str] | None = None
        self.not_ready: str | None = "the declared objects have not been listed yet"

    def declared_hubs(self) -> frozenset[str] | None:
        """Return the names of hubs that targets declare, or that have not ended; None before a listing."""
        if self._declared is None:
            return None
        return self._declared | {key.name for key in self._hubs.hubs}

    def wake(self) -> None:
        """List soon."""
        self._loop.wake()

    async def run(self) -> None:
        """List whenever woken, and every minute, until cancelled."""
        # Not of the group: it is held until everything has stopped.
        self._general_task = asyncio.create_task(self._general.run(), name="general lease")
        # None of them ends by itself; one that raises ends all, and with them the process, which says so.
        async with asyncio.TaskGroup() as group:
            group.create_task(self._loop.run(), name="listing")
            group.create_task(self._watch_config(), name="configuration")
            group.create_task(self._watch_general_lease(), name="general term")
            group.create_task(_outlive(self._general_task), name="general lease's end")

    async def _watch_general_lease(self) -> None:
        """Let those that belong to no hub know at once who looks after them."""
        while True:
            term = await self._general.acquired()
            self._wake_orphans()
            await term.lost()
            self._wake_orphans()

    def _wake_orphans(self) -> None:
        self.wake()
        for running in self._targets.values():
            if running.target.has_no_hub:
                running.target.wake()

    async def stop(self) -> None:
        """End all tasks and give the leases back; takes a few seconds at most."""
        for running in self._targets.values():
            running.task.cancel()
        await self._suppression.stop()
        await self._remediation.stop()
        await self._hubs.stop()
        for running in self._targets.values():
            running.target.end()
        await self._general.release()
        if self._general_task is not None:
            self._general_task.cancel()

    def samples(self) -> Samples:
        """Return what is read at each scrape: hubs that this replica works on, calls, leases, config."""
        hubs = [hub for hub in self._hubs.hubs.values() if hub.leads()]
        return {
            **hub_samples(hubs),
            **process_samples(self._context.usage, self._context.config, held=len(hubs)),
        }

    async def _cycle(self) -> float:
        """List, and follow what is listed; return the seconds until the next time."""
        listed = await self._listed()
        if listed is not None:
            await self._follow(listed)
        return _EVERY if self.not_ready is None else _RETRY

    async def _follow(self, listed: Listed) -> None:
        self._said = None
        self.not_ready = self._defect
        try:
            await self._settle(listed)
        except Exception as error:
            # What runs goes on: ended with the process it would only meet the same objects again.
            why = f"following the declared objects fails with a bug in the operator ({type(error).__name__})"
            if why != self._defect:
                logger.exception(
                    "Following the declared objects failed unexpectedly (a bug in the operator); trying again"
                )
            self._defect = self.not_ready = why
        else:
            self._defect = self.not_ready = None

    async def _listed(self) -> Listed | None:
        """Return all that is declared, whole; None, and why in `not_ready`, where that is not known."""
        client, namespaces = self._context.client, self._context.namespaces
        try:
            return {kind: await client.list_objects(KINDS[kind], namespaces) for kind in KINDS}
        except KubeError as error:
            if self._said != str(error):
                logged_elsewhere = self._context.logged_elsewhere(error)
                self._said = self._said if logged_elsewhere else str(error)
                level = logging.DEBUG if logged_elsewhere else logging.WARNING
                logger.log(
                    level, "The declared objects could not be listed; the last list stays in force: %s", error
                )
            self.not_ready = str(error)
            return None

    async def _settle(self, listed: Listed) -> None:
        await self._look_for_others(listed)
        admissions = self._admissions(listed[POSTURE_TARGETS.kind])
        by_name = {name_of(each[0]): each for each in admissions.values()}
        policies = listed[SUPPRESSION_POLICIES.kind]
        self._suppression.declare(policies, by_name)
        self._remediation.declare(
            listed[REMEDIATION_RULES.kind], policies, listed[REMEDIATIONS.kind], by_name
        )
        self._context.sink.declare(_publications(admissions))
        await self._settle_hubs([each for _, each in admissions.values() if isinstance(each, Admitted)])
        self._settle_targets(admissions)
        hubs = self._hubs.hubs
        self._context.sink.connect(hubs)
        await self._suppression.settle(hubs)
        await self._remediation.settle(hubs)

    async def _look_for_others(self, listed: Listed) -> None:
        """Look for other releases that write to the same objects, and have people told of them."""
        writers = self._context.writers
        writers.keep(document for documents in listed.values() for document in documents)
        for kind, documents in listed.items():
            for document in documents:
                writers.note_writer(KINDS[kind], document)
        for ref, note in writers.news():
            logger.warning("%s: %s", ref, note)
            await self._context.events.post(ref, "Warning", reason="TwoReleases", action="Write", note=note)

    def _admissions(self, documents: Iterable[Object]) -> dict[str, tuple[Object, Admitted | NotAdmitted]]:
        known = [each for each in documents if not is_deleted(each) or has_finalizer(each)]
        admitted = admit_all(known, self._context.config.current())
        return {
            document["metadata"]["uid"]: (document, admission)
            for document, admission in zip(known, admitted, strict=True)
        }

    async def _settle_hubs(self, admitted: Iterable[Admitted]) -> None:
        wanted: dict[HubKey, WantedHub] = {}
        minimums = self._context.config.current().minimums
        for each in admitted:
            hub = wanted.setdefault(each.hub, WantedHub([], []))
            name = f"{each.target.metadata.namespace}/{each.target.metadata.name}"
            hub.targets.append(name)
            if not each.target.spec.suspend or self._suppression.needs_hub(name):
                outlets = self._context.sink.outlets(each.target.metadata.uid)
                hub.demands.append(demand_of(each)._replace(outlets=outlets))
        for key in self._suppression.hubs_to_undo_in():
            hub = wanted.setdefault(key, WantedHub([], []))
            if not hub.demands:
                hub.demands.append(least_demand(minimums))
        await self._hubs.settle(wanted, minimums.interval)
        self._declared = frozenset(key.name for key in wanted)

    def _settle_targets(self, admissions: Mapping[str, tuple[Object, Admitted | NotAdmitted]]) -> None:
        hubs = self._hubs.hubs
        ended = {uid for uid, running in self._targets.items() if running.task.done()}
        for uid in (self._targets.keys() - admissions.keys()) | ended:
            running = self._targets.pop(uid)
            running.task.cancel()
            running.target.end()
        for uid, (document, admission) in admissions.items():
            if uid not in self._targets:
                target = Target(self._context, document)
                task = asyncio.create_task(target.run(), name=target.name, context=apart())
                self._targets[uid] = _Running(target, task)
            hub = hubs[admission.hub] if isinstance(admission, Admitted) else None
            leading = self._general.leading if hub is None else hub.leading
            namespace = document["metadata"]["namespace"]
            self._targets[uid].target.update(
                document, admission, hub, self._context.writers.leading(namespace, leading)
            )

    def _wake_targets_of(self, key: HubKey) -> None:
        for running in self._targets.values():
            if running.target.looks_at(key):
                running.target.wake()

    async def _watch_config(self) -> None:
        config = self._context.config
        lease, seen = config.current().lease, config.changes
        while True:
            await asyncio.sleep(_CONFIG_EVERY)
            config.reload_if_changed()
            # Whoever is about to write may have read the file again meanwhile.
            if config.changes == seen:
                continue
            seen = config.changes
            with bound(cycle=next_cycle()):
                if config.error is None:
                    logger.info("The configuration has changed")
                    if config.current().lease != lease:
                        lease = config.current().lease
                        logger.warning(
                            "What is new in lease counts for Leases that are taken up from now on: restart"
                            " the replicas, one after the other, to have it for all"
                        )
                else:
                    logger.error(
                        "The configuration file cannot be used; its last good version stays in force: %s",
                        config.error,
                    )
            self._context.limiters.set_share(config.current().quota_share)
            self.wake()


def _publications(admissions: Mapping[str, tuple[Object, Admitted | NotAdmitted]]) -> list[PublishingTarget]:
    """Return which targets publish where, the oldest first: the same on every replica."""
    found = [
        (str(document["metadata"].get("creationTimestamp", "")), publication_of(document, admission))
        for document, admission in admissions.values()
        if isinstance(admission, Admitted) and admission.target.spec.publish
    ]
    return [publication for _, publication in sorted(found)]


async def _outlive(task: asyncio.Task[None]) -> None:
    """Wait for a task that is not to end, and raise what ended it."""
    await asyncio.wait({task})
    task.result()
    raise RuntimeError(f"the task {task.get_name()} ended")

"""One PostureTarget: from what its hub knows to its metrics and its status."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from posture.admission import Admitted, NotAdmitted
from posture.api.model import Metadata
from posture.api.posture_target_status import SCORE_CURRENT, PostureTargetStatus
from posture.domain.controls import ControlStatus
from posture.domain.evaluation import Evaluation, TurnedOff
from posture.hubs.hub import Hub
from posture.hubs.key import HubKey
from posture.kube.errors import KubeError
from posture.kube.resources import POSTURE_TARGETS, Object, ObjectRef
from posture.kube.status import Transition, Written, transitions, write_status
from posture.logs import bound, next_cycle
from posture.metrics.exposition import rendered
from posture.metrics.families import Family
from posture.metrics.target_samples import condition_samples, evaluation_samples, restored_samples
from posture.target_conditions import assessed, refused
from posture.target_situation import hub_fields, situation_of
from posture.target_status import evaluation_fields, restored, without_scores
from posture.target_view import chosen_standards, objectives_of, view_of
from posture.world import World

logger = logging.getLogger(__name__)

_AT_LEAST_EVERY = 30.0
_AT_MOST_EVERY = 1.0
_AFTER_A_FAILURE = 10.0
_LONGEST_REQUEST = 128
_NO_WARNING = frozenset({"Syncing", "Suspended"})
_TOLD_IN_EVENTS = ("Ready", SCORE_CURRENT)


class Shown(NamedTuple):
    """The evaluation that is published, and what it was made of.

    The same `key` gives the same numbers. `declared`: what is scored, and how, by spec and grant.
    """

    key: tuple[object, ...]
    declared: tuple[object, ...]
    evaluation: Evaluation
    exact_at: int
    pooled: bool


class Target:
    """Keeps the metrics and the status of one object, for as long as this replica is responsible for it.

    Status and metrics are written by the holder of the hub's Lease only; an object without a hub is looked
    after by the holder of the general one. `responsible` tells at any moment.
    """

    def __init__(self, world: World, document: Object) -> None:
        self._world = world
        self._document = document
        metadata = document["metadata"]
        self.name = f"{metadata['namespace']}/{metadata['name']}"
        self._owner = (POSTURE_TARGETS.kind, metadata["uid"])
        self._admission: Admitted | NotAdmitted | None = None
        self._hub: Hub | None = None
        self._responsible: Callable[[], bool] = lambda: False
        self._turned_off: Mapping[TurnedOff, ControlStatus] = {}
        self._shown: Shown | None = None
        self._request: tuple[str, int] | None = None
        self._store_replaced: str | None = None
        self._woken = asyncio.Event()

    def update(
        self,
        document: Object,
        admission: Admitted | NotAdmitted,
        hub: Hub | None,
        responsible: Callable[[], bool],
        turned_off: Mapping[TurnedOff, ControlStatus],
    ) -> None:
        """Take what is declared now; the next cycle follows it.

        `turned_off`: controls that policies turned off, with the status that each had then.
        """
        self._document, self._admission, self._hub = document, admission, hub
        self._responsible = responsible
        self._turned_off = turned_off
        self.wake()

    def looks_at(self, hub: HubKey) -> bool:
        """Whether the target is a view on this hub."""
        return self._hub is not None and self._hub.key == hub

    def wake(self) -> None:
        """Run a cycle soon."""
        self._woken.set()

    async def run(self) -> None:
        """Run a cycle whenever woken, and now and then, until cancelled."""
        while True:
            pause = _AT_LEAST_EVERY
            with bound(target=self.name, cycle=next_cycle()):
                try:
                    await self._cycle()
                except KubeError as error:
                    logger.warning("The status is not written, and will be tried again: %s", error)
                    pause = _AFTER_A_FAILURE
                except Exception:
                    # One target's trouble is its own: no other ends with it, and this one is tried again.
                    logger.exception("The cycle ended by a defect of the operator")
                    pause = _AFTER_A_FAILURE
            await asyncio.sleep(_AT_MOST_EVERY)
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def end(self) -> None:
        """Withdraw all series; the object is gone, or this process ends."""
        self._world.exposition.withdraw(self._owner)

    async def _cycle(self) -> None:
        self._woken.clear()
        if self._admission is None or not self._responsible():
            self.end()
            return
        before = PostureTargetStatus.model_validate(self._document.get("status") or {})
        after = await self._after(before, self._admission)
        await self._publish(after, self._admission)
        await self._write(before, after)
        await self._tell_of_the_store()

    async def _after(
        self, before: PostureTargetStatus, admission: Admitted | NotAdmitted
    ) -> PostureTargetStatus:
        now, generation = datetime.now(UTC), int(self._document["metadata"]["generation"])
        fields: dict[str, Any] = {
            "observed_generation": generation,
            "last_handled_request": self._handled_request(before),
        }
        if isinstance(admission, NotAdmitted):
            self._shown = None
            fields["conditions"] = refused(before.conditions, admission.trouble, now, generation)
            return without_scores(before).model_copy(update=fields)
        if self._hub is None:
            raise RuntimeError("an admitted target has a hub")
        await self._evaluate(self._hub, admission)
        speaks_of_spec = before.observed_generation == generation or self._shown is not None
        status = before if speaks_of_spec else without_scores(before)
        shown, hub = self._shown, self._hub.status
        if shown is not None:
            fields |= evaluation_fields(
                shown.evaluation,
                admission.target.spec.scoring.method,
                exact_at=shown.exact_at,
                pooled=shown.pooled,
            )
        situation = situation_of(admission.target, hub, shown and shown.evaluation, shown and shown.exact_at)
        fields["conditions"] = assessed(before.conditions, situation, now, generation)
        return status.model_copy(update={**fields, **hub_fields(hub, before)})

    async def _evaluate(self, hub: Hub, admission: Admitted) -> None:
        """Bring what is shown up to date with the hub; score anew only when something has changed."""
        spec, status = admission.target.spec, hub.status
        declared = (
            hub.key,
            admission.accounts,
            *(spec.source, spec.products, spec.accounts, spec.scoring, spec.grouping),
        )
        if self._shown is not None and self._shown.declared != declared:
            self._shown = None
        facts, exact_at = status.facts, status.exact_at
        if facts is None or exact_at is None or spec.suspend:
            return
        turned_off = self._turned_off
        key = (hub, status.version, facts, declared, turned_off)
        if self._shown is not None and self._shown.key == key:
            self._shown = self._shown._replace(exact_at=exact_at)
            return
        chosen = chosen_standards(spec, {standard.name for standard in facts.standards})
        view = view_of(admission, facts, hub.controls(), chosen.present)._replace(turned_off=turned_off)
        found = await hub.evaluate(view, spec.scoring.evaluation_window)
        if found is not None:
            self._shown = Shown(key, declared, found.evaluation, found.exact_at, pooled=not chosen.missing)

    async def _publish(self, status: PostureTargetStatus, admission: Admitted | NotAdmitted) -> None:
        metadata = Metadata.model_validate(self._document["metadata"])
        own = (metadata.namespace, metadata.name)
        shown = self._shown
        conditions = {condition.type: condition.status.value for condition in status.conditions}
        samples: dict[Family, Any] = dict(condition_samples(POSTURE_TARGETS.kind, *own, conditions))
        if isinstance(admission, Admitted):
            spec = admission.target.spec
            samples |= objectives_of(*own, spec.objectives)
            if shown is not None:
                samples |= evaluation_samples(
                    *own,
                    shown.evaluation,
                    exact_at=shown.exact_at,
                    pooled=shown.pooled,
                    per_control=self._world.config.current().metrics.per_control,
                )
            elif kept := restored(status, spec.scoring.method, metadata.generation):
                samples |= restored_samples(*own, kept)
        lines = await asyncio.to_thread(rendered, samples)
        self._world.exposition.publish(self._owner, lines, self._responsible)

    async def _write(self, before: PostureTargetStatus, after: PostureTargetStatus) -> None:
        status = after.to_api()
        outcome = await write_status(
            self._world.client, POSTURE_TARGETS, self._document, status, ours=self._responsible
        )
        if outcome is not Written.WRITTEN:
            return
        self._document = {**self._document, "status": status}
        ref = ObjectRef.of(POSTURE_TARGETS, self._document)
        changes = transitions(
            [condition.to_api() for condition in before.conditions], status.get("conditions", [])
        )
        # What both conditions say is told once.
        told = {change.reason: change for change in reversed(changes) if change.type in _TOLD_IN_EVENTS}
        for change in reversed(told.values()):
            await self._tell(ref, change)

    async def _tell(self, ref: ObjectRef, change: Transition) -> None:
        logger.info("%s is %s: %s: %s", change.type, change.status, change.reason, change.message)
        is_bad = change.status == "False" and change.reason not in _NO_WARNING
        await self._world.events.post(
            ref,
            "Warning" if is_bad else "Normal",
            reason=change.reason,
            action="Evaluate",
            note=f"{change.type}: {change.message}",
        )

    async def _tell_of_the_store(self) -> None:
        """Post an event when what was known of the hub had to be thrown away."""
        replaced = self._hub.status.store_replaced if self._hub else None
        if replaced and replaced != self._store_replaced:
            ref = ObjectRef.of(POSTURE_TARGETS, self._document)
            note = f"All findings are read again, as the store was begun anew: {replaced}"
            await self._world.events.post(ref, "Warning", reason="StoreReplaced", action="Sync", note=note)
        self._store_replaced = replaced

    def _handled_request(self, before: PostureTargetStatus) -> str | None:
        """Start the run that the annotation asks for; return the last request whose run has ended."""
        requested = Metadata.model_validate(self._document["metadata"]).requested_at
        requested = requested and requested[:_LONGEST_REQUEST]
        if requested is None or requested == before.last_handled_request:
            return before.last_handled_request
        hub = self._hub
        suspended = isinstance(self._admission, Admitted) and self._admission.target.spec.suspend
        if hub is None or suspended:
            return requested
        if self._request is None or self._request[0] != requested:
            self._request = (requested, hub.request())
        return requested if hub.has_run(self._request[1]) else before.last_handled_request

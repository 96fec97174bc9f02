"""One PostureTarget: from what its hub knows to its metrics and its status."""

import logging
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from posture.api.conditions import READY, ConditionStatus
from posture.api.model import Metadata
from posture.api.targets.status import (
    DECLINING,
    GROUPED,
    INSIGHTS_READ,
    LISTENING,
    OVERDUE,
    PUBLISHED,
    SCORE_CURRENT,
    PostureTargetStatus,
)
from posture.domain.objectives.trend import Trend
from posture.domain.scoring.scores import Method
from posture.domain.time import SECOND, datetime_of
from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import POSTURE_TARGETS, Object, ObjectRef
from posture.kube.status import StatusWrite
from posture.publish.reports import RestoredScores, Shown, TargetReport
from posture.reconcile.access import Admitted, NotAdmitted
from posture.reconcile.context import Context
from posture.reconcile.loop import WakeLoop
from posture.reconcile.reporter import ReportedKind, Reporter
from posture.reconcile.scope import objectives_of
from posture.store.errors import StoreError
from posture.targets.conditions import assessed, refused
from posture.targets.costing import Costing
from posture.targets.evaluating import is_followed, shown_now, what_is_declared
from posture.targets.grouping import grouped, with_grouping
from posture.targets.history import ScoreHistory
from posture.targets.insights import insight_reports, with_insights
from posture.targets.listening import listened, with_listening
from posture.targets.objectives import NOT_COUNTED, overdue_fields, with_objectives, worst_fields
from posture.targets.publishing import current_until, with_published
from posture.targets.setup import TargetSetup
from posture.targets.situation import held_back, hub_fields, situation_of, told_hub
from posture.targets.status import (
    believed,
    chosen_scores,
    evaluation_fields,
    restored,
    scope_digest,
    without_scores,
)
from posture.targets.store_events import StoreEvents
from posture.targets.trend import trend_now

logger = logging.getLogger(__name__)

_AT_LEAST_EVERY = 30.0
_AT_MOST_EVERY = 1.0
_AFTER_A_FAILURE = 10.0
_WRITE_WITHIN = 60.0

_KIND = ReportedKind(
    POSTURE_TARGETS,
    PostureTargetStatus,
    action="Evaluate",
    bad={
        READY: ConditionStatus.FALSE,
        SCORE_CURRENT: ConditionStatus.FALSE,
        DECLINING: ConditionStatus.TRUE,
        OVERDUE: ConditionStatus.TRUE,
        GROUPED: ConditionStatus.FALSE,
        INSIGHTS_READ: ConditionStatus.FALSE,
        LISTENING: ConditionStatus.FALSE,
        PUBLISHED: ConditionStatus.FALSE,
    },
    calm=frozenset({"Syncing", "Suspended", "ReadingAccounts"}),
    # Ready and ScoreCurrent often say the same.
    reasons_once=True,
)


class TargetPhase(Enum):
    """How far a target is with being told of."""

    STANDING_BY = "standing by"
    """Nothing is declared yet, or another replica tells of it."""
    TAKING_OVER = "taking over"
    """This replica does now, and has to read the object: whoever did before may have written to it."""
    FOLLOWED = "followed"
    """Its status and its metrics are kept as its hub is."""


class Target:
    """Keeps the metrics and the status of one object, for as long as this replica leads.

    Status and metrics are written by the holder of the hub's Lease only; an object without a hub is looked
    after by the holder of the general one. `leading` tells at any moment.
    """

    def __init__(self, context: Context, document: Object) -> None:
        self._context = context
        self._document = document
        metadata = document["metadata"]
        self.name = f"{metadata['namespace']}/{metadata['name']}"
        self._uid = metadata["uid"]
        self._admission: Admitted | NotAdmitted | None = None
        # That which the admission is of; the document may be read again, and be newer.
        self._generation = 0
        self._hub: Hub | None = None
        self._leading: Leading = lambda: 0.0
        self._phase = TargetPhase.STANDING_BY
        self._shown: Shown | None = None
        self._trend: Trend | None = None
        self._history = ScoreHistory(self._uid)
        self._setup = TargetSetup()
        self._costing = Costing()
        self._request: tuple[str, Hub, int] | None = None
        self._store_events = StoreEvents(context)
        self._loop = WakeLoop(
            self._attempt, at_most_every=_AT_MOST_EVERY, fields=lambda: {"target": self.name}
        )
        self._objects = ObjectCache()
        self._reporter = Reporter(context, _KIND, self._objects)

    def update(
        self,
        document: Object,
        admission: Admitted | NotAdmitted,
        hub: Hub | None,
        leading: Leading,
    ) -> None:
        """Take what is declared now; the next cycle, at once if anything is new, follows it."""
        if hub is not self._hub:
            self._store_events.look_at(hub)
            self._shown = self._shown and self._shown._replace(polled_in=None)
        is_news = (hub, what_is_declared(document, admission)) != (
            self._hub,
            self._admission and what_is_declared(self._document, self._admission),
        )
        # A list may have been answered before our last write: the status is the one that was written then.
        self._document = self._objects.current(document)
        self._generation = int(document["metadata"]["generation"])
        self._admission, self._hub = admission, hub
        self._leading = leading
        if is_news:
            self.wake()

    @property
    def has_no_hub(self) -> bool:
        """Whether the target may not look at any hub."""
        return self._hub is None

    def looks_at(self, hub: HubKey) -> bool:
        """Whether the target is a view on this hub."""
        return self._hub is not None and self._hub.key == hub

    def wake(self) -> None:
        """Run a cycle soon."""
        self._loop.wake()

    async def run(self) -> None:
        """Run a cycle whenever woken, and now and then, until cancelled."""
        await self._loop.run()

    async def _attempt(self) -> float:
        """Run a cycle; return the seconds until the next one."""
        try:
            await self._cycle()
        except KubeError as error:
            logger.warning("The status could not be written; trying again: %s", error)
        except StoreError as error:
            logger.info("The hub's store is closing or being rebuilt; trying again: %s", error)
        except Exception:
            # One target's trouble is its own: no other ends with it, and this one is tried again.
            logger.exception("Evaluating the target crashed (a bug in the operator); trying again")
        else:
            return min(_AT_LEAST_EVERY, self._until_stale())
        return _AFTER_A_FAILURE

    def _until_stale(self) -> float:
        """Seconds until the score that is shown is older than two intervals, 0 or more."""
        if self._shown is None or self._hub is None or not isinstance(self._admission, Admitted):
            return _AT_LEAST_EVERY
        age = (self._hub.now() - self._shown.exact_at) / SECOND
        left = 2 * self._admission.target.spec.interval.total_seconds() - age
        return left if left > 0 else _AT_LEAST_EVERY

    def end(self) -> None:
        """Withdraw all series, and forget the numbers: others may write newer ones meanwhile."""
        self._context.sink.withdraw_target(self._uid)
        self._shown = None

    async def _cycle(self) -> None:
        if self._admission is None or not self._leading():
            self._phase = TargetPhase.STANDING_BY
            self.end()
            return
        if self._phase is not TargetPhase.FOLLOWED:
            self._phase = TargetPhase.TAKING_OVER
            ref = ObjectRef.of(POSTURE_TARGETS, self._document)
            self._document = await self._context.client.reread(ref)
            self._objects.store(self._document)
            self._phase = TargetPhase.FOLLOWED
        before = self._reporter.before(self._document, self._now())
        admission = self._admission  # others may be declared meanwhile
        if isinstance(self._admission, NotAdmitted):
            after, scores = self._refused(before, self._admission), None
        else:
            after, scores = await self._assessed(before, self._admission)
        if admission.target is not None:
            after = with_objectives(
                after,
                admission.target.spec.objectives,
                self._now(),
                shown=scores if isinstance(scores, Shown) else None,
                followed=is_followed(self._hub, admission),
                trend=self._trend,
            )
            outputs = [each.output for each in admission.target.spec.publish]
            namespace = admission.target.metadata.namespace
            deliveries = self._context.sink.deliveries(self._uid, namespace, outputs)
            after = with_published(after, outputs, deliveries, self._now())
        after = with_listening(after, listened(admission, self._hub), self._now())
        after = with_grouping(after, grouped(admission, self._hub, self._shown), self._now())
        after = with_insights(after, admission, self._hub)
        config = self._context.config.current()
        after = await self._costing.with_cost(after, admission, self._hub, scores, config)
        await self._publish(after, self._admission, scores)
        await self._write(before, after)
        await self._store_events.post(ObjectRef.of(POSTURE_TARGETS, self._document), self._hub)

    def _refused(self, before: PostureTargetStatus, admission: NotAdmitted) -> PostureTargetStatus:
        """Return the status of a target that may not look at its hub: nothing of the hub is in it."""
        self._shown = self._trend = None
        self._setup.forget()
        now, generation = self._now(), self._generation
        return without_scores(before).model_copy(
            update={
                "observed_generation": generation,
                "last_handled_request": self._handled_request(before),
                "conditions": refused(before.conditions, admission.trouble, now, generation),
                "sync": None,
                "hub": None,
                "organization": (),
            }
        )

    async def _assessed(
        self, before: PostureTargetStatus, admission: Admitted
    ) -> tuple[PostureTargetStatus, Shown | RestoredScores | None]:
        """Return the status, and the scores that go with it."""
        hub = self._hub
        if hub is None:
            raise RuntimeError("an admitted target has a hub")
        scope, method = scope_digest(admission), admission.target.spec.scoring.method
        generation, handled = self._generation, self._handled_request(before)
        await self._evaluate(hub, admission, scope)
        known = believed(before, scope)
        scores = chosen_scores(self._shown, restored(known, method), hub.status.term)
        situation = situation_of(admission, hub.status, scores)
        if self._request is not None and self._request[1] is hub and hub.waits(self._request[2]):
            situation = situation._replace(notes=(*situation.notes, held_back(hub.apart)))
        fields: dict[str, Any] = {
            "observed_generation": generation,
            "last_handled_request": handled,
            "conditions": assessed(before.conditions, situation, self._now(), generation),
            **hub_fields(admission, hub.status, before),
            **await self._setup.fields(hub, admission, self._shown),
        }
        if isinstance(scores, Shown):
            fields |= evaluation_fields(
                scores.evaluation, method, exact_at=scores.exact_at, pooled=scores.pooled
            )
            fields |= overdue_fields(scores, hub.controls()) | worst_fields(scores)
            fields["scope_digest"] = scope
        elif before.observed_generation != generation:
            # It may have been counted by other limits.
            fields |= NOT_COUNTED
        self._trend, told = await trend_now(self._history, hub, admission.target.spec, known, scores)
        fields |= told
        return known.model_copy(update=fields), scores

    async def _evaluate(self, hub: Hub, admission: Admitted, scope: str) -> None:
        """Bring what is shown up to date with the hub."""
        if self._shown is not None and self._shown.scope != scope:
            self._shown = None
        known = self._shown
        found = await shown_now(known, hub, admission, scope)
        if found is not known:
            self._shown = found

    def _now(self) -> datetime:
        """Return the time by the clock of the hub; by the local one where there is no hub."""
        return datetime.now(UTC) if self._hub is None else datetime_of(self._hub.now())

    async def _publish(
        self,
        status: PostureTargetStatus,
        admission: Admitted | NotAdmitted,
        scores: Shown | RestoredScores | None,
    ) -> None:
        metadata = Metadata.model_validate(self._document["metadata"])
        aims = objectives_of(admission.target.spec.objectives) if isinstance(admission, Admitted) else None
        report = TargetReport(
            metadata.namespace,
            metadata.name,
            {condition.type: condition.status.value for condition in status.conditions},
            aims,
            scores,
            per_control=self._context.config.current().metrics.per_control,
            drop=None if self._trend is None else float(self._trend.drop),
            hub=told_hub(self._hub, admission),
            insights=insight_reports(status),
            setup=self._setup.told,
            cost=self._costing.told,
        )
        if isinstance(admission, Admitted) and self._hub is not None:
            spec = admission.target.spec
            report = report._replace(
                method=Method(spec.scoring.method.value),
                told_at=self._hub.now(),
                current_until=current_until(status, scores, spec.interval),
            )
        await self._context.sink.show_target(self._uid, report, self._leading)

    async def _write(self, before: PostureTargetStatus, after: PostureTargetStatus) -> None:
        outcome = await self._reporter.write(
            self._document, before, after, self._leading, within=_WRITE_WITHIN
        )
        self._document = self._objects.current(self._document)
        if outcome is StatusWrite.OVERTAKEN:
            self.wake()

    def _handled_request(self, before: PostureTargetStatus) -> str | None:
        """Start the run that the annotation asks for; return the last request whose run has ended."""
        requested = Metadata.model_validate(self._document["metadata"]).requested_at
        if requested is None or requested == before.last_handled_request:
            return before.last_handled_request
        hub = self._hub
        suspended = isinstance(self._admission, Admitted) and self._admission.target.spec.suspend
        if hub is None or suspended:
            return requested
        if self._request is None or self._request[:2] != (requested, hub):
            self._request = (requested, hub, hub.request())
        return requested if hub.has_run(self._request[2]) else before.last_handled_request

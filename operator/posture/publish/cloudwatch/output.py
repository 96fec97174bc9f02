"""One output to CloudWatch: takes what targets show, keeps to its number of metrics, sends what changed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from posture.api.conditions import Trouble
from posture.aws.client.errors import AwsError, InvalidRequest
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.cloudwatch.client import CloudWatch
from posture.config.outputs import CloudWatchOutput
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.scores import Method
from posture.domain.text import counted
from posture.domain.time import SECOND
from posture.kube.leadership import Leading
from posture.logs import bound, next_cycle
from posture.pace import Lasting, steady
from posture.publish.cloudwatch.batching import batch, datum
from posture.publish.cloudwatch.ledger import DataPoint, Ledger
from posture.publish.cloudwatch.metrics import NAMES, MetricLevel, Readings, readings_of
from posture.publish.cloudwatch.selection import MetricGroup
from posture.publish.reports import Shown, TargetReport
from posture.publish.sending import ItemsRefused, QueueBounds, Sender, Undelivered
from posture.publish.sink import Delivery, PublishingTarget

logger = logging.getLogger(__name__)

_AT_MOST_EVERY = 1.0


class _MadeOf(NamedTuple):
    """What readings follow from."""

    evaluation: Evaluation
    name: str
    method: Method
    pooled: bool

    def is_same(self, other: "_MadeOf") -> bool:
        """Tell by identity of the evaluation: comparing all its numbers costs as much as reading them."""
        return self.evaluation is other.evaluation and self[1:] == other[1:]


class _Told(NamedTuple):
    """What a target showed last. `at`: `steady` seconds. `readings`: of its last scores that were current."""

    report: TargetReport
    leading: Leading
    at: float
    readings: Readings
    made_of: "_MadeOf | None"

    @property
    def now(self) -> int:
        """The time by the clock that dates the target's scores (µs)."""
        return self.report.told_at + int((steady() - self.at) * SECOND)

    @property
    def is_current(self) -> bool:
        return self.now < self.report.current_until and self.leading() > 0


class CloudWatchDestination:
    """An output of the configuration, as `outputs.cloudWatch` defines it; only `run` waits for AWS."""

    kind = "cloudwatch"

    def __init__(
        self, definition: CloudWatchOutput, sessions: Sessions, limiters: Limiters, usage: Usage
    ) -> None:
        self.definition = definition
        identity = Identity(definition.role_arn, None, definition.region)
        self._cloud = CloudWatch(sessions, identity, limiters, usage)
        self._publications: Sequence[PublishingTarget] = ()
        self._told: dict[str, _Told] = {}
        self._left_out = Counter[str]()
        self._ledger = Ledger(definition.max_metrics)
        self._woken = asyncio.Event()
        bounds = QueueBounds(definition.max_queue.events, definition.max_queue.age.total_seconds())
        self.sender = Sender[DataPoint](definition.name, bounds, cut=batch, deliver=self._deliver)

    def expect(self, publications: Sequence[PublishingTarget]) -> None:
        """Learn of all targets that may publish here, whoever works on them."""
        self._publications = publications
        for uid in self._told.keys() - {each.uid for each in publications}:
            self.withdraw(uid)

    def show(self, uid: str, report: TargetReport, leading: Leading) -> None:
        """Publish a target from now on as it is."""
        before = self._told.get(uid)
        readings, made_of = (before.readings, before.made_of) if before else ({}, None)
        self._told[uid] = _Told(report, leading, steady(), readings, made_of)
        self._woken.set()

    def withdraw(self, uid: str) -> None:
        """Publish nothing of a target any more."""
        told = self._told.pop(uid, None)
        self.sender.forget(uid)
        if told is not None:
            self._ledger.forget(each.metric for group in told.readings.values() for each in group)

    def delivery(self, uid: str) -> Delivery:
        """Tell how publishing a target goes."""
        standing, left_out = self.sender.standing(uid), self._left_out[uid]
        trouble = self.sender.trouble if standing.queued else None
        notes = []
        if left_out:
            note = (
                f"{counted(left_out, 'metric is', 'metrics are')} left out: maxMetrics of the output is"
                f" {self.definition.max_metrics}."
            )
            notes.append(note)
            if trouble is None and left_out == self._wanted(uid):
                trouble = Trouble("MaxMetrics", f"{note} Have it raised, or fewer targets publish there.")
        if standing.dropped:
            dropped = counted(standing.dropped, "value was", "values were")
            notes.append(f"{dropped} dropped: maxQueue was reached, or CloudWatch refused them.")
        name, last = self.definition.name, standing.last_success
        return Delivery(name, last, standing.queued, trouble, " ".join(notes))

    async def run(self) -> None:
        """Publish until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take())
            group.create_task(self.sender.run())

    async def _take(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            with bound(output=self.definition.name, cycle=next_cycle()):
                try:
                    await self._queue_what_is_due()
                except Exception:
                    # One output's trouble is its own; targets are shown again and again.
                    logger.exception(
                        "Publishing to the output %s failed unexpectedly (a bug in the operator)",
                        self.definition.name,
                    )
            await asyncio.sleep(_AT_MOST_EVERY)

    async def _queue_what_is_due(self) -> None:
        for uid in list(self._told):
            await self._read(uid)
        current = {uid: told for uid, told in self._told.items() if told.is_current}
        if not current:
            return
        groups = [group for each in self._publications for group in self._groups(each, current)]
        now = max(told.now for told in current.values())
        due, selection = self._ledger.due(groups, now, unsent=self.sender.length > 0)
        self._left_out = selection.left_out
        by_owner: dict[str, list[DataPoint]] = {}
        for owner, point in due:
            by_owner.setdefault(owner, []).append(point)
        for owner, points in by_owner.items():
            self.sender.put(owner, points, current[owner].leading)

    async def _read(self, uid: str) -> None:
        """Make the readings of a target's scores, where they are other ones."""
        told = self._told[uid]
        report, shown = told.report, told.report.scores
        if not isinstance(shown, Shown) or not told.is_current:
            return
        made_of = _MadeOf(shown.evaluation, report.name, report.method, shown.pooled)
        if told.made_of is not None and made_of.is_same(told.made_of):
            return
        readings = await asyncio.to_thread(
            readings_of, report.name, shown.evaluation, report.method, pooled=shown.pooled
        )
        newest = self._told.get(uid)
        # It may have been withdrawn meanwhile, or shown anew: then this is done again at once.
        if newest is not None and newest.report is report:
            self._told[uid] = newest._replace(readings=readings, made_of=made_of)

    def _groups(self, publication: PublishingTarget, current: dict[str, _Told]) -> Iterable[MetricGroup]:
        uid, target = publication.uid, (publication.namespace, publication.name)
        told, is_current = self._told.get(uid), uid in current
        counts = {
            MetricLevel.TARGET: 1,
            MetricLevel.STANDARD: publication.standards,
            MetricLevel.WORKLOAD: publication.workloads,
        }
        for level in MetricLevel:
            for name in NAMES:
                readings = told.readings.get((level, name), ()) if told else ()
                if is_current:
                    yield MetricGroup(level, name, target, uid, readings)
                else:
                    known = len(readings) if told and told.readings else counts[level]
                    yield MetricGroup(level, name, target, uid, reserved=known)

    def _wanted(self, uid: str) -> int:
        told = self._told.get(uid)
        return sum(map(len, told.readings.values())) if told else 0

    async def _deliver(self, points: Sequence[DataPoint], within: float) -> int:
        namespace = self.definition.metric_namespace
        try:
            return await self._cloud.put_metric_data(namespace, list(map(datum, points)), within=within)
        except InvalidRequest as error:
            raise ItemsRefused(error.reason, str(error)) from error
        except AwsError as error:
            raise Undelivered(error.reason, str(error), lasting=isinstance(error, Lasting)) from error

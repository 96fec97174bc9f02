"""One output to Splunk: what waits for it in the hubs' outboxes, and what targets show, to its collector."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from posture.config.outputs import SplunkEvents, SplunkOutput
from posture.domain.outbox import EventKind, OutboxEvent, Outlet
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.text import counted
from posture.hubs.demand import HubKey
from posture.kube.leadership import Leading
from posture.logs import bound, next_cycle
from posture.pace import steady
from posture.publish.outbox import OutboxSender, TakenEvents
from posture.publish.reports import Shown, TargetReport
from posture.publish.sending import QueueBounds, Undelivered
from posture.publish.sink import Delivery, OutboxHub, PublishingTarget
from posture.publish.splunk.collector import Collector
from posture.publish.splunk.envelope import MOST, enveloped, event_batches
from posture.publish.splunk.scores import Statements, ended, scores_of
from posture.store.errors import StoreError

logger = logging.getLogger(__name__)

_KINDS = {
    SplunkEvents.FINDINGS: EventKind.FINDING,
    SplunkEvents.SCORES: EventKind.SCORE,
    SplunkEvents.EXCEPTIONS: EventKind.EXCEPTION,
    SplunkEvents.REMEDIATIONS: EventKind.REMEDIATION,
}
_UNDER_WAY = 8
"""Requests that may wait for their acknowledgement at once."""
_ACK_WITHIN = 120.0
_ASK_EVERY = 1.0
_AT_MOST_EVERY = 1.0


def outlet_of(definition: SplunkOutput) -> Outlet:
    """Return an output as the outboxes of hubs serve it."""
    kinds = frozenset(_KINDS[each] for each in definition.send)
    return Outlet(definition.name, kinds, definition.backfill)


class SplunkDestination:
    """An output of the configuration, as `outputs.splunk` defines it; only `run` waits for Splunk."""

    kind = "splunk"

    def __init__(self, definition: SplunkOutput) -> None:
        self.definition = definition
        self.outlet = outlet_of(definition)
        self._collector = Collector(definition)
        self._publications: Mapping[str, PublishingTarget] = {}
        self._hubs: Mapping[HubKey, OutboxHub] = {}
        self._shown: dict[str, tuple[Shown, TargetReport, Leading]] = {}
        self._told: dict[str, tuple[Evaluation, Statements]] = {}
        self._is_shown = asyncio.Event()
        bounds = QueueBounds(definition.max_queue.events, definition.max_queue.age.total_seconds())
        self.sender = OutboxSender(
            self.outlet,
            bounds,
            size=MOST * (_UNDER_WAY if definition.acknowledge else 1),
            deliver=self._deliver,
            sees=self._sees,
            renewed=self._collector.has_other_files,
        )

    def expect(self, publications: Sequence[PublishingTarget]) -> None:
        """Learn of all targets that may publish here, whoever works on them."""
        self._publications = {each.uid: each for each in publications}

    def connect(self, hubs: Mapping[HubKey, OutboxHub]) -> None:
        """Learn which hubs there are."""
        used = {each.hub for each in self._publications.values()}
        self._hubs = {key: hub for key, hub in hubs.items() if key in used}
        self.sender.connect(self._hubs)
        if self._shown:
            self._is_shown.set()

    def show(self, uid: str, report: TargetReport, leading: Leading) -> None:
        """Have a target's scores told, where they are current and other ones than before."""
        if isinstance(report.scores, Shown) and report.told_at < report.current_until:
            self._shown[uid] = report.scores, report, leading
            self._is_shown.set()

    def withdraw(self, uid: str) -> None:
        """Tell no scores of a target any more; what waits was so, and is sent."""
        self._shown.pop(uid, None)
        self._told.pop(uid, None)

    def delivery(self, uid: str) -> Delivery:
        """Tell how publishing a target goes: how its hub's outbox fares."""
        publication = self._publications.get(uid)
        if publication is None or publication.hub is None:
            return Delivery(self.definition.name)
        waiting, dropped, last = self.sender.standing(publication.hub)
        trouble = self.sender.trouble if waiting.events else None
        note = ""
        if dropped:
            said = counted(dropped, "event was", "events were")
            note = f"{said} dropped: maxQueue was reached, or Splunk refused them."
        return Delivery(self.definition.name, last, waiting.events, trouble, note)

    async def run(self) -> None:
        """Publish until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.sender.run())
                group.create_task(self._tell_scores())
        finally:
            await self._collector.close()

    async def _tell_scores(self) -> None:
        while True:
            await self._is_shown.wait()
            self._is_shown.clear()
            with bound(output=self.definition.name, cycle=next_cycle()):
                for uid in list(self._shown):
                    try:
                        await self._tell_scores_of(uid)
                    except StoreError as error:
                        # They are shown again with the next poll.
                        logger.warning("The scores of a target cannot be put into its outbox: %s", error)
                    except Exception:
                        # One output's trouble is its own; targets are shown again and again.
                        logger.exception("Telling scores failed unexpectedly (a bug in the operator)")
            await asyncio.sleep(_AT_MOST_EVERY)

    async def _tell_scores_of(self, uid: str) -> None:
        """Put scores that are other ones than before into the outbox of the target's hub."""
        shown, report, leading = self._shown[uid]
        publication = self._publications.get(uid)
        hub = None if publication is None or publication.hub is None else self._hubs.get(publication.hub)
        before = self._told.get(uid)
        if publication is None or hub is None or leading() <= 0 or EventKind.SCORE not in self.outlet.kinds:
            return
        if before is not None and before[0] is shown.evaluation:
            return
        scores = await asyncio.to_thread(
            scores_of, publication, shown.evaluation, report.method, shown.exact_at, pooled=shown.pooled
        )
        gone = [] if before is None else ended(before[1], scores, shown.exact_at)
        statements = [*gone, *scores.values()]
        if await hub.look(lambda findings: findings.outbox.state(statements, hub.now())) is not None:
            self._told[uid] = shown.evaluation, scores
            self.sender.wake()

    def _sees(self, key: HubKey, event: OutboxEvent) -> bool:
        """Whether any target that publishes here may be told of an event of its hub."""
        return any(each.hub == key and _may_see(each, event) for each in self._publications.values())

    async def _deliver(self, hub: OutboxHub, events: Sequence[OutboxEvent], leading: Leading) -> TakenEvents:
        index = self.definition.index
        bodies = await asyncio.to_thread(lambda: [enveloped(each, hub.name, index) for each in events])
        cut = event_batches(bodies)
        if not self.definition.acknowledge:
            receipt = await self._collector.send(cut[0], leading)
            return TakenEvents(len(cut[0]), receipt.pause)
        return await self._deliver_acknowledged(cut, leading)

    async def _deliver_acknowledged(self, cut: Sequence[Sequence[bytes]], leading: Leading) -> TakenEvents:
        """Send several batches, one after the other, and return how many events are indexed of the first."""
        asked: list[tuple[int, int]] = []
        pause = 0.0
        for batch in cut[:_UNDER_WAY]:
            try:
                receipt = await self._collector.send(batch, leading)
            except Undelivered:
                if not asked:
                    raise
                # It is the first of the next attempt.
                break
            if receipt.ack_id is not None:
                asked.append((receipt.ack_id, len(batch)))
            pause = max(pause, receipt.pause)
        indexed = await self._indexed({number for number, _ in asked}, leading)
        taken = 0
        for number, length in asked:
            if number not in indexed:
                break
            taken += length
        if not taken:
            raise Undelivered(
                "NotAcknowledged",
                f"Splunk did not acknowledge what it took within {_ACK_WITHIN:.0f} s: it is sent again",
            )
        return TakenEvents(taken, pause)

    async def _indexed(self, waiting: set[int], leading: Leading) -> set[int]:
        """Ask until all of them are indexed, or the time is over."""
        indexed: set[int] = set()
        until = steady() + _ACK_WITHIN
        while waiting - indexed and steady() < until and leading() > 0:
            indexed |= await self._collector.acknowledged(waiting - indexed, leading)
            if waiting - indexed:
                await asyncio.sleep(_ASK_EVERY)
        return indexed


def _may_see(publication: PublishingTarget, event: OutboxEvent) -> bool:
    if event.audience:
        return event.audience == publication.audience
    scope = publication.scope
    return scope is not None and event.check is not None and scope.sees(event.check, event.account_id)

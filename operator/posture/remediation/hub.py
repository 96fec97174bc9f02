"""The rules of one hub: planned after each exact poll, by the holder of the hub's Lease alone."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.api.model import Metadata
from posture.domain.exceptions.policy import namespace_of
from posture.domain.remediation.journal import Journal
from posture.domain.remediation.plan import Plan
from posture.domain.time import SECOND
from posture.hubs.hub import Hub
from posture.hubs.status import HubPhase
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import Object
from posture.reconcile.access import Admitted
from posture.reconcile.context import Context
from posture.reconcile.hub_reconciler import AT_LEAST_EVERY, HubReconciler, Pass
from posture.reconcile.scope import HubView
from posture.remediation.conditions import RuleCase
from posture.remediation.declared import DeclaredRule, RuleTerms
from posture.remediation.planning import Moment, plan_of
from posture.remediation.policies import Policies
from posture.remediation.reporting import Reported, RuleReporter
from posture.remediation.survey import Asked, Survey


class HubRules(NamedTuple):
    """What is declared for one hub, from one listing: its rules, its targets by namespace/name, policies."""

    rules: Sequence[DeclaredRule] = ()
    targets: Mapping[str, Admitted] = {}
    policies: Policies = Policies({}, {})

    @property
    def followed(self) -> Iterable[Object]:
        """Give the objects that are acted on."""
        return self.known

    @property
    def known(self) -> Iterable[Object]:
        """Give all objects of which anything is kept."""
        return [each.document for each in self.rules]

    @property
    def asked(self) -> Asked:
        """Give what is to be planned: nothing for a target that is suspended."""
        rules = {
            each.name: each.terms
            for each in self.rules
            if each.terms is not None and each.admitted is not None and not each.admitted.target.spec.suspend
        }
        return Asked(self.targets, rules, self.policies)


class HubRemediation(HubReconciler[HubRules]):
    """Plans the rules of one hub, and tells of them, while this replica holds the hub's Lease."""

    def __init__(self, context: Context, hub: Hub) -> None:
        objects = ObjectCache()
        super().__init__(context, hub, HubRules(), objects, "Rules")
        self._reporter = RuleReporter(context, ("remediation", hub.name), hub.leading, objects)
        self._survey = Survey()
        self._planned_of: tuple[int | None, Asked] | None = None
        self._plans: dict[str, tuple[RuleTerms, Plan]] = {}
        self._requests: dict[str, tuple[str, int]] = {}

    def end(self) -> None:
        """Withdraw all series."""
        self._reporter.end()

    async def _pass(self, everything: HubRules, now: int) -> Pass:
        self._follow(everything)
        await self._plan(everything, now)
        failure = await self._reporter.report([self._reported(each, now) for each in everything.rules])
        return Pass(complete=True, failure=failure, next_within=AT_LEAST_EVERY)

    def _has_concluded(self) -> bool:
        return bool(self._plans)

    def _stand_down(self) -> None:
        super()._stand_down()
        self._forget()

    def _break_down(self) -> None:
        self._forget()

    def _forget(self) -> None:
        """Forget what was planned; since when anything is in scope is in the store."""
        self._survey, self._planned_of = Survey(), None
        self._plans.clear()
        self._requests.clear()

    def _follow(self, everything: HubRules) -> None:
        """Ask for a poll where a person asks for a run."""
        for each in everything.rules:
            requested = Metadata.model_validate(each.document["metadata"]).requested_at
            if requested is None or requested == self._requests.get(each.name, (None, 0))[0]:
                continue
            if requested != self._reporter.status_before(each, self._hub.now()).last_handled_request:
                self._requests[each.name] = (requested, self._hub.request_poll())

    async def _plan(self, everything: HubRules, now: int) -> None:
        """Plan anew by each exact poll, and whenever something else is declared; nothing is written by it."""
        asked, status = everything.asked, self._hub.status
        if not asked.rules:
            self._plans.clear()
            return
        if not self._hub.is_open() or not status.polled or status.facts is None or status.turned_off is None:
            return
        exact_at = status.exact_at
        if self._planned_of == (exact_at, asked):
            return
        told = HubView(status.facts, self._hub.controls(), self._hub.names(), status.turned_off)
        survey, interval = self._survey, int((status.interval_seconds or 0) * SECOND)
        picture = await self._hub.look(
            lambda known: survey.look(known, told._replace(told=known.told_standards()), asked, now, interval)
        )
        if picture is not None:
            self._planned_of = exact_at, asked
            # No version before this one has written anything that would be in the journal.
            moment = Moment(now, now, Journal(()))
            self._plans = {
                name: (surveyed.terms, await asyncio.to_thread(plan_of, surveyed, moment, {}))
                for name, surveyed in picture.rules.items()
            }

    def _reported(self, declared: DeclaredRule, now: int) -> Reported:
        terms, plan = self._plans.get(declared.name, (None, None))
        case = RuleCase(
            declared,
            plan if terms is not None and terms == declared.terms else None,
            self._hub.status.error,
            self._everything.policies.unreadable.get(namespace_of(declared.name), ""),
            now,
            begins=self._begins(),
        )
        return Reported(case, self._handled(declared, now))

    def _begins(self) -> bool:
        # A first sweep takes its time, and is told.
        return self._hub.status.phase is not HubPhase.SYNCING and super()._begins()

    def _handled(self, declared: DeclaredRule, now: int) -> str | None:
        """Return the last request by annotation whose run has ended."""
        before = self._reporter.status_before(declared, now).last_handled_request
        requested, ticket = self._requests.get(declared.name, (None, 0))
        if requested is None or not self._hub.has_run(ticket):
            return before
        return requested

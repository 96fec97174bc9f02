"""The rules of one hub: planned after each exact poll, and acted on, by the holder of its Lease alone."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.api.model import Metadata
from posture.domain.exceptions.policy import namespace_of
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
from posture.remediation.declared import DeclaredRule
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.live import LiveResources
from posture.remediation.engine.parts import round_of
from posture.remediation.engine.round import RuleOutcome
from posture.remediation.histories import Histories
from posture.remediation.outcomes import Outcomes
from posture.remediation.policies import Policies
from posture.remediation.reporting import ReportedRule, RuleReporter
from posture.remediation.survey import Asked, Picture, Survey
from posture.remediation.telling import RemediationTelling
from posture.sources.findings_view import FindingsView

_ROUND_EVERY = 20.0
_SOON = 2.0


class HubRules(NamedTuple):
    """What is declared for one hub, from one listing: its rules, its targets by namespace/name, policies."""

    rules: Sequence[DeclaredRule] = ()
    targets: Mapping[str, Admitted] = {}
    policies: Policies = Policies({}, {})
    remediations: Sequence[Object] = ()
    """Of these targets: what was done, and what goes on."""

    @property
    def followed(self) -> Iterable[Object]:
        """Give the objects that are acted on."""
        return self.known

    @property
    def known(self) -> Iterable[Object]:
        """Give all objects of which anything is kept."""
        return [each.document for each in self.rules]

    @property
    def protection(self) -> tuple[Mapping[str, object], Mapping[str, str]]:
        """Give the policies of these targets, and those that cannot be read."""
        by_target = self.policies.by_target
        return {each: by_target[each] for each in self.targets if each in by_target}, self.policies.unreadable

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
    """Plans and carries out the rules of one hub, while this replica holds the hub's Lease.

    `live`, `accounts`: how resources are looked at, and who reads and writes them; None: as AWS has them.
    """

    def __init__(
        self,
        context: Context,
        hub: Hub,
        live: LiveResources | None = None,
        accounts: Accounts | None = None,
    ) -> None:
        objects = ObjectCache()
        super().__init__(context, hub, HubRules(), objects, "Rules")
        self._reporter = RuleReporter(context, ("remediation", hub.name), hub.leading, objects)
        self._survey = Survey()
        self._histories = Histories(context.security_hub(hub.key))
        self._surveyed_of: tuple[int | None, Asked] | None = None
        self._picture: Picture | None = None
        self._results: dict[str, RuleOutcome] = {}
        self._outcomes = Outcomes(context.events)
        self._round = round_of(
            context,
            hub,
            seconds_left=self._seconds_left,
            lease_left=self._lease_left,
            told=self._outcomes.tell,
            live=live,
            accounts=accounts,
        )
        self._telling = RemediationTelling(hub)
        self._requests: dict[str, tuple[str, int]] = {}
        self._journal: frozenset[tuple[str, int, str | None]] = frozenset()
        self._ran = -math.inf

    def update(self, everything: HubRules) -> None:
        """Take what is declared now, and see whether somebody has approved, undone or asked for something."""
        asked = frozenset(
            (each["metadata"]["uid"], each["metadata"]["generation"], _requested(each))
            for each in everything.remediations
        )
        if asked != self._journal:
            self._journal, self._ran = asked, -math.inf
        if everything.protection != self._everything.protection:
            # What is being written may be protected now.
            self._news = True
        super().update(everything)

    def end(self) -> None:
        """Withdraw all series."""
        self._reporter.end()

    async def _pass(self, everything: HubRules, now: int) -> Pass:
        self._follow(everything)
        await self._telling.tell(everything.remediations, now)
        await self._look(everything, now)
        if time.monotonic() - self._ran >= _ROUND_EVERY:
            cycle = self._hub.status.exact_at or now
            self._results = await self._round.run(self._picture, everything.rules, everything.targets, cycle)
            self._ran = -math.inf if self._round.goes_on else time.monotonic()
        self._outcomes.name_rules(everything.rules)
        failure = await self._reporter.report([self._reported(each, now) for each in everything.rules])
        next_within = _SOON if self._round.goes_on else AT_LEAST_EVERY
        return Pass(complete=True, failure=failure, next_within=next_within)

    def _has_concluded(self) -> bool:
        return bool(self._results)

    def _stand_down(self) -> None:
        super()._stand_down()
        self._forget()

    def _break_down(self) -> None:
        self._forget()

    def _forget(self) -> None:
        """Forget what was planned; since when anything is in scope is in the store."""
        self._survey, self._surveyed_of, self._picture = Survey(), None, None
        self._results.clear()
        self._requests.clear()
        self._telling = RemediationTelling(self._hub)
        self._ran = -math.inf

    def _follow(self, everything: HubRules) -> None:
        """Ask for a poll where a person asks for a run."""
        for each in everything.rules:
            requested = _requested(each.document)
            if requested is None or requested == self._requests.get(each.name, (None, 0))[0]:
                continue
            if requested != self._reporter.status_before(each, self._hub.now()).last_handled_request:
                self._requests[each.name] = (requested, self._hub.request_poll())

    async def _look(self, everything: HubRules, now: int) -> None:
        """Survey anew by each exact poll, and whenever something else is declared."""
        asked, status = everything.asked, self._hub.status
        if not asked.rules:
            self._picture, self._surveyed_of = None, None
            return
        if not self._hub.is_open() or not status.polled or status.facts is None or status.turned_off is None:
            return
        exact_at = status.exact_at
        if self._surveyed_of == (exact_at, asked):
            return
        view = HubView(
            status.facts,
            self._hub.controls(),
            self._hub.names(),
            status.turned_off,
            organizations=status.organizations,
        )
        survey, interval = self._survey, int((status.interval_seconds or 0) * SECOND)

        def look(known: FindingsView) -> Picture:
            hub = view._replace(told=known.told_standards())
            return survey.look(known, hub, asked, now, interval, histories.answers)

        histories = self._histories
        picture = await self._hub.look(look)
        told = False
        if picture is not None and picture.questions:
            told = await histories.ask(picture.questions, picture.watched_since)
            picture = await self._hub.look(look) if told else picture
        if picture is not None:
            # Where answers come, the next pass asks for what is left.
            self._surveyed_of = None if told and picture.questions else (exact_at, asked)
            self._picture = picture
            self._ran = -math.inf

    def _reported(self, declared: DeclaredRule, now: int) -> ReportedRule:
        result = self._results.get(declared.name)
        current = self._picture.rules.get(declared.name) if self._picture is not None else None
        if current is None or current.terms != declared.terms:
            result = None
        case = RuleCase(
            declared,
            None if result is None else result.plan,
            self._hub.status.error,
            self._everything.policies.unreadable.get(namespace_of(declared.name), ""),
            now,
            begins=self._begins(),
            states=None if result is None else result.states,
            frozen=self._context.config.current().frozen,
        )
        return ReportedRule(case, self._handled(declared, now), self._outcomes.of(declared.name))

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


def _requested(document: Object) -> str | None:
    return Metadata.model_validate(document["metadata"]).requested_at

"""All that must hold for a write, asked again of its sources as the last thing before it.

The same rules decide as for the plan (`posture.domain.remediation.plan`), over what is declared, found,
tagged and journalled now. What changed since it was made is a reason not to write: the next plan sees it too.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.client import SecurityHub
from posture.config.model import Config
from posture.domain.exceptions.policy import namespace_of
from posture.domain.findings import Compliance, Workflow
from posture.domain.remediation.candidates import Candidate
from posture.domain.remediation.collecting import Gathering, Known
from posture.domain.remediation.journal import Entry
from posture.domain.remediation.reasons import Outcome, Reason
from posture.domain.remediation.rule import plan_hash
from posture.hubs.hub import Hub
from posture.kube.errors import Gone
from posture.kube.resources import POSTURE_TARGETS, REMEDIATION_RULES, SUPPRESSION_POLICIES, Object, name_of
from posture.reconcile.access import Admitted, admit
from posture.reconcile.context import Context
from posture.reconcile.scope import TargetScope
from posture.remediation.actions.contract import SubWrite, reason_of
from posture.remediation.declared import DeclaredRule, RuleTerms, declare_rule
from posture.remediation.engine.asking import Ask, fails_since, why_changed, why_not_approved, why_not_planned
from posture.remediation.engine.findings import Reread, reread
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.live import LiveResources, Question
from posture.remediation.policies import Policies, PolicyReader
from posture.remediation.protection import Protecting, TurnedOffAt
from posture.remediation.survey import Picture, Surveyed

logger = logging.getLogger(__name__)


class Cleared(NamedTuple):
    """A write that may be made now, for a moment. `subs`: all that would put the resource right."""

    terms: RuleTerms
    subs: tuple[SubWrite, ...]
    managed_by: str = ""
    """What made the resource, and may set it back; empty: nothing that is known."""


class Clearance:
    """Asks for one hub, in the order of what each question costs. `picture`: the last survey's."""

    def __init__(
        self, context: Context, hub: Hub, cloud: SecurityHub, live: LiveResources, journal: RemediationJournal
    ) -> None:
        self._context = context
        self._hub = hub
        self._cloud = cloud
        self._live = live
        self._journal = journal

    async def of(self, ask: Ask, picture: Picture) -> Cleared | Outcome:
        """Say whether a write may be made, or why not. Raises KubeError: nothing is known then."""
        surveyed = picture.rules.get(ask.rule)
        if surveyed is None:
            return Outcome(Reason.PENDING, "The findings of the rule are not known.")
        refusal = self._forbidden(ask) or why_changed(await self._declared(ask.rule), surveyed, picture)
        refusal = refusal or why_not_approved(ask, surveyed)
        if refusal is not None:
            return refusal
        targets, policies = await self._targets(), await self._policies()
        namespace, now = namespace_of(ask.rule), self._hub.now()
        known = policies.unreadable.get(namespace)
        if known is not None:
            return Outcome(Reason.POLICY_UNREADABLE, f"SuppressionPolicy {known} cannot be read.")
        if refusal := self._moved(targets, policies, picture):
            return refusal
        try:
            findings = await reread(self._cloud, ask.candidate)
        except AwsError as error:
            return Outcome(reason_of(error), f"Its findings cannot be read: {error}")
        if not findings.whole:
            return Outcome(Reason.UNREADABLE, "Not all findings of the resource can be read.")
        candidate = await asyncio.to_thread(
            self._candidate, ask, surveyed, picture, findings, Protection(policies, now)
        )
        if candidate is None:
            return Outcome(Reason.ALREADY_COMPLIANT, "No finding of it that the rule selects fails any more.")
        return await self._decided(ask, surveyed, candidate, findings.parameters, now)

    def _forbidden(self, ask: Ask) -> Outcome | None:
        """Say why nothing is written for anybody, or for a namespace."""
        self._context.config.reload_if_changed()
        if self._context.config.current().frozen:
            return Outcome(Reason.PENDING, "Writes are frozen by the operator's configuration.")
        if self._context.writers.yields(namespace_of(ask.rule)):
            return Outcome(Reason.PENDING, "Another release of the operator works for this namespace.")
        return None

    async def _declared(self, rule: str) -> DeclaredRule | None:
        """Return the rule and its target as they are declared now; None where the rule is gone."""
        namespace, _, name = rule.partition("/")
        client = self._context.client
        try:
            document = await client.get(REMEDIATION_RULES, namespace, name)
            if document["metadata"].get("deletionTimestamp"):
                return None
            target_name = document.get("spec", {}).get("targetRef", {}).get("name", "")
            target = await client.get(POSTURE_TARGETS, namespace, target_name)
        except Gone:
            return None
        config = self._context.config.current()
        admissions = {name_of(target): (target, admit(target, config))}
        return declare_rule(document, admissions, config)

    async def _targets(self) -> Sequence[Object]:
        return await self._context.client.list_objects(POSTURE_TARGETS, self._context.namespaces)

    async def _policies(self) -> Policies:
        client = self._context.client
        return PolicyReader().read(await client.list_objects(SUPPRESSION_POLICIES, self._context.namespaces))

    def _moved(self, targets: Iterable[Object], policies: Policies, picture: Picture) -> Outcome | None:
        """Refuse where policies stand for a target of this hub that was not there when it was surveyed."""
        config: Config = self._context.config.current()
        for document in targets:
            name = name_of(document)
            if name in picture.scopes or name not in policies.by_target:
                continue
            admission = admit(document, config)
            if isinstance(admission, Admitted) and admission.hub == self._hub.key:
                return Outcome(Reason.PENDING, "A target of this Security Hub is new, and has policies.")
        return None

    def _candidate(
        self, ask: Ask, surveyed: Surveyed, picture: Picture, findings: Reread, protection: "Protection"
    ) -> Candidate | None:
        """Make the candidate anew of what was read. Not for the event loop's thread."""
        terms = surveyed.terms
        scope: TargetScope = picture.scopes[terms.target]
        policies = Protecting(protection.policies, picture.scopes, protection.now)
        hub = picture.hub._replace(turned_off=self._hub.status.turned_off or picture.hub.turned_off)
        since = ask.candidate.failing_since
        gathering = Gathering(
            {ask.rule: terms.selecting},
            scope.scope.groups,
            Known(
                scope.scope.controls,
                policies.told(namespace_of(ask.rule)),
                lambda finding: fails_since(finding, since, protection.now),
                TurnedOffAt(hub),
            ),
        )
        covered = [
            each for each in findings.findings.values() if scope.scope.covers(each.check, each.account_id)
        ]
        for each in covered:
            if each.compliance is not Compliance.PASSED:
                gathering.add(each)
        # What protects a finding of the resource protects it, were that one of another target's standards.
        for each in findings.findings.values():
            if each.compliance is not Compliance.PASSED or each.workflow is Workflow.SUPPRESSED:
                gathering.add_beside(each)
        key = ask.candidate.resource
        found = next((each for each in gathering.candidates(ask.rule) if each.resource == key), None)
        # What is read now does not say when it turned: the plan knows.
        return None if found is None else found._replace(turned_at=ask.candidate.turned_at)

    async def _decided(
        self,
        ask: Ask,
        surveyed: Surveyed,
        candidate: Candidate,
        parameters: Mapping[str, Sequence[str]],
        now: int,
    ) -> Cleared | Outcome:
        """Decide over what was read: by the plan's own rules, the live resource last."""
        namespace, resource = namespace_of(ask.rule), candidate.resource
        others = await self._others(ask, now)
        first = why_not_planned(ask, surveyed, candidate, others, now, {})
        if first is not None:
            return first
        question = Question(
            namespace,
            surveyed.terms,
            resource,
            frozenset(candidate.controls),
            now,
            candidate.findings[0],
            parameters,
        )
        look = await self._live.look(question, self._context.config.current())
        refusal = why_not_planned(ask, surveyed, candidate, others, now, {resource: look.seen})
        if refusal is not None:
            return refusal
        if ask.hash_of and ask.hash_of != plan_hash(surveyed.terms.rule, resource, look.seen.writes):
            return Outcome(
                Reason.PENDING, "What would be written is not what was planned: it is planned anew."
            )
        return Cleared(surveyed.terms, look.subs, look.managed_by)

    async def _others(self, ask: Ask, now: int) -> list[Entry]:
        """Return all of the journal but the entry that the write is for."""
        namespace = namespace_of(ask.rule)
        return [
            each.entry
            for each in await self._journal.entries(now)
            if (each.entry.name, namespace_of(each.name)) != (ask.entry, namespace)
        ]


class Protection(NamedTuple):
    """What is declared to protect at a moment (µs)."""

    policies: Policies
    now: int

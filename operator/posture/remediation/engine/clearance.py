"""All that must hold for a write, asked again of its sources as the last thing before it.

The same rules decide as for the plan (`posture.domain.remediation.plan`), over what is declared, found,
tagged and journalled now. What changed since it was made is a reason not to write: the next plan sees it too.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.client import SecurityHub
from posture.config.model import Config
from posture.domain.exceptions.policy import namespace_of
from posture.domain.findings import Compliance, Finding, Workflow
from posture.domain.remediation.candidates import Candidate, Gathering, Known
from posture.domain.remediation.journal import Entry, Journal
from posture.domain.remediation.plan import plan
from posture.domain.remediation.reasons import Outcome, Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Circumstances, Opening, Seen, plan_hash
from posture.domain.time import SECOND
from posture.hubs.hub import Hub
from posture.kube.errors import Gone
from posture.kube.resources import POSTURE_TARGETS, REMEDIATION_RULES, SUPPRESSION_POLICIES, Object, name_of
from posture.reconcile.access import Admitted, admit
from posture.reconcile.context import Context
from posture.reconcile.hub_reconciler import CALL_WITHIN
from posture.reconcile.scope import TargetScope
from posture.remediation.actions.contract import SubWrite, reason_of
from posture.remediation.declared import DeclaredRule, RuleTerms, declare_rule
from posture.remediation.engine.findings import Reread, reread
from posture.remediation.engine.journal import JournalEntry, RemediationJournal
from posture.remediation.engine.live import LiveResources, Question
from posture.remediation.planning import opening
from posture.remediation.policies import Policies, PolicyReader
from posture.remediation.protection import Protecting, TurnedOffAt
from posture.remediation.survey import Picture, Surveyed

logger = logging.getLogger(__name__)


class Ask(NamedTuple):
    """A write that is to be cleared.

    `candidate`: of the plan. `entry`: the one that it is for, as the journal names it; `cycle_began`: µs.
    `hash_of`: the plan that is to be carried out, whole; empty: sub-writes of it are left to do. `planned`:
    all sub-writes of it then, in words. `approved`: the plan that a person approved; empty: none.
    """

    rule: str
    candidate: Candidate
    entry: str
    cycle_began: int
    hash_of: str = ""
    approved: str = ""
    planned: tuple[str, ...] = ()


def rest_of(ask: Ask, entry: JournalEntry) -> Ask:
    """Ask for what is left of an entry, some of whose sub-writes may have been made."""
    approved = entry.entry.approved if entry.entry.is_approved else ""
    return ask._replace(hash_of="", approved=approved, planned=tuple(each.summary for each in entry.subs))


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
        refusal = self._forbidden(ask) or _changed(await self._declared(ask.rule), surveyed, picture)
        refusal = refusal or _not_approved(ask, surveyed)
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
                lambda finding: _since(finding, since, protection.now),
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
        first = _planned(ask, surveyed, candidate, others, now, {})
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
        refusal = _planned(ask, surveyed, candidate, others, now, {resource: look.seen})
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


def _changed(declared: DeclaredRule | None, surveyed: Surveyed, picture: Picture) -> Outcome | None:
    """Return why nothing is written any more for what was planned."""
    if declared is None:
        return Outcome(Reason.PENDING, "The rule, or its target, is gone.")
    if declared.terms is None:
        said = "" if declared.trouble is None else f": {declared.trouble.message}"
        return Outcome(Reason.NOT_GRANTED, f"The rule is not acted on any more{said}")
    before, admitted = picture.targets[surveyed.terms.target], declared.admitted
    if admitted is None or admitted.target.spec.suspend:
        return Outcome(Reason.PENDING, "The target is suspended.")
    if (admitted.hub, admitted.accounts, admitted.target.spec) != (
        before.hub,
        before.accounts,
        before.target.spec,
    ):
        return Outcome(Reason.PENDING, "The target has changed: it is planned anew.")
    if not declared.terms.rule.acts:
        return Outcome(Reason.PENDING, "The rule does not enforce any more.")
    if declared.terms != surveyed.terms:
        return Outcome(Reason.PENDING, "The rule has changed: it is planned anew.")
    return None


def _not_approved(ask: Ask, surveyed: Surveyed) -> Outcome | None:
    """Say that a rule asks for an approval that the entry does not have, or has of something else."""
    rule = surveyed.terms.rule
    if not rule.needs_approval:
        return None
    if not ask.approved:
        return Outcome(Reason.AWAITING_APPROVAL, "The rule asks for an approval, and nobody has given it.")
    if ask.planned and plan_hash(rule, ask.candidate.resource, ask.planned) != ask.approved:
        return Outcome(Reason.AWAITING_APPROVAL, "What was approved is not what the rule says now.")
    return None


def _planned(
    ask: Ask,
    surveyed: Surveyed,
    candidate: Candidate,
    others: Sequence[Entry],
    now: int,
    seen: Mapping[ResourceKey, Seen],
) -> Outcome | None:
    """Return why the plan of just this candidate would not have it remediated now."""
    # A person's approval is looked at where the journal names the plan.
    rule = replace(surveyed.terms.rule, needs_approval=False)
    made = plan(
        rule,
        [candidate],
        Circumstances(
            now=now,
            policies_read=True,
            why_not=surveyed.terms.why_not,
            in_scope_since=surveyed.in_scope_since.get,
            journal=Journal(others),
            checked=surveyed.checked,
            window=_window(surveyed.terms, now),
            seen=seen,
            cycle_began=ask.cycle_began,
        ),
    )
    (entry,) = made.entries
    return None if entry.outcome.reason is Reason.PLANNED else entry.outcome


def _window(terms: RuleTerms, now: int) -> Opening | None:
    """Return the window as one that a write must not outlast."""
    if terms.window is None:
        return None
    found = opening(terms.window, now)
    if found.open_until is None:
        return found
    return found._replace(open_until=found.open_until - int(CALL_WITHIN * SECOND))


def _since(finding: Finding, known: int | None, now: int) -> int | None:
    """Return since when a finding fails: as the plan knew it, which has seen earlier copies."""
    if known is None:
        return None
    return min(known, finding.updated_at, now)

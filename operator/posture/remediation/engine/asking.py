"""A write that is to be cleared, and what is decided of it by what is known, without asking anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from posture.domain.findings import Finding
from posture.domain.remediation.candidates import Candidate
from posture.domain.remediation.journal import Entry, Journal
from posture.domain.remediation.plan import plan
from posture.domain.remediation.reasons import Outcome, Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Circumstances, Opening, Seen, plan_hash
from posture.domain.time import SECOND
from posture.reconcile.hub_reconciler import CALL_WITHIN
from posture.remediation.declared import DeclaredRule, RuleTerms
from posture.remediation.engine.entries import JournalEntry
from posture.remediation.planning import opening
from posture.remediation.survey import Picture, Surveyed


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


def why_changed(declared: DeclaredRule | None, surveyed: Surveyed, picture: Picture) -> Outcome | None:
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


def why_not_approved(ask: Ask, surveyed: Surveyed) -> Outcome | None:
    """Say that a rule asks for an approval that the entry does not have, or has of something else."""
    rule = surveyed.terms.rule
    if not rule.needs_approval:
        return None
    if not ask.approved:
        return Outcome(Reason.AWAITING_APPROVAL, "The rule asks for an approval, and nobody has given it.")
    if ask.planned and plan_hash(rule, ask.candidate.resource, ask.planned) != ask.approved:
        return Outcome(Reason.AWAITING_APPROVAL, "What was approved is not what the rule says now.")
    return None


def why_not_planned(
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


def fails_since(finding: Finding, known: int | None, now: int) -> int | None:
    """Return since when a finding fails: as the plan knew it, which has seen earlier copies."""
    if known is None:
        return None
    return min(known, finding.updated_at, now)

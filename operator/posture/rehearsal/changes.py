"""What everything that is declared would change, put together from its hubs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.api.conditions import READY, Condition, ConditionStatus, find_condition
from posture.api.remediation_rule import RemediationRuleStatus
from posture.domain.grants import Mode
from posture.domain.remediation.plan import Plan
from posture.domain.remediation.reasons import Decision, Reason
from posture.domain.scoring.scores import Score
from posture.hubs.demand import HubKey
from posture.reconcile.access import NotAdmitted
from posture.rehearsal.declared import Everything
from posture.rehearsal.hub import HubRehearsed
from posture.remediation.conditions import RuleCase, rule_status
from posture.remediation.declared import DeclaredRule
from posture.suppression.conditions import HubState, PolicyCase, PolicyProgress, conditions_of
from posture.suppression.controls.progress import ControlsProgress
from posture.suppression.declared import Declared

DRY_RUN = "DryRun"
"""The reason of what only tells what it would do."""
Rehearsed = Mapping[HubKey, HubRehearsed]


class PolicyChange(NamedTuple):
    """What would be done for a policy (namespace/name). `trouble`: what keeps it from acting, or limits it.

    Of a dry run the numbers say what it would do. None: not known.
    """

    name: str
    suppress: int
    reopen: int
    turn_off: int | None
    turn_on: int | None
    trouble: str | None = None
    dry_run: bool = False

    @property
    def anything(self) -> bool:
        """Whether anything is known that would be done."""
        return bool(self.suppress or self.reopen or self.turn_off or self.turn_on)


class RuleChange(NamedTuple):
    """The plan of a rule (namespace/name) by reason; None: there is none, and `trouble` says why.

    `unread`: resources of which the plan may say something else once they are read live. `mode`: of the rule.
    """

    name: str
    mode: Mode
    totals: Mapping[Reason, int] | None
    unread: int = 0
    trouble: str | None = None

    def decided(self, decision: Decision) -> int | None:
        """Return how many resources that is decided of; None: not known."""
        if self.totals is None:
            return None
        return sum(number for reason, number in self.totals.items() if reason.decision is decision)


class TargetChange(NamedTuple):
    """The scores of a target (namespace/name); None: there is none."""

    name: str
    before: Score | None
    after: Score | None
    trouble: str | None = None


class PlannedChanges(NamedTuple):
    """All that would change, by name."""

    policies: Sequence[PolicyChange]
    rules: Sequence[RuleChange]
    targets: Sequence[TargetChange]

    @property
    def anything(self) -> bool:
        """Whether there is anything that would be done, at once or later, or a score that would move."""
        return (
            any(each.anything for each in self.policies)
            or any(each.decided(Decision.REMEDIATE) or each.decided(Decision.WAIT) for each in self.rules)
            or any(each.before != each.after for each in self.targets)
        )

    @property
    def complete(self) -> bool:
        """Whether all of it is known that could be."""
        return (
            all(each.turn_off is not None for each in self.policies)
            and all(each.totals is not None for each in self.rules)
            and all(each.trouble is None for each in self.targets)
        )


class Subjects(NamedTuple):
    """What is to be told of, by namespace/name; of the rest only what changes, or whose score does."""

    policies: frozenset[str]
    rules: frozenset[str]
    targets: frozenset[str]


def changes_of(everything: Everything, rehearsed: Rehearsed, asked: Subjects) -> PlannedChanges:
    """Put together what was rehearsed in all hubs."""
    policies = [_policy(each, everything, rehearsed) for each in everything.policies]
    policies += _gone({each.name for each in everything.policies}, rehearsed.values())
    unknown = {
        declared.scope
        for declared, change in zip(everything.policies, policies, strict=False)
        if change.turn_off is None
    }
    targets = [
        _target(name, everything, rehearsed, known=name not in unknown) for name in everything.admissions
    ]
    return PlannedChanges(
        sorted(each for each in policies if each.name in asked.policies or each.anything),
        sorted(
            (_rule(each, everything, rehearsed) for each in everything.rules if each.name in asked.rules),
            key=lambda each: each.name,
        ),
        sorted(
            (each for each in targets if each.name in asked.targets or each.before != each.after),
            key=lambda each: each.name,
        ),
    )


def _policy(declared: Declared, everything: Everything, rehearsed: Rehearsed) -> PolicyChange:
    name, home = declared.name, None if declared.home is None else rehearsed.get(declared.home)
    progress: PolicyProgress | None = None
    if home is not None:
        progress = (home.findings if declared.suppresses else home.controls).progress.get(name)
    ready = _readiness(declared, progress, everything)
    would = would_not = 0
    if progress is not None and ready.reason == DRY_RUN:
        would, would_not = progress.outcome.would_suppress, progress.outcome.would_reopen
    dry_run = ready.reason == DRY_RUN
    suppress, reopen = (would, would_not) if declared.suppresses else (0, 0)
    off, on = (0, 0) if declared.suppresses else (would, would_not)
    for hub in rehearsed.values():
        suppress += hub.findings.suppressed[name]
        reopen += hub.findings.reopened[name]
        off += hub.controls.turned_off[name]
        on += hub.controls.turned_on[name]
    trouble = _trouble(ready, everything)
    if isinstance(progress, ControlsProgress) and progress.unread:
        return PolicyChange(name, suppress, reopen, None, None, trouble, dry_run)
    return PolicyChange(name, suppress, reopen, off, on, trouble, dry_run)


def _readiness(declared: Declared, progress: PolicyProgress | None, everything: Everything) -> Condition:
    """Return what the operator would say in the condition Ready once it has done what it would."""
    now = everything.now
    suspended = declared.admitted is not None and declared.admitted.target.spec.suspend
    matched = now if progress is not None and progress.outcome.matched else None
    case = PolicyCase(declared, progress, HubState(suspended=suspended), matched, now)
    return _ready(conditions_of((), case, 1))


def _ready(conditions: Sequence[Condition]) -> Condition:
    ready = find_condition(conditions, READY)
    if ready is None:
        raise RuntimeError("whatever is told of has a condition Ready")
    return ready


def _trouble(ready: Condition, everything: Everything) -> str | None:
    """Say what keeps a policy from acting; None: nothing does."""
    if ready.status is not ConditionStatus.TRUE or ready.reason == DRY_RUN:
        return f"{ready.reason}: {ready.message}"
    if everything.operator.config.frozen:
        return "WritesFrozen: The operator's configuration says writes: Frozen: nothing is written."
    return None


def _gone(known: set[str], hubs: Iterable[HubRehearsed]) -> list[PolicyChange]:
    """Return what would be done for policies that have left marks and are not declared."""
    reopened, turned_on = Counter[str](), Counter[str]()
    for hub in hubs:
        reopened += hub.findings.reopened
        turned_on += hub.controls.turned_on
    names = (reopened.keys() | turned_on.keys()) - known
    return [PolicyChange(name, 0, reopened[name], 0, turned_on[name]) for name in names]


def _rule(declared: DeclaredRule, everything: Everything, rehearsed: Rehearsed) -> RuleChange:
    mode = Mode.DRY_RUN if declared.rule is None else declared.rule.spec.mode
    hub = None if declared.hub is None else rehearsed.get(declared.hub)
    plan = None if hub is None else hub.plans.get(declared.name)
    trouble = _limit(declared, plan, everything)
    if plan is not None:
        return RuleChange(declared.name, mode, plan.totals, len(plan.to_read), trouble)
    admitted = declared.admitted
    rests = declared.terms is not None and admitted is not None and admitted.target.spec.suspend
    return RuleChange(declared.name, mode, {} if rests else None, trouble=trouble)


def _limit(declared: DeclaredRule, plan: Plan | None, everything: Everything) -> str | None:
    """Say what the operator would in the condition Ready, where the rule would not act, or not be planned."""
    namespace = declared.name.partition("/")[0]
    case = RuleCase(
        declared,
        plan,
        None,
        everything.protecting.unreadable.get(namespace, ""),
        everything.now,
        frozen=everything.operator.config.frozen,
    )
    ready = _ready(rule_status(RemediationRuleStatus(), case, None).conditions)
    if ready.status is ConditionStatus.TRUE and ready.reason != "WritesFrozen":
        return None
    return f"{ready.reason}: {ready.message}"


def _target(name: str, everything: Everything, rehearsed: Rehearsed, *, known: bool) -> TargetChange:
    before = next((hub.before[name] for hub in rehearsed.values() if name in hub.before), None)
    after = next((hub.after[name] for hub in rehearsed.values() if name in hub.after), None)
    _, admission = everything.admissions[name]
    if isinstance(admission, NotAdmitted):
        return TargetChange(name, before, None, f"{admission.trouble.reason}: {admission.trouble.message}")
    return TargetChange(name, before, after if known else None)

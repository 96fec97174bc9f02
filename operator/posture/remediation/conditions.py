"""What a RemediationRule says of itself: its conditions and its status."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from posture.api.conditions import (
    READY,
    Condition,
    ConditionStatus,
    ReadySummary,
    ready,
    reconciling,
    set_condition,
    stalled,
    suspended,
)
from posture.api.remediation_rule import PlanEntry, PlanTotal, RemediationRuleStatus
from posture.aws.client.errors import AwsError, Terminal
from posture.domain.grants import Mode
from posture.domain.remediation.journal import State
from posture.domain.remediation.plan import Plan, Planned
from posture.domain.remediation.reasons import Decision, Reason
from posture.domain.text import counted
from posture.domain.time import datetime_of
from posture.remediation.declared import DeclaredRule
from posture.store.errors import StoreError

SYNCING: Final = "Syncing"
CAP_REACHED: Final = "CapReached"


class RuleCase(NamedTuple):
    """All that a status follows from.

    `plan`: None where none is known for what is declared. `error`: of reading the hub. `unreadable`: a policy
    that cannot be read. `begins`: the hub's task has just begun, and what was told before still stands.
    `states`: entries of the journal by action and state; None: not known. `frozen`: nothing may be written.
    """

    declared: DeclaredRule
    plan: Plan | None
    error: AwsError | StoreError | None
    unreadable: str
    now: int
    begins: bool = False
    states: Mapping[tuple[str, State], int] | None = None
    frozen: bool = False


def rule_status(before: RemediationRuleStatus, case: RuleCase, handled: str | None) -> RemediationRuleStatus:
    """Return the status of a rule; `handled`: the last request whose run has ended.

    What was told before stays while the hub's task begins; else what is not known is absent.
    """
    generation = int(case.declared.document["metadata"]["generation"])
    known = {each.type for each in before.conditions if each.observed_generation == generation}
    said = _readiness(case)
    fields: dict[str, Any] = {"observed_generation": generation, "last_handled_request": handled}
    if not (case.begins and READY in known and said.reason == SYNCING):
        moment = datetime_of(case.now)
        fields["conditions"] = said.told(before.conditions, moment, generation)
    if case.plan is not None:
        fields |= _plan_fields(case.plan) | _journal_fields(case.states or {})
        conditions = fields.get("conditions", before.conditions)
        fields["conditions"] = _capped(conditions, case.plan, datetime_of(case.now), generation)
    elif case.declared.trouble is not None or _is_target_suspended(case) or not case.begins:
        fields |= _NOTHING
    return before.model_copy(update=fields)


_NOTHING: dict[str, Any] = {
    "candidates": None,
    "pending": None,
    "skipped": None,
    "plan": (),
    "plan_totals": (),
}


def _readiness(case: RuleCase) -> ReadySummary:
    declared, plan = case.declared, case.plan
    if declared.trouble is not None:
        return ReadySummary(stalled, declared.trouble.reason, declared.trouble.message)
    spec = None if declared.rule is None else declared.rule.spec
    if spec is not None and spec.suspend:
        return ReadySummary(suspended, "Suspended", "spec.suspend is true: nothing is written.")
    if _is_target_suspended(case):
        return ReadySummary(suspended, "TargetSuspended", "The target is suspended: nothing is planned.")
    if case.error is not None:
        way = stalled if isinstance(case.error, Terminal) else reconciling
        return ReadySummary(way, case.error.reason, f"{case.error}.")
    if plan is None:
        return ReadySummary(reconciling, SYNCING, "The findings of the target are not known yet.")
    if case.unreadable:
        return ReadySummary(
            stalled,
            Reason.POLICY_UNREADABLE,
            f"Nothing is planned, as SuppressionPolicy {case.unreadable} cannot be read and may protect"
            " anything: see its condition Ready, and correct it.",
        )
    if spec is not None and spec.mode is Mode.ENFORCE:
        if case.frozen:
            return ReadySummary(
                ready,
                "WritesFrozen",
                f"{_would(plan)} Nothing is written: writes are frozen by the operator's configuration.",
            )
        return ReadySummary(ready, "Enforcing", _would(plan))
    return ReadySummary(ready, "DryRun", f"{_would(plan)} Nothing is written.")


def _is_target_suspended(case: RuleCase) -> bool:
    admitted = case.declared.admitted
    return admitted is not None and admitted.target.spec.suspend


def _would(plan: Plan) -> str:
    resources = counted(sum(plan.totals.values()), "resource fails", "resources fail")
    return (
        f"{resources} and would be remediated now: {_count(plan, Decision.REMEDIATE)}, later:"
        f" {_count(plan, Decision.WAIT)}, not: {_count(plan, Decision.SKIP)}."
    )


def _count(plan: Plan, decision: Decision) -> int:
    return sum(number for reason, number in plan.totals.items() if reason.decision is decision)


def _capped(
    conditions: Sequence[Condition], plan: Plan, now: datetime, generation: int
) -> tuple[Condition, ...]:
    """Say whether a limit holds resources back, and which."""
    capped = plan.capped
    return set_condition(
        conditions,
        CAP_REACHED,
        ConditionStatus.of(capped is not None),
        "WithinLimits" if capped is None else "LimitReached",
        "" if capped is None else capped.message,
        now,
        generation,
    )


def _journal_fields(states: Mapping[tuple[str, State], int]) -> dict[str, Any]:
    def of(wanted: State) -> int:
        return sum(count for (_, state), count in states.items() if state is wanted)

    return {"succeeded": of(State.SUCCEEDED), "failed": of(State.FAILED)}


def _plan_fields(plan: Plan) -> dict[str, Any]:
    candidates, skipped = sum(plan.totals.values()), _count(plan, Decision.SKIP)
    return {
        "candidates": candidates,
        "pending": candidates - skipped,
        "skipped": skipped,
        "plan": tuple(
            {(each.finding_id, each.resource_id): each for each in map(_entry, plan.entries)}.values()
        ),
        "plan_totals": tuple(
            PlanTotal(decision=reason.decision, reason=reason, count=plan.totals[reason])
            for reason in Reason
            if reason in plan.totals
        ),
    }


def _entry(planned: Planned) -> PlanEntry:
    candidate, outcome = planned.candidate, planned.outcome
    first = candidate.findings[0]
    return PlanEntry(
        finding_id=first.id,
        resource_id=candidate.resource.id,
        resource_type=candidate.resource.type,
        account_id=candidate.resource.account_id,
        region=candidate.resource.region,
        control=first.control,
        decision=outcome.decision,
        reason=outcome.reason,
        message=outcome.message,
        plan_hash=planned.plan_hash,
    )

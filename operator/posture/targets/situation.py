"""What a hub's state means for one of its targets: the input of its conditions, its part of the status."""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from posture.api.conditions import Trouble
from posture.api.targets.accounts import TargetAccounts
from posture.api.targets.kind import ScoringMethod
from posture.api.targets.status import (
    MAX_REJECTED,
    MAX_STANDARDS,
    EnabledStandard,
    FindingFormat,
    PostureTargetStatus,
    RejectedFinding,
    StandardStatus,
    SyncSummary,
)
from posture.api.targets.status import HubSummary as HubField
from posture.aws.client.errors import AwsError, Terminal
from posture.aws.securityhub.discovery import HubFacts
from posture.domain.arns import account_of
from posture.domain.findings import Rejection
from posture.domain.scoring.accounts import AccountStanding
from posture.domain.scoring.scores import Method, Score
from posture.domain.standards import Standard
from posture.domain.text import counted
from posture.domain.time import SECOND, datetime_of
from posture.hubs.hub import Hub
from posture.hubs.status import HubStatus
from posture.publish.reports import RestoredScores, Shown, TargetHub
from posture.reconcile.access import Admitted, NotAdmitted
from posture.reconcile.config_source import has_config_source
from posture.reconcile.scope import account_filter, chosen_standards, may_be_elsewhere
from posture.store.errors import StoreError
from posture.targets.conditions import TargetSituation
from posture.targets.rules import gap_of
from posture.targets.status import scope_digest

_FORMATS = {
    "SECURITY_CONTROL": FindingFormat.SECURITY_CONTROL,
    "STANDARD_CONTROL": FindingFormat.STANDARD_CONTROL,
}
# By StatusReasonCode.
_CURES = {
    "NO_AVAILABLE_CONFIGURATION_RECORDER": "Turn on the recorder of AWS Config there",
    "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED": "Remove rules of AWS Config there, or ask for a higher quota",
    "NO_AVAILABLE_MULTICLOUD_CONNECTOR": "Connect Security Hub to the other cloud",
}
_STANDARD_STATUSES = {status.name: status for status in StandardStatus}


def situation_of(
    admitted: Admitted, hub: HubStatus, scores: Shown | RestoredScores | None
) -> TargetSituation:
    """Return what the target's conditions follow from; `scores`: what is published."""
    target = admitted.target
    enabled = {standard.name for standard in hub.facts.standards} if hub.facts else set()
    return TargetSituation(
        suspended=target.spec.suspend,
        connected=hub.facts is not None,
        trouble=_trouble(hub.error),
        exact_at=scores.exact_at if scores else None,
        progress_percent=100 if hub.exact_at is not None else int(hub.progress * 100),
        suspicious=hub.suspicious,
        missing=_missing(admitted, hub.facts, scores),
        enabled=tuple(sorted(enabled)),
        scored=headline_of(scores, target.spec.scoring.method) is not None,
        reporting=len(scores.evaluation.reporting) if isinstance(scores, Shown) else 0,
        restored=isinstance(scores, RestoredScores),
        rejected=_rejected(_odd(admitted, hub)),
        withheld=hub.withheld,
        unseen=_unseen(hub.lag_seconds),
        notes=(*admitted.raised, *(notes_of(admitted, hub.facts) if hub.facts else ())),
        refreshed_every=target.spec.interval,
        gap=gap_of(scores.evaluation) if isinstance(scores, Shown) else None,
        by_rules=has_config_source(target.spec),
    )


def held_back(apart: int) -> str:
    """Return what a target is told whose request waits; `apart`: µs between runs that are asked for."""
    return (
        "The run that the annotation posture.dev/requestedAt asks for waits: targets of several namespaces"
        f" share this Security Hub, and runs that are asked for begin {apart / SECOND:g} s apart at least"
        " (minimums.interval in the operator's configuration)."
    )


def _missing(
    admitted: Admitted, facts: HubFacts | None, scores: Shown | RestoredScores | None
) -> tuple[str, ...]:
    """Return the chosen standards that are enabled nowhere.

    Where other accounts or Regions are seen too, that is known with the first evaluation.
    """
    if facts is None:
        return ()
    if has_config_source(admitted.target.spec):
        return scores.missing if isinstance(scores, Shown) else ()
    missing = chosen_standards(admitted.target.spec, facts).missing
    if isinstance(scores, Shown):
        return tuple(name for name in missing if name in scores.missing)
    return () if may_be_elsewhere(facts) else missing


def notes_of(admitted: Admitted, facts: HubFacts) -> tuple[str, ...]:
    """Return what a reader of the score should know of the hub: what is denied, what it does not see."""
    chosen = chosen_standards(admitted.target.spec, facts).present
    notes = [*facts.missing]
    notes += [note for each in facts.standards if each.name in chosen and (note := _unfinished(each))]
    elsewhere = facts.aggregation_region
    if elsewhere is not None and elsewhere != facts.region:
        notes.append(
            f"Findings of linked Regions are collected in {elsewhere}; this target reads {facts.region} only."
        )
    return tuple(notes)


def _unfinished(standard: Standard) -> str | None:
    """Say what Security Hub could not do to a standard, and what to do; None where it could.

    Of a standard that is not enabled completely some controls are not checked, and have no data (API
    reference, StandardsSubscription).
    """
    failed = {
        "INCOMPLETE": "could not be enabled completely: some of its controls are not checked",
        "FAILED": "could not be disabled, and counts",
    }.get(standard.status)
    if failed is None:
        return None
    reason = standard.reason or "no reason is given"
    cure = _CURES.get(standard.reason, "Disable it and enable it again, or ask AWS")
    return f"{standard.name} {failed} in the hub's own account and Region ({reason}). {cure}."


def _unseen(seconds: float) -> str | None:
    """Return what to say where a poll cannot read all of what people did by hand."""
    if not seconds:
        return None
    unseen = counted(max(1, math.ceil(seconds / 60)), "minute", "minutes")
    return (
        "What people did by hand is too much to be read at every poll: a change without a note may go unseen"
        f" for {unseen}."
    )


def headline_of(scores: Shown | RestoredScores | None, method: ScoringMethod) -> Score | None:
    """Return the score of a target by the method that it chose; None where it has none."""
    if isinstance(scores, Shown):
        return scores.evaluation.target.headline(Method(method.value))
    return scores.target if scores else None


def told_hub(hub: Hub | None, admission: Admitted | NotAdmitted) -> TargetHub | None:
    """Return how metrics name the hub of a target; None while it has not answered, or where there is none."""
    if hub is None or not isinstance(admission, Admitted) or hub.status.facts is None:
        return None
    method = admission.target.spec.scoring.method.value
    return TargetHub(hub.name, hub.status.facts.account_id, hub.key.region, method)


def hub_fields(admitted: Admitted, hub: HubStatus, before: PostureTargetStatus) -> dict[str, Any]:
    """Return the status fields that speak of the hub, as keyword arguments of `PostureTargetStatus`.

    What a new holder does not know yet stays as it was told before. Of the findings of accounts that are not
    granted nothing is told, not even how many there are.
    """
    told = before if _is_of(admitted, before) else PostureTargetStatus()
    return {
        "sync": _sync(hub, told.sync or SyncSummary(), _odd(admitted, hub), sees_all=_sees_all(admitted)),
        "hub": told.hub if hub.facts is None else _hub(hub.facts),
        # Accounts are named in it: of another scope nothing is told on.
        "organization": told.organization if told.scope_digest == scope_digest(admitted) else (),
    }


def _is_of(admitted: Admitted, before: PostureTargetStatus) -> bool:
    """Whether what was told of a hub is of the one that the target names now."""
    told, region, role_arn = before.hub, admitted.hub.region, admitted.hub.role_arn
    if told is None:
        return True
    if role_arn is None:
        # The account of the own identity is not known yet; of which hub the scores are, is.
        return told.region == region and before.scope_digest in (None, scope_digest(admitted))
    return (told.region, told.account) == (region, account_of(role_arn))


def _sees_all(admitted: Admitted) -> bool:
    return "*" in admitted.accounts


class _Odd(NamedTuple):
    """Findings of a target's accounts that could not be read, or only by defaults; some of them by name."""

    rejected: int
    rejected_findings: tuple[Rejection, ...]
    unreadable: int
    unreadable_findings: tuple[Rejection, ...]


def _odd(admitted: Admitted, hub: HubStatus) -> _Odd:
    """Return what the target may see of the hub's odd findings.

    One whose account cannot be read either is seen by those who may see all accounts.
    """
    accounts, sees_all = account_filter(admitted), _sees_all(admitted)

    def seen(named: Iterable[Rejection]) -> tuple[Rejection, ...]:
        return tuple(
            each
            for each in named
            if (
                accounts.standing(each.account_id) is AccountStanding.TARGETED
                if each.account_id
                else sees_all
            )
        )

    rejected, unreadable = seen(hub.rejected_findings), seen(hub.unreadable_findings)
    whole = sees_all and admitted.target.spec.accounts == TargetAccounts()
    return _Odd(
        hub.rejected if whole else len(rejected),
        rejected,
        hub.unreadable if whole else len(unreadable),
        unreadable,
    )


def _sync(hub: HubStatus, before: SyncSummary, odd: _Odd, *, sees_all: bool) -> SyncSummary:
    some = (*odd.rejected_findings, *odd.unreadable_findings)[:MAX_REJECTED]
    named = {each.id: each.why for each in some}
    findings = hub.findings if hub.findings is not None else before.findings
    return SyncSummary(
        last_success_time=_moment(hub.last_success) or before.last_success_time,
        last_full_time=_moment(hub.last_full) or before.last_full_time,
        next_time=_moment(hub.next_time),
        findings=findings if sees_all else None,
        changed=hub.changed if sees_all else None,
        calls=hub.calls,
        duration_seconds=None if hub.duration_seconds is None else round(hub.duration_seconds, 1),
        progress_percent=None if hub.exact_at is not None else int(hub.progress * 100),
        rejected=odd.rejected + odd.unreadable,
        rejected_findings=tuple(RejectedFinding(id=id_, reason=why) for id_, why in named.items()),
    )


def _hub(facts: HubFacts) -> HubField:
    standards = sorted(facts.standards, key=lambda standard: standard.name)
    return HubField(
        account=facts.account_id,
        region=facts.region,
        administrator=facts.account_id if facts.administrator else facts.administrator_id,
        aggregation_region=facts.aggregation_region,
        finding_format=_FORMATS.get(facts.finding_format),
        standards=tuple(map(_enabled, standards[:MAX_STANDARDS])) if facts.standards_known else None,
        standards_omitted=len(standards[MAX_STANDARDS:]) or None,
    )


def _enabled(standard: Standard) -> EnabledStandard:
    """Return what is shown of an enabled standard; controls are counted only where all of them are known."""
    controls = standard.controls.values() if standard.complete else None
    return EnabledStandard(
        standard=standard.name,
        status=_STANDARD_STATUSES.get(standard.status),
        reason=standard.reason or None,
        controls=None if controls is None else len(controls),
        enabled_controls=None if controls is None else sum(control.enabled for control in controls),
    )


def _trouble(error: AwsError | StoreError | None) -> Trouble | None:
    if error is None:
        return None
    return Trouble(error.reason, f"{error}.", terminal=isinstance(error, Terminal))


def _rejected(odd: _Odd) -> str | None:
    notes = []
    for count, named, outcome in (
        (odd.rejected, odd.rejected_findings, "could not be read and {are} not counted"),
        (
            odd.unreadable,
            odd.unreadable_findings,
            "{have} values that are not known and {are} counted by defaults",
        ),
    ):
        if count:
            are, have = ("is", "has") if count == 1 else ("are", "have")
            examples = "; ".join(f"{each.id}: {each.why}" for each in named[:3])
            notes.append(
                f"{counted(count, 'finding', 'findings')} {outcome.format(are=are, have=have)}: {examples}."
            )
    return " ".join(notes) or None


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime_of(microseconds)

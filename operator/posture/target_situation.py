"""What a hub's state means for one of its targets: the input of its conditions, its part of the status."""

from datetime import datetime
from typing import Any

from posture.admission import Admitted
from posture.api.posture_target import ScoringMethod
from posture.api.posture_target_status import (
    MAX_REJECTED,
    FindingFormat,
    PostureTargetStatus,
    RejectedFinding,
    Sync,
)
from posture.api.posture_target_status import Hub as HubField
from posture.aws.discovery import HubFacts
from posture.aws.errors import AwsError, Terminal
from posture.domain.scores import Method, Score
from posture.hubs.status import HubStatus
from posture.metrics.target_samples import Restored
from posture.store import StoreError
from posture.target_conditions import Situation, Trouble
from posture.target_page import Shown
from posture.target_status import moment
from posture.target_view import chosen_standards

_FORMATS = {
    "SECURITY_CONTROL": FindingFormat.SECURITY_CONTROL,
    "STANDARD_CONTROL": FindingFormat.STANDARD_CONTROL,
}


def situation_of(
    admitted: Admitted, hub: HubStatus, scores: Shown | Restored | None, before: PostureTargetStatus
) -> Situation:
    """Return what the target's conditions follow from; `scores`: what is published."""
    target = admitted.target
    enabled = {standard.name for standard in hub.facts.standards} if hub.facts else set()
    return Situation(
        suspended=target.spec.suspend,
        connected=hub.facts is not None,
        trouble=_trouble(hub.error),
        exact_at=scores.exact_at if scores else None,
        progress_percent=int(hub.progress * 100),
        suspicious=hub.suspicious,
        missing=chosen_standards(target.spec, hub.facts).missing if hub.facts else (),
        enabled=tuple(sorted(enabled)),
        scored=_headline(scores, target.spec.scoring.method) is not None,
        reporting=_reporting(scores, before),
        rejected=_rejected(hub) if _sees_all(admitted) else None,
        withheld=hub.withheld,
        notes=_notes(hub.facts) if hub.facts else (),
        refreshed_every=target.spec.interval,
    )


def _notes(facts: HubFacts) -> tuple[str, ...]:
    """Return what a reader of the score should know of the hub: what is denied, what it does not see."""
    elsewhere = facts.aggregation_region
    if elsewhere is None or elsewhere == facts.region:
        return facts.missing
    note = f"Findings of all Regions are collected in {elsewhere}; this target reads {facts.region} only."
    return (*facts.missing, note)


def _headline(scores: Shown | Restored | None, method: ScoringMethod) -> Score | None:
    if isinstance(scores, Shown):
        return scores.evaluation.target.headline(Method(method.value))
    return scores.target if scores else None


def _reporting(scores: Shown | Restored | None, before: PostureTargetStatus) -> int:
    if isinstance(scores, Shown):
        return len(scores.evaluation.reporting)
    return before.accounts.reporting if scores and before.accounts else 0


def hub_fields(admitted: Admitted, hub: HubStatus, before: PostureTargetStatus) -> dict[str, Any]:
    """Return the status fields that speak of the hub, as keyword arguments of `PostureTargetStatus`.

    What a new holder does not know yet stays as it was told before. Of the findings of accounts that are not
    granted nothing is told, not even how many there are.
    """
    fields = {"sync": _sync(hub, before.sync or Sync(), sees_all=_sees_all(admitted))}
    return fields if hub.facts is None else {**fields, "hub": _hub(hub.facts)}


def _sees_all(admitted: Admitted) -> bool:
    return "*" in admitted.accounts


def _sync(hub: HubStatus, before: Sync, *, sees_all: bool) -> Sync:
    odd = (*hub.rejected_findings, *hub.unreadable_findings) if sees_all else ()
    findings = hub.findings if hub.findings is not None else before.findings
    return Sync(
        last_success_time=_moment(hub.last_success) or before.last_success_time,
        last_full_time=_moment(hub.last_full) or before.last_full_time,
        next_time=_moment(hub.next_time),
        findings=findings if sees_all else None,
        changed=hub.changed if sees_all else None,
        calls=hub.calls,
        duration_seconds=None if hub.duration_seconds is None else round(hub.duration_seconds, 1),
        progress_percent=None if hub.exact_at is not None else int(hub.progress * 100),
        rejected=hub.rejected + hub.unreadable if sees_all else None,
        rejected_findings=tuple(
            RejectedFinding(id=id_, reason=why)
            for id_, why in {id_: why for id_, why, *_ in odd[:MAX_REJECTED]}.items()
        ),
    )


def _hub(facts: HubFacts) -> HubField:
    return HubField(
        account=facts.account_id,
        region=facts.region,
        administrator=facts.account_id if facts.administrator else facts.administrator_id,
        aggregation_region=facts.aggregation_region,
        finding_format=_FORMATS.get(facts.finding_format),
    )


def _trouble(error: AwsError | StoreError | None) -> Trouble | None:
    if error is None:
        return None
    return Trouble(error.reason, f"{error}.", terminal=isinstance(error, Terminal))


def _rejected(hub: HubStatus) -> str | None:
    notes = []
    for count, named, outcome in (
        (hub.rejected, hub.rejected_findings, "could not be read and are not counted"),
        (hub.unreadable, hub.unreadable_findings, "are odd and are counted by the defaults that they tell"),
    ):
        if count:
            examples = "; ".join(f"{id_}: {why}" for id_, why, *_ in named[:3])
            notes.append(f"{count} findings {outcome}: {examples}.")
    return " ".join(notes) or None


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else moment(microseconds)

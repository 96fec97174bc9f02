"""Policies, how far they are, and cases to report on."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from posture.config.model import Config
from posture.domain.exceptions.finding_plan import FindingAct, FindingChange, PolicyOutcome, Write
from posture.domain.exceptions.policy import Phase
from posture.domain.findings import FindingId
from posture.domain.scoring.scores import Score
from posture.domain.time import instant_of
from posture.suppression.conditions import HubState, PolicyCase, PolicyProgress
from posture.suppression.declared import Declared, declare_policy
from posture.suppression.effect import Effect
from posture.suppression.findings.progress import FindingsProgress
from posture.suppression.findings.writer import FindingRefusal

NOW = instant_of(datetime(2026, 11, 22, 6, 0, tzinfo=UTC))


DAY = 24 * 3600 * 1_000_000


OUTCOME = PolicyOutcome(Phase.ENFORCING, 3, 3, 3, 0, 0, 0, 0, 0, 0, over=False, full=())


REFUSAL = FindingRefusal(
    Write(
        FindingId("arn", "finding-1"),
        "1",
        FindingAct.SUPPRESS,
        "security/logs",
        FindingChange(None, None, ()),
    ),
    "InvalidInput",
    "Not so.",
)


def declared(**spec: Any) -> Declared:
    metadata = {
        "name": "logs",
        "namespace": "security",
        "uid": "u",
        "generation": 4,
        "creationTimestamp": "2026-11-01T00:00:00Z",
    }
    metadata |= spec.pop("metadata", {})
    document = {
        "metadata": metadata,
        "spec": {
            "targetRef": {"name": "organization"},
            "justification": "Retention is handled by lifecycle policies",
            "approvedBy": "security@example.com",
            "expiresAt": "2027-03-31T00:00:00Z",
            "suppressFindings": {"match": [{"controls": ["S3.11"]}]},
            **spec,
        },
    }
    return replace(declare_policy(document, {}, Config(), NOW), trouble=None)


def progress(**changes: Any) -> FindingsProgress:
    fields = {name: changes.pop(name) for name in ("pending", "held", "refusals", "left") if name in changes}
    made = FindingsProgress(OUTCOME._replace(**changes), 0, 0, (), Effect(Score(9, 10), Score(8, 10)), NOW)
    return replace(made, **fields)


def case(
    of: Declared | None = None, how: PolicyProgress | None = None, now: int = NOW, **hub: Any
) -> PolicyCase:
    return PolicyCase(of or declared(), how, HubState(**hub), None, now)


def unreadable(**spec: Any) -> Declared:
    """Return a policy as a newer operator's CRDs may let through."""
    document = declared(**spec).document
    odd = {**document, "spec": {**document["spec"], "approvedByAll": ["a", "b"]}}
    return declare_policy(odd, {}, Config(), NOW)

"""Policies of end-to-end tests, and what the cloud has of the findings that they mean."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from sandbox.cloud import Cloud
from tests.support.e2e.stage import Stage

OWNER = "test-cluster"
CONTROLS = "RDS.*"
"""Ten findings of the organization: new and resolved ones, and one that a person suppressed."""
PLURAL = "suppressionpolicies"

Finding = Mapping[str, Any]


def in_hours(hours: float) -> str:
    """A time from now, as `spec.expiresAt` takes it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def allow(stage: Stage, *, verbs: Iterable[str] = ("Score", "Suppress"), **changes: Any) -> None:
    """Configure the operator to let the namespace suppress."""
    grant = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": changes.pop("accounts", ["*"]),
        "verbs": list(verbs),
    }
    stage.configure(**{"grants": [grant], "ownerId": OWNER, "quotaShare": 1, **changes})


def policy(
    stage: Stage, name: str = "logs", *, match: list[dict[str, Any]] | None = None, **spec: Any
) -> str:
    """Apply a SuppressionPolicy over one control; return its name."""
    findings: dict[str, Any] = {"match": match or [{"controls": [CONTROLS]}]}
    findings |= {key: spec.pop(key) for key in ("exceptions", "maxFindings") if key in spec}
    declared = {
        "targetRef": {"name": "organization"},
        "justification": "Retention is handled by lifecycle policies",
        "approvedBy": "security@example.com",
        "expiresAt": in_hours(24 * 30),
        "reference": "SEC-2024-03",
        "suppressFindings": findings,
        **spec,
    }
    stage.apply("SuppressionPolicy", name, declared)
    return name


def failed(cloud: Cloud, controls: str = CONTROLS) -> list[Finding]:
    """The ACTIVE findings of some controls (a glob) that did not pass."""
    return [
        each
        for each in cloud.control.findings()
        if fnmatchcase(each.get("Compliance", {}).get("SecurityControlId", ""), controls)
        and each["RecordState"] == "ACTIVE"
        and each["Compliance"]["Status"] != "PASSED"
    ]


def workflows(findings: Iterable[Finding]) -> dict[str, str]:
    """Workflow by Id."""
    return {each["Id"]: each["Workflow"]["Status"] for each in findings}


def mark(finding: Finding) -> tuple[str | None, str | None]:
    """Owner and policy, as the finding says; a blank or spelled out nobody is None."""
    fields = finding.get("UserDefinedFields") or {}
    owner = fields.get("posture.dev/owner", "")
    return (None, None) if owner in {"", "-"} else (owner, fields.get("posture.dev/policy"))


def status(stage: Stage, name: str = "logs") -> dict[str, Any]:
    """The policy's status, empty before there is one."""
    found = stage.get(name, PLURAL).get("status", {})
    assert isinstance(found, dict)
    return found


def reason(stage: Stage, kind: str = "Ready", name: str = "logs") -> tuple[str, str]:
    """Status and reason of one of the policy's conditions."""
    condition = stage.condition(kind, name, PLURAL)
    return condition["status"], condition["reason"]


def in_effect(stage: Stage, name: str = "logs") -> bool:
    """Whether it says of its present spec that it is in effect."""
    found = stage.get(name, PLURAL)
    same = found.get("status", {}).get("observedGeneration") == found.get("metadata", {}).get("generation")
    return same and reason(stage, name=name)[0] == "True"


def people_suppressed(cloud: Cloud, controls: str = CONTROLS) -> set[str]:
    """Ids of the findings that people suppressed."""
    return {
        each["Id"]
        for each in failed(cloud, controls)
        if each["Workflow"]["Status"] == "SUPPRESSED" and mark(each) == (None, None)
    }


def suppressed_by(cloud: Cloud, name: str, owner: str = OWNER) -> set[str]:
    """Ids of the findings that are suppressed, and bear the mark of a policy (namespace/name)."""
    return {
        each["Id"]
        for each in cloud.control.findings()
        if each["Workflow"]["Status"] == "SUPPRESSED" and mark(each) == (owner, name)
    }

"""RemediationRules of end-to-end tests, and what the cloud has of the resources that they mean."""

from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import OWNER, in_hours
from tests.support.e2e.stage import Stage

PLURAL = "remediationrules"
ROLE = "posture-remediation"
ACCOUNT_BLOCK = "s3-account-block-public-access"
INGRESS = "ec2-security-group-revoke-public-ingress"
RECOVERY = "dynamodb-enable-point-in-time-recovery"
OLD_KEYS = "iam-deactivate-old-access-keys"


def allow(stage: Stage, *, max_mode: str = "DryRun", **changes: Any) -> None:
    """Configure the operator to let the namespace plan remediations."""
    grant = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score", "Suppress", "Remediate"],
        "remediation": {"roleNames": [ROLE], "maxMode": max_mode, "builtins": ["*"]},
    }
    stage.configure(**{"grants": [grant], "ownerId": OWNER, "quotaShare": 1, **changes})


def rule(stage: Stage, name: str, action: str, controls: Iterable[str], /, **spec: Any) -> str:
    """Apply a RemediationRule of a builtin action over some controls; return its name."""
    declared = {
        "targetRef": {"name": "organization"},
        "match": [{"controls": list(controls)}],
        "action": {"builtin": {"name": action}},
        "delay": "0s",
        "limits": {"percent": 100, "perCycle": 100},
        **spec,
    }
    stage.apply("RemediationRule", name, declared)
    return name


def status(stage: Stage, name: str) -> dict[str, Any]:
    """Return the rule's status, empty before there is one."""
    found = stage.get(name, PLURAL).get("status", {})
    assert isinstance(found, dict)
    return found


def ready(stage: Stage, name: str) -> tuple[str, str]:
    """Return status and reason of the rule's condition Ready, of the present spec; empty before that."""
    found = stage.get(name, PLURAL)
    if found.get("status", {}).get("observedGeneration") != found.get("metadata", {}).get("generation"):
        return "", ""
    condition = stage.condition("Ready", name, PLURAL)
    return condition["status"], condition["reason"]


def totals(stage: Stage, name: str) -> dict[str, int]:
    """Return the plan's totals by reason."""
    return {each["reason"]: each["count"] for each in status(stage, name).get("planTotals", [])}


def fail(cloud: Cloud, control: str) -> None:
    """Have the ACTIVE findings of a control fail, as a check that ran a moment ago says it."""
    for each in cloud.control.findings():
        if control_of(dict(each)) == control and each["RecordState"] == "ACTIVE":
            failed = {**each["Compliance"], "Status": "FAILED"}
            severity = {"Label": "HIGH", "Normalized": 70, "Original": "HIGH"}
            changed = {"Compliance": failed, "Severity": severity, "UpdatedAt": in_hours(0)}
            cloud.control.mutate({"op": "update", "id": each["Id"], "set": changed})
            cloud.control.mutate({"op": "workflow", "id": each["Id"], "status": "NEW"})


def failing(cloud: Cloud, controls: Iterable[str]) -> list[dict[str, Any]]:
    """Return the ACTIVE findings of Security Hub's own for some controls (globs) that did not pass."""
    return [
        dict(each)
        for each in cloud.control.findings()
        if each["ProductArn"].endswith("product/aws/securityhub")
        and any(fnmatchcase(control_of(each), glob) for glob in controls)
        and each["RecordState"] == "ACTIVE"
        and each["Compliance"]["Status"] != "PASSED"
    ]


def control_of(finding: dict[str, Any]) -> str:
    """Return the security control that a finding names."""
    return str(finding.get("Compliance", {}).get("SecurityControlId", ""))


def recounted(findings: Iterable[dict[str, Any]], of_type: str) -> Counter[str]:
    """Count resources by what is decided of each where nothing but the workflow speaks against it.

    An account is one thing, and so is a user; a resource with an ARN of another account or Region is none.
    """
    suppressed: dict[tuple[str, str], bool] = {}
    for each in findings:
        for resource in each["Resources"]:
            if resource["Type"] == of_type:
                key = each["AwsAccountId"], resource["Id"]
                seen = suppressed.get(key, False)
                suppressed[key] = seen or each["Workflow"]["Status"] == "SUPPRESSED"
    return Counter("Suppressed" if each else "Planned" for each in suppressed.values())


def columns(stage: Stage) -> dict[str, list[str]]:
    """Return what `kubectl get rrule` prints, by name, with the header under an empty one."""
    header, *rows = (line.split() for line in stage.kubectl("get", "rrule").splitlines())
    return {"": header, **{row[0]: row for row in rows}}

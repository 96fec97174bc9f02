"""How findings change: by their provider, by customers, by hand. Pure functions over decoded findings.

Nothing here changes its arguments; times come as ASFF timestamps.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.securityhub.asff import provider_of
from sandbox.securityhub.catalogue import NORMALIZED_SEVERITY

Finding = dict[str, Any]
CUSTOMER_FIELDS = ("Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState")
"""What BatchImportFindings never touches on a finding that exists (user guide, BatchUpdateFindings)."""
_UPDATED_BY_EITHER = ("Confidence", "Criticality", "RelatedFindings", "Severity", "Types")
_NOT_PASSED = frozenset({"FAILED", "WARNING", "NOT_AVAILABLE"})
_LABEL_FLOORS = ((90, "CRITICAL"), (70, "HIGH"), (40, "MEDIUM"), (1, "LOW"), (0, "INFORMATIONAL"))


def with_workflow(finding: Finding, status: str) -> Finding:
    """Return the finding with another workflow status, and the deprecated state in step with it."""
    return {**finding, "Workflow": {"Status": status}, "WorkflowState": status}


def complete_severity(severity: Mapping[str, Any]) -> dict[str, Any]:
    """Return a severity with label and normalized score, each derived from the other where it is missing."""
    completed = dict(severity)
    if "Label" in completed:
        completed.setdefault("Normalized", NORMALIZED_SEVERITY.get(completed["Label"], 0))
    elif "Normalized" in completed:
        score = completed["Normalized"]
        completed["Label"] = next(label for floor, label in _LABEL_FLOORS if score >= floor or floor == 0)
    else:
        completed |= {"Label": "INFORMATIONAL", "Normalized": 0}
    return completed


def apply_customer_update(
    finding: Finding, update: Mapping[str, Any], now: str, *, merge_user_fields: bool
) -> Finding:
    """Return the finding after BatchUpdateFindings; `UpdatedAt` stays, as it is the provider's.

    `merge_user_fields`: whether given UserDefinedFields join those there, or take their place. AWS's
    documents do not say which it does.
    """
    changed = dict(finding)
    for name in ("Confidence", "Criticality", "RelatedFindings", "Types", "VerificationState"):
        if update.get(name) is not None:
            changed[name] = update[name]
    if update.get("Note") is not None:
        note = update["Note"]
        changed["Note"] = {"Text": note["Text"], "UpdatedBy": note["UpdatedBy"], "UpdatedAt": now}
    if update.get("Severity") is not None:
        changed["Severity"] = dict(finding.get("Severity") or {}) | complete_severity(update["Severity"])
    if update.get("UserDefinedFields") is not None:
        kept = dict(finding.get("UserDefinedFields") or {}) if merge_user_fields else {}
        changed["UserDefinedFields"] = kept | update["UserDefinedFields"]
    status = (update.get("Workflow") or {}).get("Status")
    return with_workflow(changed, status) if status else changed


def import_new(finding: Finding, *, region: str, now: str, account_name: str | None) -> Finding:
    """Return a finding as Security Hub keeps it after its first BatchImportFindings."""
    kept = {key: value for key, value in finding.items() if key not in CUSTOMER_FIELDS}
    severity = complete_severity(finding.get("Severity") or {})
    product = provider_of(finding["ProductArn"]) or ""
    kept |= {
        "Region": finding.get("Region", region),
        "ProductName": finding.get("ProductName") or ("Default" if product == "default" else product),
        "CompanyName": finding.get("CompanyName") or ("Personal" if product == "default" else "AWS"),
        "Severity": severity,
        "RecordState": finding.get("RecordState", "ACTIVE"),
        "FindingProviderFields": finding.get("FindingProviderFields")
        or {
            "Severity": {"Label": severity["Label"], "Original": severity.get("Original", severity["Label"])},
            "Types": finding.get("Types", []),
        },
        "ProcessedAt": now,
    }
    if account_name is not None:
        kept.setdefault("AwsAccountName", account_name)
    status = (finding.get("Workflow") or {}).get("Status")
    return with_workflow(kept, status or initial_workflow(kept))


def initial_workflow(finding: Finding) -> str:
    """Return the workflow of a new finding: RESOLVED for a check that passed, else NEW."""
    passed = (finding.get("Compliance") or {}).get("Status") == "PASSED"
    return "RESOLVED" if passed and _resolves_itself(finding) else "NEW"


def import_again(old: Finding, new: Finding, *, region: str, now: str) -> Finding:
    """Return a finding after another BatchImportFindings: provider fields new, customer fields kept.

    Workflow falls back as AWS says: NOTIFIED and RESOLVED to NEW when the finding comes back from the archive
    or stops to pass; SUPPRESSED stays. A check that passes is RESOLVED by Security Hub.
    """
    fresh = import_new(new, region=region, now=now, account_name=old.get("AwsAccountName"))
    changed_by_customer = {
        name: old[name]
        for name in (*CUSTOMER_FIELDS, *_UPDATED_BY_EITHER)
        if name in old and (name in CUSTOMER_FIELDS or _was_overridden(old, name))
    }
    for name in CUSTOMER_FIELDS:
        fresh.pop(name, None)
    return after_provider_change(old, fresh | changed_by_customer)


def _was_overridden(old: Finding, name: str) -> bool:
    """Say whether a customer set a field that the provider sets too: it is not what the provider said."""
    said = (old.get("FindingProviderFields") or {}).get(name)
    if name == "Severity":
        return (said or {}).get("Label") != (old.get("Severity") or {}).get("Label")
    return name in {"Types", "RelatedFindings", "Confidence", "Criticality"} and said not in (
        None,
        old.get(name),
    )


def after_provider_change(old: Finding, new: Finding) -> Finding:
    """Return `new` with the workflow that Security Hub gives it, coming from `old`."""
    workflow = (old.get("Workflow") or {}).get("Status", "NEW")
    before, after = _compliance(old), _compliance(new)
    reopened = old.get("RecordState") == "ARCHIVED" and new.get("RecordState", "ACTIVE") == "ACTIVE"
    failing_now = before == "PASSED" and after in _NOT_PASSED
    if workflow in {"NOTIFIED", "RESOLVED"} and (reopened or failing_now):
        workflow = "NEW"
    if after == "PASSED" and workflow in {"NEW", "NOTIFIED"} and _resolves_itself(new):
        workflow = "RESOLVED"
    return with_workflow(new, workflow)


def deep_merge(finding: Finding, changes: Mapping[str, Any]) -> Finding:
    """Return the finding with nested changes put in; None removes a member, lists are replaced whole."""
    merged = dict(finding)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), dict):
            merged[key] = deep_merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _compliance(finding: Finding) -> str | None:
    compliance = finding.get("Compliance")
    return compliance.get("Status") if isinstance(compliance, dict) else None


def _resolves_itself(finding: Finding) -> bool:
    """Say whether a check that passes is RESOLVED: Security Hub's own, and those of Config."""
    return provider_of(finding.get("ProductArn")) in {"aws/securityhub", "aws/config"}

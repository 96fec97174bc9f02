"""One finding as it came → one finding as the rules see it, with a stated outcome for everything odd.

| what is odd | what becomes of it |
|---|---|
| Id, ProductArn, AwsAccountId, UpdatedAt missing or malformed | `Unstorable`: the finding is rejected |
| a NUL in Id or ProductArn | the same: no API takes it, and much ends a text there |
| Compliance missing, another product's finding, or an own one that names no control | `Compliance.NONE` |
| Compliance missing on own control finding; Status unknown | NOT_AVAILABLE, noted: never a guessed PASSED |
| an own finding names a control but no standard, or the reverse | kept, noted: no score can count it |
| Workflow.Status unknown | NEW, noted; missing: NEW, which is what AWS gives a new finding |
| Severity.Label unknown or missing | by Severity.Normalized (API reference), else INFORMATIONAL; noted |
| RecordState unknown | ACTIVE, noted; missing: ACTIVE, its default |
| CreatedAt missing or malformed | UpdatedAt, noted |
| FirstObservedAt malformed | missing, noted; it is optional |
| Region missing | the ProductArn's, which is the same |
| Title, account's name, note, tags, Resources missing | empty |

Noted findings are stored; a note says what was read in the place of what.
"""

from functools import lru_cache
from sys import intern

from posture.aws.securityhub.asff import (
    ComplianceFields,
    FindingFields,
    ProductFields,
    ResourceFields,
    SeverityFields,
    WorkflowFields,
)
from posture.aws.securityhub.checks import check_of
from posture.domain.arns import product_parts
from posture.domain.findings import (
    Check,
    Compliance,
    Finding,
    RecordState,
    Resource,
    Severity,
    Workflow,
)
from posture.domain.time import parse_timestamp

_ACCOUNT_ID_LENGTH = 12
_NUL = "\0"
# More than the largest organizations have.
_ACCOUNTS = 16_384
# What is known of each, and what is meant where nothing is said. Looked up in place: a call for each field of
# each finding costs as much as what it does.
_COMPLIANCE: dict[str | None, Compliance] = {
    status.name: status for status in Compliance if status is not Compliance.NONE
}
_SEVERITY: dict[str | None, Severity] = {label.name: label for label in Severity}
_WORKFLOW: dict[str | None, Workflow] = {None: Workflow.NEW} | {status.name: status for status in Workflow}
_RECORD_STATE: dict[str | None, RecordState] = {None: RecordState.ACTIVE} | {
    state.name: state for state in RecordState
}
_NO_COMPLIANCE = ComplianceFields()
_NO_FIELDS = ProductFields()
_NO_SEVERITY = SeverityFields()
_NO_WORKFLOW = WorkflowFields()
# The lowest Severity.Normalized of each label (API reference, Severity), most severe first.
_NORMALIZED = ((90, Severity.CRITICAL), (70, Severity.HIGH), (40, Severity.MEDIUM), (1, Severity.LOW))
_SHOWN = 40


class Unstorable(ValueError):  # noqa: N818 - a verdict on a finding, not a fault
    """A finding lacks what identifies it or orders it; the message says which field and how."""


def read_finding(fields: FindingFields, notes: list[str]) -> Finding:
    """Read one finding; append to `notes` what was replaced by a default.

    Raises Unstorable as the module's table says. Strings that many findings share are interned.
    """
    if not fields.id:
        raise Unstorable("Id is missing")
    if _NUL in fields.id:
        raise Unstorable("Id contains a NUL")
    account_id = _account_id(fields.aws_account_id or "")
    updated_at = _updated_at(fields.updated_at or "")
    product_arn = intern(fields.product_arn or "")
    compliance = fields.compliance or _NO_COMPLIANCE
    try:
        region = intern(fields.region or product_parts(product_arn).region)
        check = check_of(
            product_arn,
            region,
            fields.product_name or "",
            fields.generator_id or "",
            compliance.security_control_id or "",
            compliance.associated_standards or (),
            fields.product_fields or _NO_FIELDS,
        )
    except ValueError as error:
        raise Unstorable(str(error) if product_arn else "ProductArn is missing") from error
    if check.source and bool(check.control) != bool(check.standards):
        lacking = "no standard" if check.control else "no control"
        notes.append(f"a finding of Security Hub's own names {lacking}: no score can count it")
    severity = fields.severity or _NO_SEVERITY
    known_severity = _SEVERITY.get(severity.label)
    known_compliance = _COMPLIANCE.get(compliance.status)
    known_state = _RECORD_STATE.get(fields.record_state)
    workflow_status = (fields.workflow or _NO_WORKFLOW).status
    known_workflow = _WORKFLOW.get(workflow_status)
    user_fields = fields.user_defined_fields
    return Finding(
        fields.id,
        product_arn,
        check,
        account_id,
        intern(fields.aws_account_name or ""),
        region,
        intern(fields.title or ""),
        _odd_severity(severity, notes) if known_severity is None else known_severity,
        _odd_compliance(compliance.status, check, notes) if known_compliance is None else known_compliance,
        _odd_record_state(fields.record_state, notes) if known_state is None else known_state,
        _created_at(fields.created_at or "", updated_at, notes),
        updated_at,
        _resources(fields.resources or ()),
        _odd_workflow(workflow_status, notes) if known_workflow is None else known_workflow,
        (fields.note.text or "") if fields.note else "",
        tuple(sorted(user_fields.items())) if user_fields else (),
        intern(fields.note.updated_by or "") if fields.note else "",
        _first_observed_at(fields.first_observed_at, notes),
    )


@lru_cache(_ACCOUNTS)
def _account_id(text: str) -> str:
    if len(text) == _ACCOUNT_ID_LENGTH and text.isdigit() and text.isascii():
        return intern(text)
    raise Unstorable(f"AwsAccountId {_quoted(text)} is not 12 digits" if text else "AwsAccountId is missing")


def _updated_at(text: str) -> int:
    try:
        return parse_timestamp(text)
    except ValueError as error:
        raise Unstorable(f"UpdatedAt: {error}" if text else "UpdatedAt is missing") from error


def _created_at(text: str, updated_at: int, notes: list[str]) -> int:
    try:
        return parse_timestamp(text)
    except ValueError:
        notes.append(f"CreatedAt {_quoted(text)} is no timestamp: read as UpdatedAt")
        return updated_at


def _first_observed_at(text: str | None, notes: list[str]) -> int | None:
    if text is None:
        return None
    try:
        return parse_timestamp(text)
    except ValueError:
        notes.append(f"FirstObservedAt {_quoted(text)} is no timestamp: ignored")
        return None


def _odd_compliance(status: str | None, check: Check, notes: list[str]) -> Compliance:
    if status is None and not (check.source and check.control):
        return Compliance.NONE
    notes.append(f"Compliance.Status {_quoted(status)} is unknown: read as NOT_AVAILABLE")
    return Compliance.NOT_AVAILABLE


def _odd_severity(severity: SeverityFields, notes: list[str]) -> Severity:
    score = severity.normalized or 0
    read = next((label for lowest, label in _NORMALIZED if score >= lowest), Severity.INFORMATIONAL)
    notes.append(f"Severity.Label {_quoted(severity.label)} is unknown: read as {read.name}")
    return read


def _odd_workflow(status: str | None, notes: list[str]) -> Workflow:
    notes.append(f"Workflow.Status {_quoted(status)} is unknown: read as NEW")
    return Workflow.NEW


def _odd_record_state(state: str | None, notes: list[str]) -> RecordState:
    notes.append(f"RecordState {_quoted(state)} is unknown: read as ACTIVE")
    return RecordState.ACTIVE


def _resources(resources: tuple[ResourceFields, ...]) -> tuple[Resource, ...]:
    if len(resources) == 1:
        # Nearly always. One is read without a list that would be made for it.
        return (_resource(resources[0]),)
    return tuple(map(_resource, resources))


def _resource(entry: ResourceFields) -> Resource:
    tags = entry.tags
    return Resource(intern(entry.type or ""), entry.id or "", tuple(sorted(tags.items())) if tags else ())


def _quoted(text: str | None) -> str:
    """Show a value from the wire in a message: quoted, and short whatever its length."""
    if text is None:
        return "(missing)"
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")

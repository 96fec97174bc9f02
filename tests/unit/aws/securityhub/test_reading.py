"""The table of what `posture.aws.securityhub.finding` tolerates, row by row, through production's decoder."""

import json
from typing import Any

import pytest

from posture.aws.securityhub.wire import FindingsPage, decode_page
from posture.domain.findings import (
    Check,
    CheckSource,
    Compliance,
    Finding,
    RecordState,
    Resource,
    Severity,
    Workflow,
)

ID = "arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.1/finding/1"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
TITLE = "S3 buckets should block public access"
DROP = object()


def asff(**changes: Any) -> dict[str, Any]:
    finding: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": ID,
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": "security-control/S3.1",
        "AwsAccountId": "111122223333",
        "AwsAccountName": "xebia-shop-production",
        "Region": "eu-west-1",
        "CreatedAt": "2026-11-01T00:00:00Z",
        "UpdatedAt": "2026-11-22T00:00:00.123Z",
        "Title": TITLE,
        "Severity": {"Label": "HIGH", "Normalized": 70},
        "Compliance": {
            "Status": "FAILED",
            "SecurityControlId": "S3.1",
            "AssociatedStandards": [{"StandardsId": f"standards/{FSBP}"}],
        },
        "Workflow": {"Status": "NOTIFIED"},
        "RecordState": "ACTIVE",
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b", "Tags": {"team": "x", "app": "y"}}],
        "Note": {"Text": "known", "UpdatedBy": "me", "UpdatedAt": "2026-11-22T00:00:00Z"},
        "UserDefinedFields": {"b": "2", "a": "1"},
    }
    for name, value in changes.items():
        if value is DROP:
            del finding[name]
        else:
            finding[name] = value
    return finding


def page(*findings: object) -> FindingsPage:
    return decode_page(json.dumps({"Findings": findings}).encode())


def test_a_sound_finding_is_read_whole() -> None:
    read = page(asff())
    assert (read.rejected, read.unreadable, read.next_token) == ([], [], None)
    finding = read.findings[0]
    assert finding == Finding(
        id=ID,
        product_arn="arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        check=Check(
            "Security Hub", source=CheckSource.SECURITY_HUB, control="S3.1", numbered=False, standards=(FSBP,)
        ),
        account_id="111122223333",
        account_name="xebia-shop-production",
        region="eu-west-1",
        title=TITLE,
        severity=Severity.HIGH,
        compliance=Compliance.FAILED,
        record_state=RecordState.ACTIVE,
        created_at=1_793_491_200_000_000,
        updated_at=1_795_305_600_123_000,
        resources=(Resource("AwsS3Bucket", "arn:aws:s3:::b", (("app", "y"), ("team", "x"))),),
        workflow=Workflow.NOTIFIED,
        note="known",
        user_fields=(("a", "1"), ("b", "2")),
        note_by="me",
    )


OTHER = {"ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/inspector", "ProductName": "Inspector"}
ASSOCIATED = {"AssociatedStandards": [{"StandardsId": f"standards/{FSBP}"}]}
CONTROL = {"SecurityControlId": "S3.1", "AssociatedStandards": [{"StandardsId": f"standards/{FSBP}"}]}


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        (OTHER | {"Compliance": DROP}, "compliance", Compliance.NONE),
        (OTHER | {"Compliance": {}}, "compliance", Compliance.NONE),
        (OTHER | {"Compliance": {"Status": "PASSED"}}, "compliance", Compliance.PASSED),
        ({"Compliance": DROP, "GeneratorId": "exposure"}, "compliance", Compliance.NONE),
        ({"Compliance": CONTROL | {"Status": "WARNING"}}, "compliance", Compliance.WARNING),
        ({"Compliance": CONTROL | {"Status": "NOT_AVAILABLE"}}, "compliance", Compliance.NOT_AVAILABLE),
        ({"Workflow": DROP}, "workflow", Workflow.NEW),
        ({"Workflow": {"Status": "SUPPRESSED"}}, "workflow", Workflow.SUPPRESSED),
        ({"Workflow": {"Status": "RESOLVED"}}, "workflow", Workflow.RESOLVED),
        ({"RecordState": DROP}, "record_state", RecordState.ACTIVE),
        ({"RecordState": "ARCHIVED"}, "record_state", RecordState.ARCHIVED),
        ({"Title": DROP}, "title", ""),
        ({"FirstObservedAt": "2026-11-01T02:00:00+02:00"}, "first_observed_at", 1_793_491_200_000_000),
        ({"AwsAccountName": DROP}, "account_name", ""),
        ({"Note": DROP}, "note", ""),
        ({"UserDefinedFields": DROP}, "user_fields", ()),
        ({"Resources": DROP}, "resources", ()),
        ({"Resources": [{}]}, "resources", (("", "", ()),)),
        ({"Region": DROP}, "region", "eu-west-1"),
        # What nobody reads may have any type.
        ({"Description": 5, "Remediation": [], "Types": {}, "Process": None, "Confidence": "x"}, "id", ID),
        (
            {"Resources": [{"Type": "T", "Id": "I", "Details": 5, "Region": []}]},
            "resources",
            (("T", "I", ()),),
        ),
        ({"ProductFields": {"aws/securityhub/SeverityLabel": 5, "x": []}}, "id", ID),
    ],
)
def test_what_is_read_without_a_word(changes: dict[str, Any], field: str, value: object) -> None:
    read = page(asff(**changes))
    assert (read.rejected, read.unreadable) == ([], [])
    assert getattr(read.findings[0], field) == value


@pytest.mark.parametrize(
    ("changes", "field", "value", "why"),
    [
        ({"Compliance": CONTROL | {"Status": "MAYBE"}}, "compliance", Compliance.NOT_AVAILABLE, "'MAYBE'"),
        ({"Compliance": CONTROL | {"Status": "passed"}}, "compliance", Compliance.NOT_AVAILABLE, "'passed'"),
        ({"Compliance": CONTROL | {"Status": "NONE"}}, "compliance", Compliance.NOT_AVAILABLE, "'NONE'"),
        ({"Compliance": CONTROL | {"Status": ""}}, "compliance", Compliance.NOT_AVAILABLE, "''"),
        ({"Compliance": CONTROL}, "compliance", Compliance.NOT_AVAILABLE, "(missing)"),
        ({"Compliance": DROP}, "compliance", Compliance.NOT_AVAILABLE, "(missing)"),
        ({"Compliance": 5}, "compliance", Compliance.NOT_AVAILABLE, "Compliance has the wrong type"),
        (
            {"Compliance": CONTROL | {"Status": 5}},
            "compliance",
            Compliance.NOT_AVAILABLE,
            "Compliance.Status has the wrong type",
        ),
        (OTHER | {"Compliance": {"Status": "ODD"}}, "compliance", Compliance.NOT_AVAILABLE, "'ODD'"),
        (
            {"Compliance": {"Status": "PASSED", "SecurityControlId": "S3.1"}},
            "compliance",
            Compliance.PASSED,
            "names no standard",
        ),
        (
            {"GeneratorId": "?", "Compliance": {"Status": "PASSED"} | ASSOCIATED},
            "title",
            TITLE,
            "names no control",
        ),
        ({"Workflow": {"Status": "DONE"}}, "workflow", Workflow.NEW, "'DONE'"),
        ({"Workflow": []}, "workflow", Workflow.NEW, "Workflow has the wrong type"),
        ({"Severity": {"Label": "URGENT", "Normalized": 89}}, "severity", Severity.HIGH, "'URGENT'"),
        ({"Severity": {"Normalized": 90}}, "severity", Severity.CRITICAL, "read as CRITICAL"),
        ({"Severity": {"Normalized": 40.0}}, "severity", Severity.MEDIUM, "read as MEDIUM"),
        ({"Severity": {"Normalized": 1}}, "severity", Severity.LOW, "read as LOW"),
        ({"Severity": {"Normalized": 0}}, "severity", Severity.INFORMATIONAL, "read as INFORMATIONAL"),
        ({"Severity": DROP}, "severity", Severity.INFORMATIONAL, "(missing)"),
        (
            {"Severity": {"Label": 5, "Normalized": 70}},
            "severity",
            Severity.HIGH,
            "Severity.Label has the wrong",
        ),
        ({"RecordState": "GONE"}, "record_state", RecordState.ACTIVE, "'GONE'"),
        ({"CreatedAt": "once"}, "created_at", 1_795_305_600_123_000, "'once'"),
        ({"CreatedAt": DROP}, "created_at", 1_795_305_600_123_000, "CreatedAt"),
        ({"FirstObservedAt": "once"}, "first_observed_at", None, "FirstObservedAt 'once'"),
        ({"FirstObservedAt": 5}, "first_observed_at", None, "FirstObservedAt has the wrong type"),
        ({"Title": 5}, "title", "", "Title has the wrong type"),
        (
            {"UserDefinedFields": {"a": "1", "b": 2}},
            "user_fields",
            (("a", "1"),),
            "UserDefinedFields has the wrong",
        ),
        (
            {
                "Resources": [
                    {"Type": "T", "Id": 5},
                    6,
                    {"Type": "U", "Id": "V", "Tags": {"a": None, "b": "c"}},
                ]
            },
            "resources",
            (("T", "", ()), ("", "", ()), ("U", "V", (("b", "c"),))),
            "Resources[0].Id has the wrong type",
        ),
        ({"Note": {"Text": {}}}, "note", "", "Note.Text has the wrong type"),
        ({"Title": "x" * 500, "RecordState": "y" * 500}, "record_state", RecordState.ACTIVE, "y" * 40 + "…"),
    ],
)
def test_what_is_stored_with_a_default_is_said(
    changes: dict[str, Any], field: str, value: object, why: str
) -> None:
    read = page(asff(**changes))
    assert read.rejected == []
    assert getattr(read.findings[0], field) == value
    [note] = read.unreadable
    assert (note.id, note.account_id) == (ID, "111122223333")
    assert why in note.why


@pytest.mark.parametrize(
    ("finding", "account_id", "why"),
    [
        (asff(AwsAccountId=DROP), "", "AwsAccountId is missing"),
        (asff(AwsAccountId="1111"), "1111", "'1111' is not 12 digits"),
        (asff(AwsAccountId="١١١١٢٢٢٢٣٣٣٣"), "١١١١٢٢٢٢٣٣٣٣", "is not 12 digits"),
        (asff(AwsAccountId=111122223333), "", "AwsAccountId is missing"),
        (asff(UpdatedAt=DROP), "111122223333", "UpdatedAt is missing"),
        (asff(UpdatedAt="2026-11-22T00:00:00"), "111122223333", "has no UTC offset"),
        (
            asff(UpdatedAt=1_795_305_600),
            "111122223333",
            "UpdatedAt has the wrong type: ignored; UpdatedAt is missing",
        ),
        (asff(ProductArn=DROP), "111122223333", "ProductArn is missing"),
        (asff(ProductArn="securityhub"), "111122223333", "ProductArn is not the ARN"),
        (asff(ProductArn=DROP, Region=DROP), "111122223333", "ProductArn is missing"),
    ],
)
def test_what_cannot_be_ordered_or_placed_is_rejected(
    finding: dict[str, Any], account_id: str, why: str
) -> None:
    read = page(finding)
    assert (read.findings, read.unreadable) == ([], [])
    [rejected] = read.rejected
    assert (rejected.id, rejected.account_id) == (ID, account_id)
    assert why in rejected.why


@pytest.mark.parametrize("finding", [asff(Id=DROP), asff(Id=""), asff(Id=7), asff(Id=None), 5, None, [], "x"])
def test_what_has_no_id_is_named_by_a_digest(finding: object) -> None:
    first, again = page(finding), page(finding, asff())
    [rejected] = first.rejected
    assert rejected.id.startswith("sha256:")
    assert first.findings == []
    assert len(again.findings) == 1
    assert again.rejected[0].why == rejected.why

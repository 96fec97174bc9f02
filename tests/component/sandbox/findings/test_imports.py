"""BatchImportFindings as a boto3 client meets it."""

from typing import Any

import pytest

from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_findings import ADMIN, HOME, MEMBER, PRODUCT, Json, finding


def own(number: int, **members: Any) -> Json:
    product = f"arn:aws:securityhub:{HOME}:{MEMBER}:product/{MEMBER}/default"
    imported = finding(number, **{"ProductArn": product, **members})
    for name in ("Region", "ProductName", "Workflow", "RecordState"):
        if name not in members:
            del imported[name]
    return imported


def test_an_import_is_completed_and_refused_one_by_one(hub: BackgroundHub) -> None:
    client = hub.client(MEMBER, HOME)
    bad = [
        own(2, UpdatedAt="yesterday"),
        own(3, AwsAccountId=ADMIN),
        own(4, ProductArn=PRODUCT),
        own(5, Resources=[]),
        own(6, Severity={"Label": "DIRE"}),
        own(7, Resources=[{"Type": "Other", "Id": str(number)} for number in range(33)]),
    ]
    answer = client.batch_import_findings(Findings=[own(1), *bad])
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 6)
    assert {it["ErrorCode"] for it in answer["FailedFindings"]} == {"InvalidInput"}
    (kept,) = client.get_findings()["Findings"]
    assert (kept["Region"], kept["AwsAccountName"]) == (HOME, "xebia-shop-dev")
    assert (kept["Workflow"]["Status"], kept["RecordState"]) == ("NEW", "ACTIVE")


@pytest.mark.parametrize(
    ("workflow", "before", "after", "expected"),
    [
        ("NOTIFIED", {"RecordState": "ARCHIVED"}, {"RecordState": "ACTIVE"}, "NEW"),
        ("RESOLVED", {"RecordState": "ARCHIVED"}, {"RecordState": "ACTIVE"}, "NEW"),
        ("SUPPRESSED", {"RecordState": "ARCHIVED"}, {"RecordState": "ACTIVE"}, "SUPPRESSED"),
        ("RESOLVED", {"Compliance": {"Status": "PASSED"}}, {"Compliance": {"Status": "FAILED"}}, "NEW"),
        ("NOTIFIED", {"Compliance": {"Status": "PASSED"}}, {"Compliance": {"Status": "WARNING"}}, "NEW"),
        (
            "SUPPRESSED",
            {"Compliance": {"Status": "PASSED"}},
            {"Compliance": {"Status": "FAILED"}},
            "SUPPRESSED",
        ),
        ("RESOLVED", {"Compliance": {"Status": "WARNING"}}, {"Compliance": {"Status": "FAILED"}}, "RESOLVED"),
        ("NOTIFIED", {}, {}, "NOTIFIED"),
    ],
)
def test_workflow_falls_back_as_aws_says(
    hub: BackgroundHub, workflow: str, before: Json, after: Json, expected: str
) -> None:
    client = hub.client(MEMBER, HOME)
    client.batch_import_findings(Findings=[own(1, **before)])
    (kept,) = client.get_findings()["Findings"]
    identifier = {"Id": kept["Id"], "ProductArn": kept["ProductArn"]}
    client.batch_update_findings(
        FindingIdentifiers=[identifier],
        Workflow={"Status": workflow},
        Note={"Text": "n", "UpdatedBy": "u"},
        Severity={"Label": "LOW"},
    )
    client.batch_import_findings(Findings=[own(1, **after, UpdatedAt="2026-11-21T00:00:00Z")])
    (kept,) = client.get_findings()["Findings"]
    assert kept["Workflow"]["Status"] == expected
    assert (kept["Note"]["Text"], kept["Severity"]["Label"]) == ("n", "LOW")
    assert kept["UpdatedAt"] == "2026-11-21T00:00:00Z"


def test_an_older_import_changes_nothing(hub: BackgroundHub) -> None:
    client = hub.client(MEMBER, HOME)
    client.batch_import_findings(Findings=[own(1, UpdatedAt="2026-11-21T00:00:00Z")])
    client.batch_import_findings(Findings=[own(1, Title="older", UpdatedAt="2026-11-20T00:00:00Z")])
    assert client.get_findings()["Findings"][0]["Title"] != "older"


def test_a_control_that_passes_is_resolved_and_opens_again(hub: BackgroundHub) -> None:
    hub.control.load([finding(1)])

    def after(status: str) -> str:
        hub.control.mutate({"op": "update", "id": "finding/001", "set": {"Compliance": {"Status": status}}})
        return str(next(hub.control.findings())["Workflow"]["Status"])

    assert [after("PASSED"), after("PASSED"), after("FAILED")] == ["RESOLVED", "RESOLVED", "NEW"]

"""Findings as the tests of the emulator import them, and what a client is told of them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.securityhub.background import BackgroundHub

Json = dict[str, Any]
ADMIN, MEMBER, STRANGER = "111122223333", "222233334444", "999988887777"
HOME, LINKED = "eu-west-1", "us-east-1"
PRODUCT = f"arn:aws:securityhub:{HOME}::product/aws/securityhub"
BY_UPDATE = [{"Field": "UpdatedAt", "SortOrder": "asc"}]


def finding(number: int, **members: Any) -> Json:
    region = members.get("Region", HOME)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"finding/{number:03}",
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": "security-control/S3.1",
        "AwsAccountId": MEMBER,
        "Region": region,
        "Types": ["Software and Configuration Checks"],
        "CreatedAt": "2026-11-01T00:00:00.000Z",
        "UpdatedAt": f"2026-11-20T10:00:{number % 60:02}.000Z",
        "Title": "S3 Block Public Access setting should be enabled",
        "Description": "d",
        "Severity": {"Label": "MEDIUM", "Normalized": 40},
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::{number}"}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.1"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
        **members,
    }


def equals(*values: str) -> list[Json]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def ids(page: Json) -> list[str]:
    return [it["Id"] for it in page["Findings"]]


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def update(hub: BackgroundHub, *numbers: int, account: str = ADMIN, **members: Any) -> Json:
    identifiers = [{"Id": f"finding/{number:03}", "ProductArn": PRODUCT} for number in numbers]
    answer: Json = hub.client(account, HOME).batch_update_findings(FindingIdentifiers=identifiers, **members)
    return answer

"""Insights and the second version of Security Hub, as a boto3 client meets them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.securityhub.background import BackgroundHub
from sandbox.securityhub.catalogue import FSBP

ADMIN, MEMBER, OUTSIDER = "111122223333", "222233334444", "333344445555"
HOME = "eu-west-1"


def finding(number: int, resource: str, severity: str, account: str = ADMIN, **others: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"finding-{number}",
        "ProductArn": f"arn:aws:securityhub:{HOME}::product/aws/securityhub",
        "GeneratorId": "security-control/S3.1",
        "AwsAccountId": account,
        "Region": HOME,
        "CreatedAt": "2026-11-20T00:00:00Z",
        "UpdatedAt": "2026-11-20T00:00:00Z",
        "Title": "t",
        "Description": "d",
        "Severity": {"Label": severity},
        "Resources": [{"Type": "Other", "Id": resource}],
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
        **others,
    }


@pytest.fixture(scope="module")
def hub() -> Iterator[BackgroundHub]:
    with BackgroundHub() as running:
        running.control.seed(
            {
                "administrator": ADMIN,
                "accounts": [{"id": ADMIN, "name": "audit"}, {"id": MEMBER, "name": "shop"}],
                "regions": [HOME],
                "standards": [FSBP],
            }
        )
        running.control.load(
            [
                finding(1, "a", "LOW"),
                finding(2, "b", "HIGH"),
                finding(3, "b", "HIGH", Workflow={"Status": "NOTIFIED"}),
                finding(4, "b", "HIGH", MEMBER),
                finding(5, "a", "HIGH", Workflow={"Status": "SUPPRESSED"}),
                finding(6, "a", "HIGH", RecordState="ARCHIVED"),
            ]
        )
        yield running


def results(hub: BackgroundHub, number: int, account: str = ADMIN) -> list[tuple[str, int]]:
    arn = f"arn:aws:securityhub:::insight/securityhub/default/{number}"
    answer = hub.client(account, HOME).get_insight_results(InsightArn=arn)["InsightResults"]
    assert answer["InsightArn"] == arn
    return [(each["GroupByAttributeValue"], each["Count"]) for each in answer["ResultValues"]]


def test_managed_insights_count_what_is_open_and_seen(hub: BackgroundHub) -> None:
    assert results(hub, 1) == [("b", 3), ("a", 1)]
    assert results(hub, 29) == [("HIGH", 3), ("LOW", 1)]
    assert results(hub, 27) == [(ADMIN, 3), (MEMBER, 1)]
    assert results(hub, 1, MEMBER) == [("b", 1)]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:securityhub:::insight/securityhub/default/2", "ResourceNotFoundException"),
        ("arn:aws:securityhub:::insight/securityhub/default/41", "ResourceNotFoundException"),
        ("arn:aws-cn:securityhub:::insight/securityhub/default/1", "ResourceNotFoundException"),
        ("arn:aws:securityhub:::insight/securityhub/default/36", "NotImplementedException"),
    ],
)
def test_insights_that_are_not_there_are_refused(hub: BackgroundHub, arn: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        hub.client(ADMIN, HOME).get_insight_results(InsightArn=arn)
    assert refused.value.response["Error"]["Code"] == code


def test_the_second_version_is_on_or_off_by_itself(hub: BackgroundHub) -> None:
    client = hub.client(OUTSIDER, HOME)
    with pytest.raises(ClientError) as refused:
        client.describe_security_hub_v2()
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    hub.control.hub(OUTSIDER, HOME, enabled=False, second_version=True)
    assert client.describe_security_hub_v2()["HubV2Arn"].startswith(
        f"arn:aws:securityhub:{HOME}:{OUTSIDER}:hubv2/"
    )
    hub.control.hub(OUTSIDER, HOME, second_version=False)
    with pytest.raises(ClientError):
        client.describe_security_hub_v2()

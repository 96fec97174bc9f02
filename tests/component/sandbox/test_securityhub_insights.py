"""Insights and the second version of Security Hub, as a boto3 client meets them."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
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
    answer = hub.client(account, HOME).get_insight_results(InsightArn=managed(number))
    assert answer["InsightResults"]["InsightArn"] == managed(number)
    return counted(answer)


def managed(number: int) -> str:
    return f"arn:aws:securityhub:::insight/securityhub/default/{number}"


def counted(answer: Any) -> list[tuple[str, int]]:
    values = answer["InsightResults"]["ResultValues"]
    return [(each["GroupByAttributeValue"], each["Count"]) for each in values]


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
        ("arn:aws:securityhub:::insight/securityhub/default/24", "NotImplementedException"),
        (f"arn:aws:securityhub:{HOME}:{ADMIN}:insight/{ADMIN}/custom/none", "ResourceNotFoundException"),
    ],
)
def test_insights_that_are_not_there_are_refused(hub: BackgroundHub, arn: str, code: str) -> None:
    client = hub.client(ADMIN, HOME)
    with pytest.raises(ClientError) as refused:
        client.get_insight_results(InsightArn=arn)
    assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError) as refused:
        client.get_insights(InsightArns=[arn])
    assert refused.value.response["Error"]["Code"] == code


def equals(*values: str) -> list[dict[str, str]]:
    return [{"Comparison": "EQUALS", "Value": value} for value in values]


def test_custom_insights_are_made_changed_and_deleted(hub: BackgroundHub) -> None:
    client = hub.client(ADMIN, HOME)
    high = {"SeverityLabel": equals("HIGH"), "RecordState": equals("ACTIVE")}
    arn = client.create_insight(Name="high", Filters=high, GroupByAttribute="ResourceId")["InsightArn"]
    assert arn.startswith(f"arn:aws:securityhub:{HOME}:{ADMIN}:insight/{ADMIN}/custom/")
    (listed,) = client.get_insights()["Insights"]
    assert listed == {"InsightArn": arn, "Name": "high", "Filters": high, "GroupByAttribute": "ResourceId"}
    assert counted(client.get_insight_results(InsightArn=arn)) == [("b", 3), ("a", 1)]
    # It is of one account and Region.
    with pytest.raises(ClientError):
        hub.client(MEMBER, HOME).get_insight_results(InsightArn=arn)
    client.update_insight(InsightArn=arn, GroupByAttribute="AwsAccountId")
    assert counted(client.get_insight_results(InsightArn=arn)) == [(ADMIN, 3), (MEMBER, 1)]
    for wrong in (
        {"GroupByAttribute": "Weather"},
        {"Filters": {"Title": [{"Comparison": "CONTAINS", "Value": "t"}]}},
    ):
        with pytest.raises(ClientError) as refused:
            client.update_insight(InsightArn=arn, **wrong)
        assert refused.value.response["Error"]["Code"] == "InvalidInputException"
    client.delete_insight(InsightArn=arn)
    assert client.get_insights()["Insights"] == []
    with pytest.raises(ClientError) as refused:
        client.get_insight_results(InsightArn=arn)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_custom_insights_are_at_most_a_hundred_and_come_in_pages(hub: BackgroundHub) -> None:
    client = hub.client(MEMBER, HOME)
    wanted = {"Filters": {"RecordState": equals("ACTIVE")}, "GroupByAttribute": "ResourceId"}
    arns = {client.create_insight(Name=str(n), **wanted)["InsightArn"] for n in range(100)}
    with pytest.raises(ClientError) as refused:
        client.create_insight(Name="one too many", **wanted)
    assert refused.value.response["Error"]["Code"] == "LimitExceededException"
    first = client.get_insights(MaxResults=60)
    rest = client.get_insights(MaxResults=60, NextToken=first["NextToken"])
    assert {each["InsightArn"] for each in first["Insights"] + rest["Insights"]} == arns
    assert "NextToken" not in rest


def test_failed_checks_of_the_last_day_by_resource(hub: BackgroundHub) -> None:
    now = hub.client(ADMIN, HOME).get_findings(MaxResults=1)["ResponseMetadata"]["HTTPHeaders"]["date"]
    updated = parsedate_to_datetime(now).strftime("%Y-%m-%dT%H:%M:%SZ")
    failed, passed = {"Compliance": {"Status": "FAILED"}}, {"Compliance": {"Status": "PASSED"}}
    hub.control.load(
        [
            finding(10, "c", "LOW", OUTSIDER, **failed, UpdatedAt=updated),
            finding(11, "d", "LOW", OUTSIDER, **failed),
            finding(12, "e", "LOW", OUTSIDER, **passed, UpdatedAt=updated),
        ]
    )
    hub.control.hub(OUTSIDER, HOME)
    assert results(hub, 36, OUTSIDER) == [("c", 1)]


def test_at_most_a_hundred_values_come_in_whatever_order(hub: BackgroundHub) -> None:
    hub.control.load([finding(1000 + n, f"r{n % 150:03}", "LOW", OUTSIDER) for n in range(400)])
    hub.control.hub(OUTSIDER, HOME)
    usual = results(hub, 1, OUTSIDER)
    assert len(usual) == 100
    assert [count for _, count in usual] == [3] * 100
    hub.control.fault("unordered", "GetInsightResults")
    assert [count for _, count in results(hub, 29)] == [1, 3]


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

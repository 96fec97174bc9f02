"""An emulated AWS Config with two aggregators, and how tests ask it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.securityhub.background import BackgroundHub

ADMINISTRATOR, MEMBER, STRANGER = "111122223333", "444455556666", "777788889999"
HOME, AWAY = "eu-west-1", "us-east-1"
PACK, OTHER, GONE = "OrgConformsPack-baseline-a1b2c3d4", "storage", "last-year"
RULES = ["s3-bucket-versioning-enabled", "iam-user-mfa-enabled", "ec2-imdsv2-check", "access-keys-rotated"]
ALONE = "my-own-rule"
SEED: dict[str, Any] = {
    "administrator": ADMINISTRATOR,
    "accounts": [{"id": ADMINISTRATOR, "name": "platform"}, {"id": MEMBER, "name": "xebia-shop-test"}],
    "regions": [HOME, AWAY],
    "aggregation": {"region": HOME},
    "config": {
        "aggregators": [
            {"name": "org", "account": ADMINISTRATOR, "region": HOME},
            {
                "name": "one",
                "account": ADMINISTRATOR,
                "region": HOME,
                "accounts": [MEMBER],
                "regions": [AWAY],
            },
        ],
        "packs": [
            {"name": PACK, "rules": RULES, "created_by": "config-multiaccountsetup.amazonaws.com"},
            {"name": OTHER, "rules": RULES[:1]},
            {"name": GONE, "rules": RULES[:2], "deleted": True},
        ],
        "rules": [ALONE],
        "failing": 0.0,
        "without_results": 0.0,
    },
}


def everything(call: Any, key: str, **parameters: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = call(**parameters, **token)
        rows += page[key]
        if not page.get("NextToken"):
            return rows
        token = {"NextToken": page["NextToken"]}


def rules(aws: Any, aggregator: str = "org", **parameters: Any) -> list[dict[str, Any]]:
    return everything(
        aws.describe_aggregate_compliance_by_config_rules,
        "AggregateComplianceByConfigRules",
        ConfigurationAggregatorName=aggregator,
        **parameters,
    )


def packs(aws: Any, **parameters: Any) -> list[dict[str, Any]]:
    return everything(
        aws.describe_aggregate_compliance_by_conformance_packs,
        "AggregateComplianceByConformancePacks",
        ConfigurationAggregatorName="org",
        **parameters,
    )


def code_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return str(refused.value.response["Error"]["Code"])


def statuses(aws: Any, aggregator: str = "org", **more: Any) -> list[dict[str, Any]]:
    return everything(
        aws.describe_configuration_aggregator_sources_status,
        "AggregatedSourceStatusList",
        ConfigurationAggregatorName=aggregator,
        **more,
    )


def findings(hub: BackgroundHub) -> list[dict[str, Any]]:
    mine = {"ProductName": [{"Value": "Config", "Comparison": "EQUALS"}]}
    found: list[dict[str, Any]] = hub.client(ADMINISTRATOR, HOME).get_findings(Filters=mine)["Findings"]
    return found

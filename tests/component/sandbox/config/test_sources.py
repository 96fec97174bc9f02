"""Sources of an aggregator: how they are told, what they have, and when it shows."""

from typing import Any

from sandbox.config.client import ConfigClient
from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_config import (
    ADMINISTRATOR,
    ALONE,
    AWAY,
    HOME,
    MEMBER,
    PACK,
    RULES,
    SEED,
    STRANGER,
    code_of,
    rules,
    statuses,
)


def test_an_aggregator_is_its_accounts_and_its_regions_alone(hub: BackgroundHub, aws: Any) -> None:
    for account, region in ((MEMBER, HOME), (ADMINISTRATOR, AWAY), (STRANGER, HOME)):
        other = hub.client(account, region, "config")
        assert code_of(
            other.describe_aggregate_compliance_by_config_rules, ConfigurationAggregatorName="org"
        ) == ("NoSuchConfigurationAggregatorException")
        assert other.describe_configuration_aggregators()["ConfigurationAggregators"] == []
    assert code_of(aws.describe_configuration_aggregators, ConfigurationAggregatorNames=["org", "none"]) == (
        "NoSuchConfigurationAggregatorException"
    )
    one, org = aws.describe_configuration_aggregators()["ConfigurationAggregators"]
    assert one["AccountAggregationSources"][0]["AccountIds"] == [MEMBER]
    assert org["OrganizationAggregationSource"]["AllAwsRegions"] is True
    assert {(each["AccountId"], each["AwsRegion"]) for each in rules(aws, "one")} == {(MEMBER, AWAY)}


def test_sources_are_told_as_a_whole_and_account_by_account(
    hub: BackgroundHub, aws: Any, config: ConfigClient
) -> None:
    found = statuses(aws)
    assert [each["SourceId"] for each in found if each["SourceType"] == "ORGANIZATION"] == [
        "Organization"
    ] * 2
    accounts = [(each["SourceId"], each["AwsRegion"]) for each in found if each["SourceType"] == "ACCOUNT"]
    assert accounts == [(account, region) for account in (ADMINISTRATOR, MEMBER) for region in (HOME, AWAY)]
    assert {each["LastUpdateStatus"] for each in found} == {"SUCCEEDED"}
    assert [each["SourceId"] for each in statuses(aws, "one")] == [MEMBER]
    config.source("org", MEMBER, AWAY, "FAILED", code="AccessDenied", message="no authorization")
    config.source("org", "Organization", HOME, "OUTDATED", age=7200)
    (failed,) = statuses(aws, UpdateStatus=["FAILED"])
    assert (failed["SourceId"], failed["LastErrorCode"]) == (MEMBER, "AccessDenied")
    (outdated,) = statuses(aws, UpdateStatus=["OUTDATED"])
    assert (outdated["SourceType"], outdated["LastUpdateTime"].isoformat()[:19]) == (
        "ORGANIZATION",
        "2026-11-30T10:00:00",
    )
    hub.control.reset()
    only = {"name": "org", "account": ADMINISTRATOR, "region": HOME, "lists_accounts": False}
    hub.control.seed({**SEED, "config": {**SEED["config"], "aggregators": [only]}})
    assert {each["SourceType"] for each in statuses(aws)} == {"ORGANIZATION"}


def test_what_a_source_that_fails_has_is_old_or_not_shown(aws: Any, config: ConfigClient) -> None:
    there: dict[str, Any] = {"Filters": {"AccountId": MEMBER, "AwsRegion": HOME, "ConfigRuleName": ALONE}}
    config.source("org", MEMBER, HOME, "FAILED")
    config.set_rule(MEMBER, HOME, ALONE, "NON_COMPLIANT")
    assert rules(aws, **there)[0]["Compliance"]["ComplianceType"] == "COMPLIANT"
    config.source("org", MEMBER, HOME, "SUCCEEDED")
    assert rules(aws, **there)[0]["Compliance"]["ComplianceType"] == "NON_COMPLIANT"
    config.source("org", MEMBER, HOME, "FAILED", rows=False)
    assert rules(aws, **there) == []


def test_aggregators_show_a_change_after_a_while_and_the_account_at_once(
    hub: BackgroundHub, aws: Any, config: ConfigClient
) -> None:
    config.settings(delay=300)
    rule = config.rule_of_pack(MEMBER, HOME, PACK, RULES[0])
    config.set_rule(MEMBER, HOME, rule, "NON_COMPLIANT")
    own = hub.client(MEMBER, HOME, "config").describe_conformance_pack_compliance(ConformancePackName=PACK)
    assert own["ConformancePackRuleComplianceList"][0]["ComplianceType"] == "NON_COMPLIANT"
    assert rules(aws, Filters={"ComplianceType": "NON_COMPLIANT"}) == []
    hub.control.clock(advance=299)
    assert rules(aws, Filters={"ComplianceType": "NON_COMPLIANT"}) == []
    hub.control.clock(advance=1)
    assert [each["ConfigRuleName"] for each in rules(aws, Filters={"ComplianceType": "NON_COMPLIANT"})] == [
        rule
    ]
    assert config.settings() == 0

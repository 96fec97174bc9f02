"""Rows of rules and packs: names, results, pages, filters, resources."""

from typing import Any

import pytest

from sandbox.config.client import ConfigClient
from sandbox.config.rules import OWN_PREFIX
from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_config import (
    ADMINISTRATOR,
    ALONE,
    AWAY,
    GONE,
    HOME,
    MEMBER,
    OTHER,
    PACK,
    RULES,
    code_of,
    everything,
    packs,
    rules,
)


def test_rules_of_packs_are_named_by_the_packs_id_which_differs_by_account_and_region(
    hub: BackgroundHub, aws: Any
) -> None:
    found = rules(aws)
    suffixes = set()
    for account in (ADMINISTRATOR, MEMBER):
        for region in (HOME, AWAY):
            own = hub.client(account, region, "config").describe_conformance_packs()["ConformancePackDetails"]
            assert [each["ConformancePackName"] for each in own] == [PACK, OTHER]
            ids = {each["ConformancePackName"]: each["ConformancePackId"] for each in own}
            assert all(each.startswith("conformance-pack-") for each in ids.values())
            suffixes |= set(ids.values())
            names = [
                each["ConfigRuleName"]
                for each in found
                if (each["AccountId"], each["AwsRegion"]) == (account, region)
            ]
            inside = [f"{rule}-{ids[PACK]}" for rule in RULES] + [f"{RULES[0]}-{ids[OTHER]}", ALONE]
            assert names[: len(inside)] == inside
            assert all(name.startswith(OWN_PREFIX) for name in names[len(inside) :])
            assert len(names) == len(inside) + 2
    assert len(suffixes) == 8


def test_who_made_a_pack_of_the_organization_is_said(hub: BackgroundHub) -> None:
    own = hub.client(MEMBER, HOME, "config").describe_conformance_packs()["ConformancePackDetails"]
    assert [each.get("CreatedBy") for each in own] == ["config-multiaccountsetup.amazonaws.com", None]


def test_a_rule_without_results_has_no_row_and_is_counted_in_its_pack(
    hub: BackgroundHub, aws: Any, config: ConfigClient
) -> None:
    rule = config.rule_of_pack(MEMBER, AWAY, PACK, RULES[1])
    config.set_rule(MEMBER, AWAY, rule, "INSUFFICIENT_DATA")
    failing = config.rule_of_pack(MEMBER, AWAY, PACK, RULES[0])
    config.set_rule(MEMBER, AWAY, failing, "NON_COMPLIANT")
    assert rule not in {each["ConfigRuleName"] for each in rules(aws)}
    (row,) = packs(aws, Filters={"ConformancePackName": PACK, "AccountId": MEMBER, "AwsRegion": AWAY})
    assert row["Compliance"] == {
        "ComplianceType": "NON_COMPLIANT",
        "CompliantRuleCount": 2,
        "NonCompliantRuleCount": 1,
        "TotalRuleCount": 4,
    }
    own = hub.client(MEMBER, AWAY, "config").describe_conformance_pack_compliance(ConformancePackName=PACK)
    said = {
        each["ConfigRuleName"]: each["ComplianceType"] for each in own["ConformancePackRuleComplianceList"]
    }
    assert said[rule] == "INSUFFICIENT_DATA"
    assert said[failing] == "NON_COMPLIANT"
    assert len(said) == 4


def test_a_pack_of_which_no_rule_has_a_result_has_none(aws: Any, config: ConfigClient) -> None:
    config.set_rule(MEMBER, AWAY, config.rule_of_pack(MEMBER, AWAY, OTHER, RULES[0]), "INSUFFICIENT_DATA")
    found = packs(aws, Filters={"ConformancePackName": OTHER, "ComplianceType": "INSUFFICIENT_DATA"})
    assert [(each["AccountId"], each["AwsRegion"]) for each in found] == [(MEMBER, AWAY)]


def test_deleted_packs_are_listed_and_exist_no_more(
    hub: BackgroundHub, aws: Any, config: ConfigClient
) -> None:
    assert {each["ConformancePackName"] for each in packs(aws)} == {PACK, OTHER, GONE}
    config.delete_pack(MEMBER, HOME, OTHER)
    here = {"AccountId": MEMBER, "AwsRegion": HOME}
    assert OTHER in {each["ConformancePackName"] for each in packs(aws, Filters=here)}
    own = hub.client(MEMBER, HOME, "config")
    assert len(own.describe_conformance_packs()["ConformancePackDetails"]) == 1
    assert code_of(own.describe_conformance_packs, ConformancePackNames=[OTHER]) == (
        "NoSuchConformancePackException"
    )
    assert code_of(own.describe_conformance_pack_compliance, ConformancePackName=GONE) == (
        "NoSuchConformancePackException"
    )
    named = [each["ConfigRuleName"] for each in rules(aws, Filters=here)]
    assert len([name for name in named if name.startswith(f"{RULES[0]}-")]) == 1


def test_pages_may_be_empty_and_go_on(aws: Any, config: ConfigClient) -> None:
    call = aws.describe_aggregate_compliance_by_config_rules
    token: dict[str, str] = {}
    sizes = []
    while True:
        page = call(ConfigurationAggregatorName="org", Limit=5, **token)
        sizes.append(len(page["AggregateComplianceByConfigRules"]))
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sizes == [5, 0, 5, 5, 5, 5, 5, 2]
    config.settings(empty_pages=0)
    assert len(rules(aws, Limit=5)) == sum(sizes) == len(rules(aws, Limit=0)) == len(rules(aws))


@pytest.mark.parametrize(
    ("operation", "most", "more"),
    [
        ("describe_aggregate_compliance_by_config_rules", 1000, {"ConfigurationAggregatorName": "org"}),
        ("describe_aggregate_compliance_by_conformance_packs", 100, {"ConfigurationAggregatorName": "org"}),
        ("describe_configuration_aggregator_sources_status", 100, {"ConfigurationAggregatorName": "org"}),
        ("describe_configuration_aggregators", 100, {}),
        (
            "get_aggregate_compliance_details_by_config_rule",
            100,
            {
                "ConfigurationAggregatorName": "org",
                "ConfigRuleName": ALONE,
                "AccountId": MEMBER,
                "AwsRegion": HOME,
            },
        ),
        ("describe_conformance_packs", 20, {}),
    ],
)
def test_limits_are_those_of_each_operation(aws: Any, operation: str, most: int, more: Any) -> None:
    call = getattr(aws, operation)
    call(**more, Limit=0)
    call(**more, Limit=most)
    # botocore itself refuses what is below zero.
    assert code_of(call, **more, Limit=most + 1) == "InvalidLimitException"


def test_tokens_are_good_for_the_query_that_they_were_given_for(hub: BackgroundHub, aws: Any) -> None:
    call = aws.describe_aggregate_compliance_by_config_rules
    token = call(ConfigurationAggregatorName="org", Limit=5)["NextToken"]
    refused = "InvalidNextTokenException"
    assert code_of(call, ConfigurationAggregatorName="one", NextToken=token) == refused
    filtered = {"ConfigurationAggregatorName": "org", "Filters": {"AccountId": MEMBER}}
    assert code_of(call, **filtered, NextToken=token) == refused
    others = aws.describe_aggregate_compliance_by_conformance_packs
    assert code_of(others, ConfigurationAggregatorName="org", NextToken=token) == refused
    assert code_of(call, ConfigurationAggregatorName="org", NextToken="made up") == refused
    # It is not used up, and Limit is no part of the query.
    call(ConfigurationAggregatorName="org", NextToken=token, Limit=7)
    call(ConfigurationAggregatorName="org", NextToken=token)
    hub.control.expire_tokens()
    assert code_of(call, ConfigurationAggregatorName="org", NextToken=token) == refused


def test_filters_select_rows(aws: Any, config: ConfigClient) -> None:
    config.set_rule(MEMBER, HOME, ALONE, "NON_COMPLIANT")
    (row,) = rules(aws, Filters={"ComplianceType": "NON_COMPLIANT"})
    assert (row["ConfigRuleName"], row["AccountId"], row["AwsRegion"]) == (ALONE, MEMBER, HOME)
    assert len(rules(aws, Filters={"ConfigRuleName": ALONE})) == 4
    assert len(rules(aws, Filters={"ConfigRuleName": ALONE, "AwsRegion": AWAY})) == 2
    assert rules(aws, Filters={"ConfigRuleName": "my-own"}) == []
    call = aws.describe_aggregate_compliance_by_config_rules
    for none in ("INSUFFICIENT_DATA", "NOT_APPLICABLE"):
        wanted = {"ConfigurationAggregatorName": "org", "Filters": {"ComplianceType": none}}
        assert code_of(call, **wanted) == "ValidationException"
    named = {"ConfigurationAggregatorName": "org", "Filters": {"AccountId": "12"}}
    assert code_of(call, **named) == "ValidationException"


def test_contributors_are_counted_up_to_the_cap(aws: Any, config: ConfigClient) -> None:
    resources = [{"type": "AWS::S3::Bucket", "id": f"bucket-{number}"} for number in range(26)]
    for many, capped, exceeded in ((1, 1, False), (25, 25, False), (26, 25, True)):
        config.set_rule(MEMBER, HOME, ALONE, resources=resources[:many])
        (row,) = rules(aws, Filters={"ComplianceType": "NON_COMPLIANT"})
        assert row["Compliance"]["ComplianceContributorCount"] == {
            "CappedCount": capped,
            "CapExceeded": exceeded,
        }


def test_the_resources_of_a_rule_come_by_what_it_says_of_them(aws: Any, config: ConfigClient) -> None:
    resources = [{"type": "AWS::S3::Bucket", "id": f"bucket-{number:03}"} for number in range(120)]
    resources[0] |= {"compliance": "COMPLIANT"}
    resources[1] |= {"annotation": "versioning is off"}
    config.set_rule(MEMBER, HOME, ALONE, resources=resources)
    asked: dict[str, Any] = {
        "ConfigurationAggregatorName": "org",
        "ConfigRuleName": ALONE,
        "AccountId": MEMBER,
        "AwsRegion": HOME,
    }
    call, key = aws.get_aggregate_compliance_details_by_config_rule, "AggregateEvaluationResults"
    assert len(call(**asked)[key]) == 50
    failing = everything(call, key, **asked, ComplianceType="NON_COMPLIANT", Limit=100)
    found = [each["EvaluationResultIdentifier"]["EvaluationResultQualifier"] for each in failing]
    assert [each["ResourceId"] for each in found] == [each["id"] for each in resources[1:]]
    assert {each["ResourceType"] for each in found} == {"AWS::S3::Bucket"}
    assert failing[0]["Annotation"] == "versioning is off"
    assert failing[0]["ResultRecordedTime"].isoformat().startswith("2026-11-30T")
    assert len(everything(call, key, **asked)) == 120
    assert everything(call, key, **{**asked, "ConfigRuleName": "none"}) == []
    assert code_of(call, **asked, ComplianceType="INSUFFICIENT_DATA") == "ValidationException"

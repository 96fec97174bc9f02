"""The emulated Config: aggregators, rows, pages, refusals, and the findings that it sends to Security Hub."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.config.client import ConfigClient
from sandbox.config.operations import OPERATIONS
from sandbox.config.rules import OWN_PREFIX
from sandbox.securityhub.background import BackgroundHub
from sandbox.securityhub.client import ControlError

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


@pytest.fixture
def hub(running: BackgroundHub) -> BackgroundHub:
    running.control.reset()
    running.control.seed(SEED)
    running.control.clock(freeze=True, set="2026-11-30T12:00:00Z")
    return running


@pytest.fixture
def config(hub: BackgroundHub) -> ConfigClient:
    return ConfigClient(hub.control)


@pytest.fixture
def aws(hub: BackgroundHub) -> Any:
    return hub.client(ADMINISTRATOR, HOME, "config")


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


def statuses(aws: Any, aggregator: str = "org", **more: Any) -> list[dict[str, Any]]:
    return everything(
        aws.describe_configuration_aggregator_sources_status,
        "AggregatedSourceStatusList",
        ConfigurationAggregatorName=aggregator,
        **more,
    )


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


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", "ThrottlingException"),
        ("denied", "AccessDeniedException"),
        ("expired_credentials", "ExpiredTokenException"),
        ("error", "InternalFailure"),
    ],
)
def test_faults_are_in_configs_words(hub: BackgroundHub, aws: Any, kind: str, code: str) -> None:
    hub.control.fault(kind, "DescribeConfigurationAggregators")
    with pytest.raises(ClientError) as refused:
        aws.describe_configuration_aggregators()
    said = refused.value.response
    assert said["Error"]["Code"] == code
    assert said["ResponseMetadata"]["HTTPStatusCode"] == (500 if kind == "error" else 400)
    if kind == "denied":
        assert "config:DescribeConfigurationAggregators" in said["Error"]["Message"]
    assert aws.describe_configuration_aggregators()["ConfigurationAggregators"]


def test_pages_can_be_short_wrong_or_endless(hub: BackgroundHub, aws: Any) -> None:
    call = aws.describe_aggregate_compliance_by_config_rules
    operation = "DescribeAggregateComplianceByConfigRules"
    hub.control.fault("short", operation, options={"rows": 2})
    page = call(ConfigurationAggregatorName="org")
    assert len(page["AggregateComplianceByConfigRules"]) == 2
    assert page["NextToken"]
    hub.control.fault("wrong", operation, options={"set": {"AccountId": STRANGER}, "without": ["Compliance"]})
    first, second = call(ConfigurationAggregatorName="org")["AggregateComplianceByConfigRules"][:2]
    assert (first["AccountId"], "Compliance" in first) == (STRANGER, False)
    assert (second["AccountId"], "Compliance" in second) == (ADMINISTRATOR, True)
    hub.control.fault("repeated", operation)
    again = call(ConfigurationAggregatorName="org", NextToken=page["NextToken"])
    assert again["NextToken"] == page["NextToken"]


def test_what_is_not_served_is_said(aws: Any) -> None:
    assert code_of(aws.describe_configuration_recorders) == "NotImplementedException"


def test_every_operation_is_one_of_the_model(aws: Any) -> None:
    assert OPERATIONS.keys() <= set(aws.meta.service_model.operation_names)


def findings(hub: BackgroundHub) -> list[dict[str, Any]]:
    mine = {"ProductName": [{"Value": "Config", "Comparison": "EQUALS"}]}
    found: list[dict[str, Any]] = hub.client(ADMINISTRATOR, HOME).get_findings(Filters=mine)["Findings"]
    return found


def test_a_change_sends_a_finding_to_security_hub_and_a_suppression_survives(
    hub: BackgroundHub, config: ConfigClient
) -> None:
    rule = config.rule_of_pack(MEMBER, AWAY, PACK, RULES[0])
    bucket = {"type": "AWS::S3::Bucket", "id": "logs"}
    fine = {"type": "AWS::S3::Bucket", "id": "data", "compliance": "COMPLIANT"}
    assert config.set_rule(MEMBER, AWAY, rule, resources=[bucket, fine]) == 1
    (found,) = findings(hub)
    arn = found["GeneratorId"]
    assert arn.startswith(f"arn:aws:config:{AWAY}:{MEMBER}:config-rule/config-rule-")
    assert found["Id"].startswith(f"{arn}/finding/")
    assert len(found["Id"].rpartition("/")[2]) == 40
    assert found["ProductArn"] == f"arn:aws:securityhub:{AWAY}::product/aws/config"
    assert found["Title"] == rule
    assert found["ProductFields"]["aws/config/ConfigRuleName"] == rule
    assert found["ProductFields"]["aws/config/ConfigRuleArn"] == arn
    assert found["ProductFields"]["aws/config/ConfigComplianceType"] == "NON_COMPLIANT"
    assert found["Resources"][0]["Id"] == "arn:aws:s3:::logs"
    assert (found["Compliance"]["Status"], found["Workflow"]["Status"]) == ("FAILED", "NEW")
    assert config.set_rule(MEMBER, AWAY, rule, resources=[bucket, fine]) == 0
    hub.control.mutate({"op": "workflow", "id": found["Id"], "status": "SUPPRESSED"})
    hub.control.clock(advance=60)
    assert config.set_rule(MEMBER, AWAY, rule, resources=[{**bucket, "compliance": "COMPLIANT"}, fine]) == 1
    (passed,) = findings(hub)
    assert (passed["Compliance"]["Status"], passed["Workflow"]["Status"]) == ("PASSED", "SUPPRESSED")
    hub.control.mutate({"op": "workflow", "id": found["Id"], "status": "RESOLVED"})
    hub.control.clock(advance=60)
    assert config.set_rule(MEMBER, AWAY, rule, resources=[bucket, fine]) == 1
    (failed,) = findings(hub)
    assert (failed["Id"], failed["Workflow"]["Status"]) == (found["Id"], "NEW")
    hub.control.clock(advance=60)
    config.set_rule(MEMBER, AWAY, rule, resources=[fine])
    config.set_rule(MEMBER, AWAY, rule, resources=[{**bucket, "compliance": "COMPLIANT"}])
    assert [each["Workflow"]["Status"] for each in findings(hub)] == ["NEW"]


def test_a_finding_that_passes_is_resolved(hub: BackgroundHub, config: ConfigClient) -> None:
    config.set_rule(MEMBER, HOME, ALONE, "NON_COMPLIANT")
    assert {each["Workflow"]["Status"] for each in findings(hub)} == {"NEW"}
    hub.control.clock(advance=60)
    config.set_rule(MEMBER, HOME, ALONE, "COMPLIANT")
    assert {each["Workflow"]["Status"] for each in findings(hub)} == {"RESOLVED"}


def test_security_hubs_own_rules_and_hubs_that_are_off_have_no_findings(
    hub: BackgroundHub, config: ConfigClient
) -> None:
    own = next(name for name in config.rules(MEMBER, HOME) if name.startswith(OWN_PREFIX))
    assert config.set_rule(MEMBER, HOME, own, "NON_COMPLIANT") == 0
    hub.control.hub(MEMBER, HOME, enabled=False)
    assert config.set_rule(MEMBER, HOME, ALONE, "NON_COMPLIANT") == 0
    assert config.set_rule(ADMINISTRATOR, HOME, ALONE, "NON_COMPLIANT", findings=False) == 0
    assert findings(hub) == []


def test_what_makes_no_sense_is_refused(config: ConfigClient) -> None:
    with pytest.raises(ControlError, match="no rule"):
        config.set_rule(MEMBER, HOME, "none", "COMPLIANT")
    with pytest.raises(ControlError, match="either"):
        config.set_rule(MEMBER, HOME, ALONE)
    with pytest.raises(ControlError, match="no pack"):
        config.delete_pack(MEMBER, HOME, "none")
    with pytest.raises(ControlError, match="none of"):
        config.source("org", MEMBER, HOME, "FINE")
    with pytest.raises(ControlError, match="no aggregator"):
        config.source("none", MEMBER, HOME, "FAILED")

"""Hubs, standards, controls, aggregation and members as a boto3 client meets them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.securityhub.background import BackgroundHub
from sandbox.securityhub.catalogue import (
    AZURE,
    CIS_1_2,
    CIS_1_4,
    CIS_3_0,
    CIS_5_0,
    CONTROL_TOWER,
    CONTROLS,
    FSBP,
    PCI_DSS,
    STANDARDS,
    control_of_id,
    standard_of_arn,
)

Json = dict[str, Any]
ADMIN, MEMBER, OUTSIDER = "111122223333", "222233334444", "333344445555"
HOME, LINKED = "eu-west-1", "us-east-1"


@pytest.fixture
def hub(running: BackgroundHub) -> BackgroundHub:
    running.control.reset()
    running.control.seed(
        {
            "administrator": ADMIN,
            "accounts": [{"id": ADMIN, "name": "audit"}, {"id": MEMBER, "name": "xebia-shop-dev"}],
            "regions": [HOME, LINKED],
            "standards": [FSBP, CIS_1_2, PCI_DSS],
            "aggregation": {"region": HOME},
            "disabled_controls": [
                {"standard": FSBP, "control": "S3.11", "account": ADMIN, "region": HOME, "reason": "no"}
            ],
        }
    )
    return running


def code_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return str(refused.value.response["Error"]["Code"])


def everything(client: Any, operation: str, key: str, **parameters: Any) -> list[Json]:
    pages = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 17}, **parameters)
    return [item for page in pages for item in page[key]]


@pytest.mark.parametrize(
    ("standard", "number", "control"),
    [
        (CIS_1_4, "1.10", "IAM.5"),
        (CIS_1_4, "1.7", "CloudWatch.1"),
        (CIS_1_4, "4.3", "CloudWatch.1"),
        (CIS_1_2, "4.3", "EC2.2"),
        (CIS_1_2, "1.1", "IAM.20"),
        (CIS_3_0, "2.2.1", "EC2.7"),
        (CIS_5_0, "5.1.1", "EC2.7"),
        (CIS_5_0, "1.5", "IAM.6"),
        (CONTROL_TOWER, "CodeBuild.1", "CodeBuild.1"),
        (PCI_DSS, "PCI.EC2.2", "EC2.2"),
        (PCI_DSS, "PCI.EC2.4", "EC2.12"),
        (PCI_DSS, "PCI.ES.1", "ES.2"),
        (FSBP, "ELBv2.1", "ELB.1"),
    ],
)
def test_numbers_are_tied_to_security_controls(standard: str, number: str, control: str) -> None:
    assert STANDARDS[standard].by_number()[number].id == control
    assert number in CONTROLS[control].numbers[standard]


def test_the_catalogue_is_one_to_one_where_aws_is() -> None:
    for standard in STANDARDS.values():
        numbers = [number for control in standard.controls() for number in control.numbers[standard.path]]
        assert len(numbers) == len(set(numbers)) == len(standard.by_number())
        assert standard_of_arn(standard.arn(HOME)) is standard
        assert standard_of_arn(standard.subscription_arn(ADMIN, HOME)) is standard
        assert standard_of_arn(standard.standards_id) is standard
    assert standard_of_arn("arn:aws:securityhub:eu-west-1::standards/other/v/1.0.0") is None
    assert control_of_id("opensearch.1") is CONTROLS["Opensearch.1"]
    assert STANDARDS[CIS_1_2].arn(HOME) == f"arn:aws:securityhub:::ruleset/{CIS_1_2}"
    ruleset = f"securityhub:::ruleset/{CIS_1_2}/rule/4.3"
    assert STANDARDS[CIS_1_2].generator_id("4.3", "eu-west-1") == f"arn:aws:{ruleset}"
    assert STANDARDS[CIS_1_2].generator_id("4.3", "cn-north-1") == f"arn:aws-cn:{ruleset}"


def test_the_twelve_standards_of_aws_and_one_of_another_cloud() -> None:
    assert {path for path, standard in STANDARDS.items() if standard.provider == "AWS"} == {
        "aws-foundational-security-best-practices/v/1.0.0",
        "cis-aws-foundations-benchmark/v/1.2.0",
        "cis-aws-foundations-benchmark/v/1.4.0",
        "cis-aws-foundations-benchmark/v/3.0.0",
        "cis-aws-foundations-benchmark/v/5.0.0",
        "pci-dss/v/3.2.1",
        "pci-dss/v/4.0.1",
        "nist-800-53/v/5.0.0",
        "nist-800-171/v/2.0.0",
        "aws-resource-tagging-standard/v/1.0.0",
        "ai-security-best-practices/v/1.0.0",
        "service-managed-aws-control-tower/v/1.0.0",
    }
    assert all(standard.controls() for standard in STANDARDS.values())
    for control in CONTROLS.values():
        assert {STANDARDS[path].provider for path in control.numbers} == {control.provider}


def test_the_cloud_of_a_standard_is_told_and_can_be_asked_for(hub: BackgroundHub) -> None:
    client = hub.client(ADMIN, HOME)
    arn = STANDARDS[AZURE].arn(HOME)
    client.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": arn}])
    listed = everything(client, "get_enabled_standards", "StandardsSubscriptions")
    assert [it["Provider"] for it in listed] == ["AWS", "AWS", "AWS", "Azure"]
    of_azure = {"Providers": ["Azure"]}
    listed = everything(client, "get_enabled_standards", "StandardsSubscriptions", **of_azure)
    assert [it["StandardsArn"] for it in listed] == [arn]
    described = everything(client, "describe_standards", "Standards", **of_azure)
    assert [(it["StandardsArn"], it["Provider"]) for it in described] == [(arn, "Azure")]
    key = "SecurityControlDefinitions"
    controls = everything(client, "list_security_control_definitions", key, **of_azure)
    assert {it["SecurityControlId"] for it in controls} == {it.id for it in STANDARDS[AZURE].controls()}
    assert {it["Provider"] for it in controls} == {"Azure"}
    (control,) = client.batch_get_security_controls(SecurityControlIds=["S3.1"])["SecurityControls"]
    assert control["Provider"] == "AWS"


def test_standards_and_subscriptions(hub: BackgroundHub) -> None:
    client = hub.client(ADMIN, HOME)
    assert {it["StandardsArn"] for it in everything(client, "describe_standards", "Standards")} == {
        standard.arn(HOME) for standard in STANDARDS.values()
    }
    enabled = everything(client, "get_enabled_standards", "StandardsSubscriptions")
    assert [it["StandardsArn"] for it in enabled] == [
        STANDARDS[it].arn(HOME) for it in (FSBP, CIS_1_2, PCI_DSS)
    ]
    cis = STANDARDS[CIS_1_4].arn(HOME)
    pending = client.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": cis}])
    assert pending["StandardsSubscriptions"][0]["StandardsStatus"] == "PENDING"
    client.batch_disable_standards(StandardsSubscriptionArns=[enabled[0]["StandardsSubscriptionArn"]])
    enabled = everything(client, "get_enabled_standards", "StandardsSubscriptions")
    assert [it["StandardsArn"] for it in enabled] == [
        STANDARDS[it].arn(HOME) for it in (CIS_1_2, PCI_DSS, CIS_1_4)
    ]
    wrong = [{"StandardsArn": STANDARDS[CIS_1_4].arn(LINKED)}]
    assert (
        code_of(client.batch_enable_standards, StandardsSubscriptionRequests=wrong) == "InvalidInputException"
    )


def test_controls_of_a_standard_carry_its_numbers(hub: BackgroundHub) -> None:
    client = hub.client(ADMIN, HOME)
    standard = STANDARDS[PCI_DSS]
    arn = standard.subscription_arn(ADMIN, HOME)
    controls = everything(client, "describe_standards_controls", "Controls", StandardsSubscriptionArn=arn)
    assert {it["ControlId"] for it in controls} == set(standard.by_number())
    assert controls[0]["StandardsControlArn"] == standard.control_arn(ADMIN, HOME, controls[0]["ControlId"])
    missing = STANDARDS[CIS_3_0].subscription_arn(ADMIN, HOME)
    assert (
        code_of(client.describe_standards_controls, StandardsSubscriptionArn=missing)
        == "ResourceNotFoundException"
    )


def test_definitions_and_controls(hub: BackgroundHub) -> None:
    client = hub.client(ADMIN, HOME)
    key = "SecurityControlDefinitions"
    assert len(everything(client, "list_security_control_definitions", key)) == len(CONTROLS)
    arn = STANDARDS[PCI_DSS].arn(HOME)
    of_pci = everything(client, "list_security_control_definitions", key, StandardsArn=arn)
    assert {it["SecurityControlId"] for it in of_pci} == {it.id for it in STANDARDS[PCI_DSS].controls()}
    answer = client.batch_get_security_controls(SecurityControlIds=["S3.11", "EC2.53", "S3.1", "Nope.1"])
    states = {it["SecurityControlId"]: it["SecurityControlStatus"] for it in answer["SecurityControls"]}
    assert states == {"S3.11": "DISABLED", "EC2.53": "DISABLED", "S3.1": "ENABLED"}
    assert answer["UnprocessedIds"] == [{"SecurityControlId": "Nope.1", "ErrorCode": "NOT_FOUND"}]
    too_many = ["S3.1"] * 101
    assert code_of(client.batch_get_security_controls, SecurityControlIds=too_many) == "InvalidInputException"


def association(standard: str, control: str) -> Json:
    return {"StandardsArn": STANDARDS[standard].arn(HOME), "SecurityControlId": control}


def test_associations_are_listed_for_enabled_standards(hub: BackgroundHub) -> None:
    client = hub.client(ADMIN, HOME)
    key = "StandardsControlAssociationSummaries"
    listed = everything(client, "list_standards_control_associations", key, SecurityControlId="EC2.2")
    assert {it["StandardsArn"] for it in listed} == {
        STANDARDS[it].arn(HOME) for it in (FSBP, CIS_1_2, PCI_DSS)
    }
    ids = [
        association(FSBP, "S3.11"),
        association(FSBP, "ELB.1"),
        association(CIS_1_4, "EC2.2"),
        association(PCI_DSS, "S3.11"),
    ]
    answer = client.batch_get_standards_control_associations(StandardsControlAssociationIds=ids)
    s3, elb = answer["StandardsControlAssociationDetails"]
    assert (s3["AssociationStatus"], s3["UpdatedReason"]) == ("DISABLED", "no")
    assert elb["StandardsControlArns"] == [STANDARDS[FSBP].control_arn(ADMIN, HOME, "ELBv2.1")]
    assert [it["ErrorCode"] for it in answer["UnprocessedAssociations"]] == [
        "RESOURCE_NOT_FOUND",
        "NOT_FOUND",
    ]


def statuses(client: Any, *pairs: tuple[str, str]) -> list[str]:
    ids = [association(*pair) for pair in pairs]
    answer = client.batch_get_standards_control_associations(StandardsControlAssociationIds=ids)
    return [it["AssociationStatus"] for it in answer["StandardsControlAssociationDetails"]]


def test_controls_are_turned_off_and_on_in_one_hub(hub: BackgroundHub) -> None:
    client = hub.client(MEMBER, HOME)
    updates = [
        {**association(FSBP, "S3.1"), "AssociationStatus": "DISABLED", "UpdatedReason": "accepted"},
        {**association(PCI_DSS, "S3.1"), "AssociationStatus": "DISABLED"},
        {**association(PCI_DSS, "S3.11"), "AssociationStatus": "ENABLED"},
    ]
    answer = client.batch_update_standards_control_associations(StandardsControlAssociationUpdates=updates)
    assert [it["ErrorCode"] for it in answer["UnprocessedAssociationUpdates"]] == [
        "INVALID_INPUT",
        "NOT_FOUND",
    ]
    assert statuses(client, (FSBP, "S3.1"), (PCI_DSS, "S3.1")) == ["DISABLED", "ENABLED"]
    assert statuses(hub.client(ADMIN, HOME), (FSBP, "S3.1")) == ["ENABLED"]
    subscription = STANDARDS[FSBP].subscription_arn(MEMBER, HOME)
    client.batch_disable_standards(StandardsSubscriptionArns=[subscription])
    requests = [{"StandardsArn": STANDARDS[FSBP].arn(HOME)}]
    client.batch_enable_standards(StandardsSubscriptionRequests=requests)
    assert statuses(client, (FSBP, "S3.1")) == ["ENABLED"]


def test_a_control_is_off_in_one_account_and_region_only(hub: BackgroundHub) -> None:
    assert statuses(hub.client(ADMIN, HOME), (FSBP, "S3.11")) == ["DISABLED"]
    elsewhere = hub.client(ADMIN, LINKED)
    in_linked = {"StandardsArn": STANDARDS[FSBP].arn(LINKED), "SecurityControlId": "S3.11"}
    answer = elsewhere.batch_get_standards_control_associations(StandardsControlAssociationIds=[in_linked])
    assert answer["StandardsControlAssociationDetails"][0]["AssociationStatus"] == "ENABLED"
    assert statuses(hub.client(MEMBER, HOME), (FSBP, "S3.11")) == ["ENABLED"]


def test_the_older_call_turns_a_control_off_by_its_number(hub: BackgroundHub) -> None:
    client = hub.client(MEMBER, HOME)
    arn = STANDARDS[CIS_1_2].control_arn(MEMBER, HOME, "4.3")
    call = client.update_standards_control
    assert code_of(call, StandardsControlArn=arn, ControlStatus="DISABLED") == "InvalidInputException"
    call(StandardsControlArn=arn, ControlStatus="DISABLED", DisabledReason="accepted")
    assert statuses(client, (CIS_1_2, "EC2.2"), (FSBP, "EC2.2")) == ["DISABLED", "ENABLED"]
    of_admin = STANDARDS[CIS_1_2].control_arn(ADMIN, HOME, "4.3")
    assert code_of(call, StandardsControlArn=of_admin) == "ResourceNotFoundException"


def test_central_configuration_refuses(hub: BackgroundHub) -> None:
    hub.control.members(configuration_type="CENTRAL")
    update = {**association(FSBP, "S3.1"), "AssociationStatus": "ENABLED"}
    answer = hub.client(MEMBER, HOME).batch_update_standards_control_associations(
        StandardsControlAssociationUpdates=[update]
    )
    assert answer["UnprocessedAssociationUpdates"][0]["ErrorCode"] == "ACCESS_DENIED"
    described = hub.client(ADMIN, HOME).describe_organization_configuration()
    assert described["OrganizationConfiguration"]["ConfigurationType"] == "CENTRAL"
    denied = hub.client(MEMBER, HOME).describe_organization_configuration
    assert code_of(denied) == "InvalidAccessException"


def test_a_hub_is_turned_off_and_on(hub: BackgroundHub) -> None:
    client = hub.client(ADMIN, HOME)
    assert client.describe_hub()["ControlFindingGenerator"] == "SECURITY_CONTROL"
    client.update_security_hub_configuration(ControlFindingGenerator="STANDARD_CONTROL")
    assert client.describe_hub()["ControlFindingGenerator"] == "STANDARD_CONTROL"
    assert (
        code_of(client.describe_hub, HubArn="arn:aws:securityhub:::hub/other") == "ResourceNotFoundException"
    )
    assert code_of(client.enable_security_hub) == "ResourceConflictException"
    client.disable_security_hub()
    for call in (client.describe_hub, client.get_findings, client.get_enabled_standards, client.list_members):
        assert code_of(call) == "InvalidAccessException"
    hub.client(ADMIN, LINKED).describe_hub()
    outsider = hub.client(OUTSIDER, HOME)
    outsider.enable_security_hub()
    enabled = outsider.get_enabled_standards()["StandardsSubscriptions"]
    assert {it["StandardsArn"] for it in enabled} == {STANDARDS[it].arn(HOME) for it in (FSBP, CIS_1_2)}


def test_members_and_administrator(hub: BackgroundHub) -> None:
    admin, member = hub.client(ADMIN, HOME), hub.client(MEMBER, HOME)
    assert [it["AccountId"] for it in everything(admin, "list_members", "Members")] == [MEMBER]
    assert member.list_members()["Members"] == []
    assert member.get_administrator_account()["Administrator"]["AccountId"] == ADMIN
    assert member.get_master_account()["Master"]["AccountId"] == ADMIN
    assert "Administrator" not in admin.get_administrator_account()
    answer = admin.get_members(AccountIds=[MEMBER, OUTSIDER])
    assert [it["AccountId"] for it in answer["Members"]] == [MEMBER]
    assert [it["AccountId"] for it in answer["UnprocessedAccounts"]] == [OUTSIDER]
    hub.control.members(join={f"4444000000{number:02}": "more" for number in range(60)}, leave=[MEMBER])
    assert len(admin.list_members()["Members"]) == 50
    assert len(everything(admin, "list_members", "Members")) == 60
    assert "Administrator" not in member.get_administrator_account()


def test_aggregation(hub: BackgroundHub) -> None:
    admin, elsewhere = hub.client(ADMIN, HOME), hub.client(ADMIN, LINKED)
    ((listed,),) = [
        it["FindingAggregators"] for it in admin.get_paginator("list_finding_aggregators").paginate()
    ]
    arn = listed["FindingAggregatorArn"]
    described = elsewhere.get_finding_aggregator(FindingAggregatorArn=arn)
    assert (described["FindingAggregationRegion"], described["RegionLinkingMode"]) == (HOME, "ALL_REGIONS")
    narrower = {"FindingAggregatorArn": arn, "RegionLinkingMode": "SPECIFIED_REGIONS"}
    assert code_of(admin.update_finding_aggregator, **narrower) == "InvalidInputException"
    assert (
        code_of(elsewhere.update_finding_aggregator, **narrower, Regions=[LINKED]) == "InvalidAccessException"
    )
    assert admin.update_finding_aggregator(**narrower, Regions=[LINKED])["Regions"] == [LINKED]
    admin.delete_finding_aggregator(FindingAggregatorArn=arn)
    assert admin.list_finding_aggregators()["FindingAggregators"] == []
    assert code_of(admin.get_finding_aggregator, FindingAggregatorArn=arn) == "ResourceNotFoundException"
    of_member = hub.client(MEMBER, HOME).create_finding_aggregator
    assert code_of(of_member, RegionLinkingMode="ALL_REGIONS") == "InvalidAccessException"
    made = elsewhere.create_finding_aggregator(RegionLinkingMode="ALL_REGIONS")
    assert made["FindingAggregationRegion"] == LINKED


@pytest.mark.parametrize(
    ("mode", "named", "seen"),
    [
        ("ALL_REGIONS", [], {HOME, LINKED, "ap-south-1"}),
        ("ALL_REGIONS_EXCEPT_SPECIFIED", [LINKED], {HOME, "ap-south-1"}),
        ("SPECIFIED_REGIONS", [LINKED], {HOME, LINKED}),
        ("NO_REGIONS", [], {HOME}),
    ],
)
def test_the_aggregation_region_sees_what_is_linked(
    hub: BackgroundHub, mode: str, named: list[str], seen: set[str]
) -> None:
    hub.control.hub(ADMIN, "ap-south-1", enabled=True)
    for region in (HOME, LINKED, "ap-south-1"):
        hub.control.mutate(
            {
                "op": "put",
                "finding": {
                    "Id": region,
                    "ProductArn": f"arn:aws:securityhub:{region}::product/aws/securityhub",
                    "AwsAccountId": ADMIN,
                    "Region": region,
                    "UpdatedAt": "2026-11-22T00:00:00Z",
                },
            }
        )
    admin = hub.client(ADMIN, HOME)
    arn = admin.list_finding_aggregators()["FindingAggregators"][0]["FindingAggregatorArn"]
    linking: Json = {"RegionLinkingMode": mode} | ({"Regions": named} if named else {})
    assert admin.update_finding_aggregator(FindingAggregatorArn=arn, **linking)["RegionLinkingMode"] == mode
    assert {it["Region"] for it in admin.get_findings()["Findings"]} == seen
    assert {it["Region"] for it in hub.client(ADMIN, LINKED).get_findings()["Findings"]} == {LINKED}

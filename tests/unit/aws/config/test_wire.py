"""Answers of Config: whole pages or none, and nothing asked of them that AWS does not have."""

from typing import Any, get_args

import botocore.session
import msgspec
import pytest
from msgspec.structs import fields

from posture.aws.config.wire import DECODERS, SERVICE

MODEL = botocore.session.get_session().get_service_model(SERVICE)
RULE = {
    "ConfigRuleName": "s3-versioning-conformance-pack-a1b2c3d4e",
    "Compliance": {
        "ComplianceType": "NON_COMPLIANT",
        "ComplianceContributorCount": {"CappedCount": 25, "CapExceeded": True},
    },
    "AccountId": "111122223333",
    "AwsRegion": "eu-west-1",
}
PACK = {
    "ConformancePackName": "OrgConformsPack-baseline-a1b2c3d4",
    "Compliance": {
        "ComplianceType": "COMPLIANT",
        "CompliantRuleCount": 3,
        "NonCompliantRuleCount": 0,
        "TotalRuleCount": 4,
    },
    "AccountId": "111122223333",
    "AwsRegion": "eu-west-1",
}
EVALUATION = {
    "EvaluationResultIdentifier": {
        "EvaluationResultQualifier": {
            "ConfigRuleName": "s3-versioning",
            "ResourceType": "AWS::S3::Bucket",
            "ResourceId": "logs",
        },
        "OrderingTimestamp": 1764500000.25,
    },
    "ComplianceType": "NON_COMPLIANT",
    "AccountId": "111122223333",
    "AwsRegion": "eu-west-1",
    "ResultRecordedTime": 1764500000.25,
}
SAMPLES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "DescribeAggregateComplianceByConfigRules": (
        "AggregateComplianceByConfigRules",
        RULE,
        ("ConfigRuleName", "Compliance", "AccountId", "AwsRegion"),
    ),
    "DescribeAggregateComplianceByConformancePacks": (
        "AggregateComplianceByConformancePacks",
        PACK,
        ("ConformancePackName", "Compliance", "AccountId", "AwsRegion"),
    ),
    "DescribeConfigurationAggregatorSourcesStatus": (
        "AggregatedSourceStatusList",
        {
            "SourceId": "111122223333",
            "SourceType": "ACCOUNT",
            "AwsRegion": "eu-west-1",
            "LastUpdateStatus": "OUTDATED",
            "LastUpdateTime": 1764500000,
            "LastErrorCode": None,
        },
        ("SourceId", "SourceType", "LastUpdateStatus"),
    ),
    "DescribeConfigurationAggregators": (
        "ConfigurationAggregators",
        {
            "ConfigurationAggregatorName": "org",
            "ConfigurationAggregatorArn": "arn:aws:config:eu-west-1:111122223333:config-aggregator/a",
            "OrganizationAggregationSource": {"RoleArn": "arn:aws:iam::1:role/x", "AllAwsRegions": True},
        },
        ("ConfigurationAggregatorName", "ConfigurationAggregatorArn"),
    ),
    "GetAggregateComplianceDetailsByConfigRule": (
        "AggregateEvaluationResults",
        EVALUATION,
        ("EvaluationResultIdentifier", "ComplianceType", "AccountId", "AwsRegion"),
    ),
}
MORE = "AAAA/opaque=="
OPERATIONS = sorted(operation for _, operation in DECODERS)


def body(operation: str, *rows: dict[str, Any], **more: Any) -> bytes:
    return msgspec.json.encode({SAMPLES[operation][0]: rows, **more})


def decode(operation: str, answer: bytes) -> Any:
    return DECODERS[SERVICE, operation](answer)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_page_has_its_rows_and_its_token(operation: str) -> None:
    row = SAMPLES[operation][1]
    page = decode(operation, body(operation, row, row, NextToken=MORE))
    assert page.next_token == MORE
    assert len(page.rows) == 2
    read = msgspec.to_builtins(page.rows[0])
    for name, value in row.items():
        if isinstance(value, str):
            assert read[name] == value


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_empty_page_may_have_a_token_or_none(operation: str) -> None:
    assert decode(operation, body(operation, NextToken=MORE)).next_token == MORE
    page = decode(operation, body(operation, NextToken=None))
    assert (page.rows, page.next_token) == ([], None)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_cut_off_or_is_something_else_is_no_page(operation: str) -> None:
    whole = body(operation, SAMPLES[operation][1], NextToken=MORE)
    others = (b"", b"{}", b"[]", b"null", b"<html></html>", b'{"NextToken":"more"}', b'{"\xff":1}')
    for answer in (*(whole[:end] for end in range(len(whole))), *others):
        with pytest.raises((ValueError, msgspec.DecodeError)):
            decode(operation, answer)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_row_without_what_makes_it_one_spoils_the_page(operation: str) -> None:
    _, row, needed = SAMPLES[operation]
    for name in needed:
        for odd in ({key: value for key, value in row.items() if key != name}, {**row, name: None}):
            with pytest.raises(msgspec.ValidationError):
                decode(operation, body(operation, row, odd))


@pytest.mark.parametrize("account", ["", "11112222333", "1111222233334", "11112222333x", "111122223333\n"])
def test_an_account_has_twelve_digits(account: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(
            "DescribeAggregateComplianceByConfigRules",
            body("DescribeAggregateComplianceByConfigRules", {**RULE, "AccountId": account}),
        )


def test_counts_are_not_negative() -> None:
    operation = "DescribeAggregateComplianceByConformancePacks"
    odd = {**PACK, "Compliance": {**PACK["Compliance"], "TotalRuleCount": -1}}  # type: ignore[dict-item]
    with pytest.raises(msgspec.ValidationError):
        decode(operation, body(operation, odd))


def test_an_evaluation_says_of_which_rule_and_resource_it_is() -> None:
    operation = "GetAggregateComplianceDetailsByConfigRule"
    (row,) = decode(operation, body(operation, EVALUATION)).rows
    assert (row.config_rule_name, row.resource_type, row.resource_id) == (
        "s3-versioning",
        "AWS::S3::Bucket",
        "logs",
    )
    assert row.result_recorded_time == 1764500000.25


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_member_that_is_read_is_one_of_the_api(operation: str) -> None:
    page = DECODERS[SERVICE, operation].__self__.type  # type: ignore[attr-defined]
    assert compared(page, MODEL.operation_model(operation).output_shape) >= 4


def compared(struct: Any, shape: Any) -> int:
    """Compare a struct with a shape, at any depth; return how many members that were."""
    members = fields(struct)
    for each in members:
        assert each.encode_name in shape.members, f"{struct.__name__}.{each.encode_name}"
    return len(members) + sum(
        compared(inner, _element(shape.members[each.encode_name]))
        for each in members
        for inner in _structs(each.type)
    )


def _structs(kind: Any) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [struct for part in get_args(kind) for struct in _structs(part)]


def _element(shape: Any) -> Any:
    return shape.member if shape.type_name == "list" else shape

"""A failed rule fails no longer when all that it fails for is suppressed, and for no less."""

from typing import Any

import pytest

from posture.domain.findings import Finding, RecordState, Resource, Workflow
from posture.domain.results.lifting import NamedResource, is_lifted, may_be_lifted, suppressed_of
from posture.domain.results.rows import Place, RuleKey
from tests.support.rows import finding

RULE = "s3-encrypted-conformance-pack-a1b2c3d4e"
HERE = Place("111122223333", "eu-west-1")
KEY = RuleKey(RULE, HERE)
CONFIG = "arn:aws:securityhub:eu-west-1::product/aws/config"
A = NamedResource("AWS::S3::Bucket", "bucket-a")
B = NamedResource("AWS::S3::Bucket", "bucket-b")


def suppressed(**more: Any) -> Finding:
    """A suppressed finding of Config."""
    fields: dict[str, Any] = {
        "product_arn": CONFIG,
        "account_id": HERE.account_id,
        "region": HERE.region,
        "title": RULE,
        "record_state": RecordState.ACTIVE,
        "workflow": Workflow.SUPPRESSED,
        "resources": (Resource("AwsS3Bucket", "arn:aws:s3:::bucket-a"),),
        "updated_at": 1,
    }
    return finding(1)._replace(**{**fields, **more})


def test_a_suppressed_finding_counts_for_its_rule_account_and_region_whatever_its_age() -> None:
    assert suppressed_of([suppressed()]) == {KEY: (NamedResource("AwsS3Bucket", "arn:aws:s3:::bucket-a"),)}


@pytest.mark.parametrize(
    "odd",
    [
        {"workflow": Workflow.NEW},
        {"workflow": Workflow.RESOLVED},
        {"record_state": RecordState.ARCHIVED},
        {"product_arn": "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default"},
        {"product_arn": "arn:aws:securityhub:us-east-1::product/aws/config"},
    ],
)
def test_nothing_else_does(odd: dict[str, Any]) -> None:
    assert not suppressed_of([suppressed(**odd)])


def test_another_rule_with_the_same_name_in_another_pack_is_another_one() -> None:
    found = suppressed_of([suppressed(title="s3-encrypted-conformance-pack-zzzzzzzzz")])
    assert KEY not in found
    assert not may_be_lifted({KEY: 1}, found)


def test_details_are_asked_for_only_where_enough_is_suppressed() -> None:
    found = suppressed_of([suppressed()])
    assert may_be_lifted({KEY: 1}, found) == [KEY]
    assert may_be_lifted({KEY: None}, found) == [KEY]
    assert not may_be_lifted({KEY: 2}, found)
    assert not may_be_lifted({}, found)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (A, NamedResource("AwsS3Bucket", "arn:aws:s3:::bucket-a")),
        (A, NamedResource("AwsS3Bucket", "bucket-a")),
        (A, NamedResource("Other", "bucket-a")),
        (
            NamedResource("AWS::RDS::DBInstance", "db-1"),
            NamedResource("AwsRdsDbInstance", "arn:aws:rds:eu-west-1:1:db:db-1"),
        ),
        (
            NamedResource("AWS::EC2::Instance", "i-1"),
            NamedResource("AwsEc2Instance", "arn:aws:ec2:eu-west-1:1:instance/i-1"),
        ),
        (
            NamedResource("AWS::::Account", "111122223333"),
            NamedResource("AwsAccount", "AWS::::Account:111122223333"),
        ),
        (
            NamedResource("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:1:t"),
            NamedResource("AwsSnsTopic", "arn:aws:sns:eu-west-1:1:t"),
        ),
    ],
)
def test_a_resource_is_known_by_its_id_and_by_its_arn(config: NamedResource, named: NamedResource) -> None:
    assert is_lifted([config], [named])


@pytest.mark.parametrize(
    "named",
    [
        NamedResource("AwsS3Bucket", "arn:aws:s3:::my-bucket-a"),
        NamedResource("AwsS3Bucket", "arn:aws:s3:::bucket-a/key"),
        NamedResource("AwsSqsQueue", "arn:aws:sqs:eu-west-1:1:bucket-a"),
        NamedResource("AwsS3Bucket", "arn:bucket-a"),
        NamedResource("AwsS3Bucket", ""),
    ],
)
def test_another_resource_is_another_one(named: NamedResource) -> None:
    assert not is_lifted([A], [named])


def test_all_must_be_suppressed_and_something_must_fail() -> None:
    found = [NamedResource("AwsS3Bucket", "arn:aws:s3:::bucket-a")]
    assert not is_lifted([A, B], found)
    assert is_lifted([A, B], [*found, NamedResource("AwsS3Bucket", "arn:aws:s3:::bucket-b")])
    assert not is_lifted([], found)

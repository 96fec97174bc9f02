"""What the sandbox has of policies and settings beside moto: what AWS refuses, and what it keeps."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sandbox.services.as_caller import call_as
from sandbox.services.gate import ServiceGate

GATE = ServiceGate(DomainDispatcherApplication(create_backend_app))
KEY, REGION, ACCOUNT = "AKIAEXAMPLE", "ap-southeast-1", "123456789012"
SHARING = "/ssm/documents/console/public-sharing-permission"
NO_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:none"


def ask(service: str, operation: str, **parameters: Any) -> Any:
    return call_as(GATE, KEY, REGION, service, operation, parameters)


@pytest.fixture(scope="module")
def bucket() -> str:
    where = {"LocationConstraint": REGION}
    ask("s3", "CreateBucket", Bucket="policies-of-buckets", CreateBucketConfiguration=where)
    return "policies-of-buckets"


def test_a_policy_is_kept_as_it_was_put(bucket: str) -> None:
    text = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}}}, indent=3)
    ask("s3", "PutBucketPolicy", Bucket=bucket, Policy=text)
    assert ask("s3", "GetBucketPolicy", Bucket=bucket)["Policy"] == text


@pytest.mark.parametrize(
    "policy",
    ["{bad", "[]", "{}", json.dumps({"Statement": [{"Principal": {"AWS": ["AIDAQ3EGSIEXAMPLE1234"]}}]})],
)
def test_what_is_no_policy_is_refused(bucket: str, policy: str) -> None:
    before = ask("s3", "GetBucketPolicy", Bucket=bucket)["Policy"]
    with pytest.raises(ClientError, match="MalformedPolicy"):
        ask("s3", "PutBucketPolicy", Bucket=bucket, Policy=policy)
    assert ask("s3", "GetBucketPolicy", Bucket=bucket)["Policy"] == before


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("lambda", "GetResourcePolicy", {"ResourceArn": NO_FUNCTION}, "ResourceNotFoundException"),
        ("lambda", "PutResourcePolicy", {"ResourceArn": NO_FUNCTION, "Policy": "{}"}, "ResourceNotFound"),
        ("efs", "DescribeBackupPolicy", {"FileSystemId": "fs-01234567"}, "FileSystemNotFound"),
        ("ssm", "GetServiceSetting", {"SettingId": "/ssm/nothing"}, "ServiceSettingNotFound"),
        ("ssm", "UpdateServiceSetting", {"SettingId": SHARING, "SettingValue": "No"}, "ValidationException"),
        ("ec2", "EnableSnapshotBlockPublicAccess", {"State": "unblocked"}, "InvalidParameterValue"),
        (
            "s3",
            "PutBucketPolicy",
            {"Bucket": "no-such-bucket-here", "Policy": '{"Statement": 1}'},
            "NoSuchBucket",
        ),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_refused(
    service: str, operation: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        ask(service, operation, **parameters)


def test_snapshots_are_listed_by_who_can_restore_them() -> None:
    volume = ask("ec2", "CreateVolume", AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    first, _ = (ask("ec2", "CreateSnapshot", VolumeId=volume)["SnapshotId"] for _ in range(2))
    share = {"Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]}
    ask("ec2", "ModifySnapshotAttribute", SnapshotId=first, **share)

    def public() -> list[str]:
        listed = ask("ec2", "DescribeSnapshots", OwnerIds=[ACCOUNT], RestorableByUserIds=["all"])["Snapshots"]
        return [each["SnapshotId"] for each in listed]

    assert public() == [first]
    assert len(ask("ec2", "DescribeSnapshots", OwnerIds=["self"])["Snapshots"]) == 2
    ask("ec2", "EnableSnapshotBlockPublicAccess", State="block-all-sharing")
    assert public() == []
    ask("ec2", "DisableSnapshotBlockPublicAccess")
    assert public() == [first]


def test_options_of_metadata_that_are_not_given_are_kept() -> None:
    image = ask("ec2", "DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    options = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 3, "InstanceMetadataTags": "enabled"}
    run = ask("ec2", "RunInstances", ImageId=image, MinCount=1, MaxCount=1, MetadataOptions=options)
    instance = run["Instances"][0]["InstanceId"]
    changed = ask("ec2", "ModifyInstanceMetadataOptions", InstanceId=instance, HttpTokens="required")
    assert changed["InstanceMetadataOptions"]["State"] == "pending"
    described = ask("ec2", "DescribeInstances", InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    expected = options | {"HttpTokens": "required", "State": "applied"}
    assert described["MetadataOptions"] == described["MetadataOptions"] | expected

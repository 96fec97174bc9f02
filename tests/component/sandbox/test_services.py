"""What the sandbox answers beside moto: AWS's own protocols and errors, and moto's answers for all else."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sandbox.services.as_caller import call_as
from sandbox.services.call import Answer, Call, Places, Refusal, Service
from sandbox.services.gate import ServiceGate

KEY, REGION = "AKIAEXAMPLE", "eu-west-1"
ACCOUNT = "123456789012"


class Emulated:
    """One service of each protocol, beside moto; `calls`: what was answered here."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.counts: Places[list[int]] = Places(list)
        services = [
            self._service("ssm", "GetServiceSetting", self._setting),
            self._service("ec2", "GetSnapshotBlockPublicAccessState", self._state),
            self._service("elbv2", "DescribeLoadBalancers", self._refuse),
            self._service("efs", "PutBackupPolicy", self._policy),
            self._service("lambda", "GetResourcePolicy", self._refuse),
            self._service("cloudfront", "GetDistributionConfig", self._refuse),
            self._service("s3control", "GetPublicAccessBlock", self._through_moto),
            self._service("sqs", "GetQueueUrl", self._through_moto),
        ]
        self.gate = ServiceGate(DomainDispatcherApplication(create_backend_app), services)

    def _service(self, name: str, operation: str, handler: Any) -> Service:
        service = Service(name)
        service.answers(operation)(handler)
        return service

    def _setting(self, call: Call) -> Answer:
        self.calls.append(call)
        return {"ServiceSetting": {"SettingId": call.parameters["SettingId"], "SettingValue": "Enable"}}

    def _state(self, call: Call) -> Answer:
        self.calls.append(call)
        self.counts.of(call).append(1)
        return {"State": f"asked-{len(self.counts.of(call))}"}

    def _policy(self, call: Call) -> Answer:
        self.calls.append(call)
        return {"BackupPolicy": call.parameters["BackupPolicy"]}

    def _refuse(self, call: Call) -> Answer:
        self.calls.append(call)
        raise Refusal("TooManyRequestsException", "slow <down>", 429)

    def _through_moto(self, call: Call) -> Answer:
        self.calls.append(call)
        return call.moto()

    def ask(self, service: str, operation: str, /, *, region: str = REGION, **parameters: Any) -> Any:
        return call_as(self.gate, KEY, region, service, operation, parameters)


@pytest.fixture(scope="module")
def emulated() -> Emulated:
    return Emulated()


def code_of(emulated: Emulated, service: str, operation: str, **parameters: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as refused:
        emulated.ask(service, operation, **parameters)
    response = refused.value.response
    return (
        response["Error"]["Code"],
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Message"],
    )


def test_a_call_of_each_protocol_is_read_and_answered(emulated: Emulated) -> None:
    setting = "/ssm/documents/console/public-sharing-permission"
    answer = emulated.ask("ssm", "GetServiceSetting", SettingId=setting)
    assert answer["ServiceSetting"] == {"SettingId": setting, "SettingValue": "Enable"}
    policy = {"Status": "ENABLED"}
    answer = emulated.ask("efs", "PutBackupPolicy", FileSystemId="fs-0123", BackupPolicy=policy)
    assert answer["BackupPolicy"] == policy
    assert emulated.calls[-1].parameters == {"FileSystemId": "fs-0123", "BackupPolicy": policy}
    answer = emulated.ask("ec2", "GetSnapshotBlockPublicAccessState")
    assert answer["State"] == "asked-1"
    assert (emulated.calls[-1].account, emulated.calls[-1].region) == (ACCOUNT, REGION)
    assert answer["ResponseMetadata"]["RequestId"] not in {"", "request-id"}


def test_state_is_of_one_region(emulated: Emulated) -> None:
    for expected in ("asked-1", "asked-2"):
        answer = emulated.ask("ec2", "GetSnapshotBlockPublicAccessState", region="eu-central-1")
        assert answer["State"] == expected
    answer = emulated.ask("ec2", "GetSnapshotBlockPublicAccessState", region="us-east-1")
    assert answer["State"] == "asked-1"


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("elbv2", "DescribeLoadBalancers", {}),
        ("lambda", "GetResourcePolicy", {"ResourceArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}),
        ("cloudfront", "GetDistributionConfig", {"Id": "E1"}),
    ],
)
def test_a_refusal_is_aws_s_error_in_each_protocol(
    emulated: Emulated, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    refused = code_of(emulated, service, operation, **parameters)
    assert refused == ("TooManyRequestsException", 429, "slow <down>")


@pytest.mark.parametrize(
    ("service", "operation", "member"),
    [
        ("elb", "DescribeLoadBalancers", "LoadBalancerDescriptions"),
        ("ssm", "DescribeParameters", "Parameters"),
        ("ec2", "DescribeVpcs", "Vpcs"),
        ("s3", "ListBuckets", "Buckets"),
        ("lambda", "ListFunctions", "Functions"),
        ("efs", "DescribeFileSystems", "FileSystems"),
    ],
)
def test_everything_else_is_moto_s(emulated: Emulated, service: str, operation: str, member: str) -> None:
    """Classic load balancers and the others sign with one name and differ in the version alone."""
    before = len(emulated.calls)
    assert member in emulated.ask(service, operation)
    assert len(emulated.calls) == before


def test_objects_of_buckets_pass_through_untouched(emulated: Emulated) -> None:
    body = bytes(range(256)) * 100
    where = {"LocationConstraint": REGION}
    emulated.ask("s3", "CreateBucket", Bucket="pass-through", CreateBucketConfiguration=where)
    emulated.ask("s3", "PutObject", Bucket="pass-through", Key="v20180820/ä b", Body=body)
    got = emulated.ask("s3", "GetObject", Bucket="pass-through", Key="v20180820/ä b")
    assert got["Body"].read() == body


def test_a_call_may_be_answered_by_moto_after_all(emulated: Emulated) -> None:
    before = len(emulated.calls)
    assert code_of(emulated, "s3control", "GetPublicAccessBlock", AccountId=ACCOUNT)[:2] == (
        "NoSuchPublicAccessBlockConfiguration",
        404,
    )
    blocked = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    configuration: dict[str, Any] = {"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": blocked}
    emulated.ask("s3control", "PutPublicAccessBlock", **configuration)
    answer = emulated.ask("s3control", "GetPublicAccessBlock", AccountId=ACCOUNT)
    assert answer["PublicAccessBlockConfiguration"] == blocked
    assert len(emulated.calls) == before + 2
    url = emulated.ask("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
    assert emulated.ask("sqs", "GetQueueUrl", QueueName="q")["QueueUrl"] == url
    assert code_of(emulated, "sqs", "GetQueueUrl", QueueName="none")[:2] == (
        "AWS.SimpleQueueService.NonExistentQueue",
        400,
    )


def test_what_is_not_signed_or_of_no_service_is_moto_s(emulated: Emulated) -> None:
    for headers in ({}, {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1"}):
        assert emulated.gate._asked("nothing", {**headers}) is None

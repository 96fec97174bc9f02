"""The gate before moto: calls are refused, held, lost and spoilt as told, and writes are counted."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from sandbox.cloud import Cloud, CloudError
from sandbox.waiting import wait_until

ACCOUNT, OTHER = "111122223333", "222233334444"
ONCE = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud.start() as running:
        yield running


@pytest.fixture
def call(cloud: Cloud) -> Iterator[Callable[..., Any]]:
    """Call an operation as a role of the operator."""
    with ThreadPoolExecutor(4) as pool:

        def made(service: str, operation: str, account: str = ACCOUNT, **parameters: Any) -> Future[Any]:
            return pool.submit(lambda: getattr(_client(cloud, service, account), operation)(**parameters))

        yield made


def _client(cloud: Cloud, service: str, account: str, role: str = "posture-remediation") -> Any:
    people = cloud.env_for(account)
    sts = boto3.client("sts", region_name="eu-west-1", endpoint_url=cloud.moto_url, **_keys(people))
    made = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="rule-entry")
    keys = made["Credentials"]
    return boto3.client(
        service,
        region_name="eu-west-1",
        endpoint_url=cloud.moto_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=ONCE,
    )


def _keys(environment: dict[str, str]) -> dict[str, str]:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {name.lower(): environment[name] for name in names}


def _queues(cloud: Cloud, account: str = ACCOUNT) -> list[str]:
    people = _client(cloud, "sqs", account, role="sandbox")
    return [each.rsplit("/", 1)[-1] for each in people.list_queues().get("QueueUrls", [])]


def _written(cloud: Cloud, name: str) -> list[tuple[str, str, str, str, str]]:
    return [
        (each["service"], each["operation"], each["account"], each["session"], each["code"])
        for each in cloud.writes()
        if each["parameters"].get("QueueName") == name
    ]


def test_writes_of_roles_are_counted_and_those_of_people_are_not(
    cloud: Cloud, call: Callable[..., Future[Any]]
) -> None:
    call("sqs", "create_queue", QueueName="counted").result()
    call("sqs", "list_queues").result()
    _client(cloud, "sqs", ACCOUNT, role="sandbox").create_queue(QueueName="by-hand")
    assert _written(cloud, "counted") == [("sqs", "CreateQueue", ACCOUNT, "rule-entry", "")]
    assert _written(cloud, "by-hand") == []
    assert not [each for each in cloud.writes() if each["operation"] == "ListQueues"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("sqs", "list_queues", {}, "AccessDenied"),
        ("ec2", "describe_security_groups", {}, "UnauthorizedOperation"),
        ("iam", "list_users", {}, "Throttling"),
        ("dynamodb", "list_tables", {}, "ThrottlingException"),
        ("s3", "list_buckets", {}, "SlowDown"),
    ],
)
def test_what_a_rule_names_is_refused_in_the_way_of_its_protocol(
    cloud: Cloud,
    call: Callable[..., Future[Any]],
    service: str,
    operation: str,
    parameters: dict[str, str],
    code: str,
) -> None:
    cloud.meddle("refusal", service=service, account=ACCOUNT, code=code, status=403)
    try:
        with pytest.raises(ClientError) as refused:
            call(service, operation, **parameters).result()
        assert refused.value.response["Error"]["Code"] == code
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        call(service, operation, OTHER, **parameters).result()
    finally:
        cloud.lift("refusal")


def test_only_those_that_it_counts(cloud: Cloud, call: Callable[..., Future[Any]]) -> None:
    cloud.meddle("second", operation="CreateQueue", mentions="few-", after=1, count=1, code="AccessDenied")
    call("sqs", "create_queue", QueueName="few-1").result()
    with pytest.raises(ClientError):
        call("sqs", "create_queue", QueueName="few-2").result()
    call("sqs", "create_queue", QueueName="few-3").result()
    assert cloud.met("second") == 1
    cloud.lift("second")
    assert {"few-1", "few-3"} <= set(_queues(cloud))
    assert "few-2" not in _queues(cloud)
    assert [each[-1] for name in ("few-1", "few-2", "few-3") for each in _written(cloud, name)] == [
        "",
        "AccessDenied",
        "",
    ]


def test_a_call_is_held_before_it_is_done_and_an_answer_after_it(
    cloud: Cloud, call: Callable[..., Future[Any]]
) -> None:
    for hold, is_done in (("call", False), ("answer", True)):
        cloud.meddle("held", operation="CreateQueue", hold=hold)
        future = call("sqs", "create_queue", QueueName=f"held-{hold}")
        wait_until(lambda: cloud.holding("held"), "the call to be held", seconds=10)
        assert (f"held-{hold}" in _queues(cloud)) is is_done
        assert not future.done()
        cloud.lift("held")
        assert future.result()["QueueUrl"].endswith(f"held-{hold}")


@pytest.mark.parametrize("answer", ["lost", "truncated", "html"])
def test_what_is_asked_is_done_although_its_answer_is_spoilt(
    cloud: Cloud, call: Callable[..., Future[Any]], answer: str
) -> None:
    cloud.meddle("spoilt", operation="CreateQueue", answer=answer)
    try:
        future = call("sqs", "create_queue", QueueName=f"spoilt-{answer}")
        if answer != "lost":
            assert "QueueUrl" not in future.result()
        else:
            with pytest.raises(ConnectionClosedError):
                future.result()
    finally:
        cloud.lift("spoilt")
    assert f"spoilt-{answer}" in _queues(cloud)
    assert [each[-1] for each in _written(cloud, f"spoilt-{answer}")] == [""]


def test_a_rule_that_makes_no_sense_is_refused(cloud: Cloud) -> None:
    with pytest.raises(CloudError, match="hold"):
        cloud.meddle("wrong", hold="for-ever")
    with pytest.raises(CloudError, match="unknown field"):
        cloud.meddle("wrong", opreation="*")

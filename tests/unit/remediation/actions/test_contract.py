"""What all builtin actions have in common, without any call."""

from collections.abc import Mapping
from typing import Any

import pytest

from posture.aws.client.errors import (
    AccessDenied,
    AwsError,
    EndpointUnreachable,
    InvalidRequest,
    MalformedResponse,
    Retryable,
    RoleNotAssumable,
    Throttled,
)
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import (
    Action,
    Refused,
    check_account,
    name_after,
    outcome_is_unknown,
    reason_of,
)
from posture.remediation.actions.parameters import (
    Parameter,
    ParameterError,
    choice,
    customer_key,
    duration,
    integer,
    kms_key,
    ports,
    read_parameters,
)
from posture.remediation.actions.registry import builtin_actions, register

ACTIONS = builtin_actions()
REGION, ACCOUNT_ID = "eu-west-1", "111122223333"
GROUP_ARN = f"arn:aws:ec2:{REGION}:{ACCOUNT_ID}:security-group/sg-1"
GROUP = ResourceKey(ACCOUNT_ID, "aws", REGION, "AwsEc2SecurityGroup", GROUP_ARN)


def test_the_names_that_are_fixed() -> None:
    assert {
        "s3-account-block-public-access",
        "ec2-security-group-revoke-public-ingress",
        "iam-deactivate-old-access-keys",
    } <= ACTIONS.keys()


@pytest.mark.parametrize(
    ("service", "last", "prefix", "managed"),
    [
        ("cloudtrail", "trail/aws-controltower-BaselineCloudTrail", "trail/", True),
        ("s3", "aws-controltower-logs-111122223333-eu-west-1", "", True),
        ("lambda", "function:aws-controltower-NotificationForwarder", "function:", True),
        ("logs", "log-group:aws-controltower/CloudTrailLogs", "log-group:", True),
        ("lambda", "function:StackSet-AWSControlTowerBP-BASELINE", "function:", True),
        ("iam", "user/team/AWSControlTowerAdmin", "user/", True),
        ("s3", "logs-of-aws-controltower", "", False),
        ("iam", "user/aws/controltower", "user/", False),
        ("s3", "controltower", "", False),
    ],
)
def test_what_control_tower_made_is_left_to_it(service: str, last: str, prefix: str, managed: bool) -> None:
    where = "" if service in {"s3", "iam"} else REGION
    owner = "" if service == "s3" else ACCOUNT_ID
    resource = ResourceKey(ACCOUNT_ID, "aws", REGION, "Aws", f"arn:aws:{service}:{where}:{owner}:{last}")
    if not managed:
        assert name_after(resource, prefix) == last.removeprefix(prefix)
        return
    with pytest.raises(Refused, match="Control Tower") as refused:
        name_after(resource, prefix)
    assert refused.value.reason is Reason.MANAGED_BY_POLICY


def test_two_of_one_name_are_refused() -> None:
    (first, *_) = ACTIONS.values()
    with pytest.raises(ValueError, match="two actions"):
        register([first, first])


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_it_says_what_it_is(action: Action) -> None:
    assert action.controls
    assert action.works_on.types
    assert action.risk.endswith(".")
    assert action.undo_says.endswith(".")
    for actions in action.iam:
        assert actions
        assert list(actions) == sorted(set(actions))
        assert all(":" in each for each in actions)
    assert all(each.split(":")[1].startswith(("Get", "List", "Describe")) for each in action.iam.read), (
        "reading needs no right to write"
    )
    if any(each.required for each in action.parameters):
        with pytest.raises(ParameterError, match="is needed"):
            action.configure({})
    else:
        assert action.configure({}).keys() == {each.name for each in action.parameters}


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (GROUP._replace(account_id="444455556666"), Reason.ACCOUNT_MISMATCH),
        (GROUP._replace(region="us-east-1"), Reason.ACCOUNT_MISMATCH),
        (GROUP._replace(id="arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-1"), Reason.NOT_SUPPORTED),
        (GROUP._replace(id="arn:aws:ec2:eu-west-1:111122223333:security-group/"), Reason.NOT_SUPPORTED),
        (GROUP._replace(id="sg-1"), Reason.NOT_SUPPORTED),
        (GROUP._replace(id=""), Reason.NOT_SUPPORTED),
    ],
)
def test_a_resource_that_is_not_what_its_finding_says(resource: ResourceKey, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        name_after(resource, "security-group/")
    assert refused.value.reason is reason


def test_an_account_is_only_itself() -> None:
    account = ResourceKey(ACCOUNT_ID, "aws", REGION, "AwsAccount", f"AWS::::Account:{ACCOUNT_ID}")
    check_account(account)
    for other in ("AWS::::Account:444455556666", "arn:aws:iam::111122223333:root", "AWS::::Account:"):
        with pytest.raises(Refused):
            check_account(account._replace(id=other))


def error(kind: type[AwsError]) -> AwsError:
    return kind("m", service="s", operation="O", code="c")


@pytest.mark.parametrize(
    ("kind", "reason", "unknown"),
    [
        (Throttled, Reason.THROTTLED, False),
        (AccessDenied, Reason.ACCESS_DENIED, False),
        (RoleNotAssumable, Reason.ACCESS_DENIED, False),
        (InvalidRequest, Reason.UNREADABLE, False),
        (Retryable, Reason.UNREADABLE, True),
        (EndpointUnreachable, Reason.UNREADABLE, True),
        (MalformedResponse, Reason.UNREADABLE, True),
    ],
)
def test_what_errors_mean(kind: type[AwsError], reason: Reason, unknown: bool) -> None:
    assert reason_of(error(kind)) is reason
    assert outcome_is_unknown(error(kind)) is unknown


DECLARED = (
    Parameter("ports", "…", None, ports),
    Parameter("wide", "…", "Skip", choice("Skip", "Revoke")),
    Parameter("days", "…", "7", integer(1, 35)),
    Parameter("age", "…", "1h", duration("1s", "2h")),
    Parameter("key", "…", None, kms_key),
    Parameter("own", "…", None, customer_key),
)
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT_ID}:key/mrk-{KEY}"
ALIAS_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias"


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({}, {"ports": None, "wide": "Skip", "days": 7, "age": 3_600_000_000}),
        ({"ports": "22, 8000-8001"}, {"ports": (range(22, 23), range(8000, 8002))}),
        ({"ports": [22, "3389"]}, {"ports": (range(22, 23), range(3389, 3390))}),
        ({"key": KEY}, {"key": KEY}),
        ({"key": "alias/aws/kinesis"}, {"key": "alias/aws/kinesis"}),
        ({"own": KEY_ARN}, {"own": KEY_ARN}),
        ({"own": f"{ALIAS_ARN}/a/aws/b"}, {"own": f"{ALIAS_ARN}/a/aws/b"}),
        ({"days": 35, "age": "90m"}, {"days": 35, "age": 5_400_000_000}),
    ],
)
def test_parameters_are_read(given: Mapping[str, object], values: Mapping[str, Any]) -> None:
    read = read_parameters(DECLARED, given)
    assert {name: read[name] for name in values} == values


@pytest.mark.parametrize(
    "given",
    [
        {"port": "22"},
        {"ports": ""},
        {"ports": "22,"},
        {"ports": "65536"},
        {"ports": "30-20"},
        {"ports": "-1"},
        {"ports": "٢٢"},
        {"ports": ",".join(["22"] * 101)},
        {"ports": {"a": 1}},
        {"wide": "skip"},
        {"wide": True},
        {"days": "0"},
        {"days": "36"},
        {"days": "1.0"},
        {"age": "3h"},
        {"age": "0s"},
        {"age": "tomorrow"},
        {"age": None},
        {"key": ""},
        {"key": "alias/"},
        {"key": "a key"},
        {"key": f"key/{KEY}"},
        {"key": f"arn:aws:s3:{REGION}:{ACCOUNT_ID}:key/{KEY}"},
        {"own": "alias/aws/sns"},
        {"own": f"{ALIAS_ARN}/aws/sns"},
    ],
    ids=str,
)
def test_parameters_out_of_bounds_are_refused(given: Mapping[str, object]) -> None:
    (name,) = given
    with pytest.raises(ParameterError, match=name):
        read_parameters(DECLARED, given)

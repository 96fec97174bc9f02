"""Which statements of a function's policy let everybody in, and what is done to the policy then."""

import asyncio
import json
from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import LiveState, Refused, Situation
from posture.remediation.actions.lambda_.access import is_of_url, is_public
from posture.remediation.actions.lambda_.remove_public_policy import ACTION
from posture.remediation.actions.policies import meaning_of
from tests.support.scripted_reader import Script

OWNER = Script.account_id
FUNCTION = f"arn:aws:lambda:{Script.region}:{OWNER}:function:f"
SITUATION = Situation(0, frozenset({"Lambda.1"}))
ALLOW = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION}
EVERYBODY = ALLOW | {"Principal": "*"}
S3 = ALLOW | {"Principal": {"Service": "s3.amazonaws.com"}}


def when(operator: str, key: str, *values: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: list(values)}}}


@pytest.mark.parametrize(
    "statement",
    [
        EVERYBODY,
        ALLOW | {"Principal": {"AWS": "*"}},
        ALLOW | {"Principal": {"AWS": [f"arn:aws:iam::{OWNER}:root", "*"]}},
        EVERYBODY | when("StringEquals", "aws:SourceAccount"),
        EVERYBODY | when("StringEquals", "aws:SourceAccount", "*"),
        EVERYBODY | when("StringEquals", "aws:SourceAccount", OWNER, "*"),
        EVERYBODY | when("StringEqualsIfExists", "aws:SourceAccount", OWNER),
        EVERYBODY | when("StringNotEquals", "aws:SourceAccount", OWNER),
        EVERYBODY | when("ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-1"),
        EVERYBODY | when("ArnLike", "aws:SourceArn", "arn:aws:events:*:*:rule/*"),
        EVERYBODY | when("ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
        EVERYBODY | when("StringLike", "aws:PrincipalOrgID", "*"),
        EVERYBODY | when("Bool", "aws:SecureTransport", "true"),
        EVERYBODY | when("StringEquals", "lambda:FunctionUrlAuthType", "NONE"),
        S3,
        S3 | when("ArnLike", "aws:SourceArn", "arn:aws:s3:::bucket"),
        ALLOW | {"Principal": {"Service": ["events.amazonaws.com", "s3.amazonaws.com"]}},
    ],
)
def test_a_statement_that_lets_everybody_in(statement: dict[str, Any]) -> None:
    assert is_public(statement)
    assert not is_public(statement | {"Effect": "Deny"})


@pytest.mark.parametrize(
    "statement",
    [
        ALLOW | {"Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"}},
        ALLOW | {"Principal": {"Service": "events.amazonaws.com"}},
        EVERYBODY | when("StringEquals", "aws:SourceAccount", OWNER),
        EVERYBODY | when("stringequals", "AWS:sourceaccount", OWNER),
        EVERYBODY | when("StringEquals", "aws:PrincipalOrgID", "o-1"),
        EVERYBODY | when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-1/r-1/*"),
        EVERYBODY | when("ArnLike", "aws:SourceArn", f"arn:aws:events:*:{OWNER}:rule/*"),
        EVERYBODY | when("ArnEquals", "aws:SourceArn", "arn:aws:s3:::bucket"),
        EVERYBODY | when("StringEquals", "aws:SourceVpce", "vpce-1"),
        S3 | when("StringEquals", "AWS:SourceAccount", OWNER),
        ALLOW | {"NotPrincipal": {"AWS": OWNER}},
    ],
)
def test_a_statement_for_somebody(statement: dict[str, Any]) -> None:
    assert not is_public(statement)


def test_statements_of_a_url() -> None:
    assert is_of_url(EVERYBODY | {"Action": ["lambda:InvokeFunctionUrl"]})
    assert is_of_url(EVERYBODY | when("Bool", "lambda:InvokedViaFunctionUrl", True))  # noqa: FBT003 - as JSON has it
    assert not is_of_url(EVERYBODY)


def read(*statements: dict[str, Any]) -> LiveState:
    document = {"Version": "2012-10-17", "Id": "default", "Statement": list(statements)}
    return LiveState({"policy": meaning_of(document)}, {"text": json.dumps(document), "revision": "r-1"})


def test_what_is_not_public_stays_as_it_is_written() -> None:
    friend = ALLOW | {"Principal": {"AWS": OWNER}, "Sid": "friend"}
    state = read(EVERYBODY, friend, S3 | {"Sid": "bucket"})
    (wrong,) = ACTION.judge(state, ACTION.configure({}), SITUATION).wrong
    assert wrong.summary == "Remove statement 1, bucket from the function's policy"
    assert json.loads(wrong.handle["after"])["Statement"] == [friend]
    assert (wrong.handle["revision"], wrong.handle["before"]) == ("r-1", state.about["text"])
    (wrong,) = ACTION.judge(read(EVERYBODY), ACTION.configure({}), SITUATION).wrong
    assert (wrong.after, wrong.handle["after"]) == (None, None)


def test_a_policy_that_could_not_be_put_back_stays() -> None:
    gone = ALLOW | {"Principal": {"AWS": "AIDAQ3EGSIEXAMPLE1234"}}
    with pytest.raises(Refused) as refused:
        ACTION.judge(read(EVERYBODY, gone), ACTION.configure({}), SITUATION)
    assert refused.value.reason is Reason.NOT_SUPPORTED
    assert ACTION.judge(read(gone), ACTION.configure({}), SITUATION) == ((), ())


CONFIGURATION = ("GetFunctionConfiguration", None)
POLICY = ("GetResourcePolicy", None)


@pytest.mark.parametrize(
    ("arn", "configuration", "policy", "reason"),
    [
        (f"{FUNCTION}:live", {}, {}, Reason.NOT_SUPPORTED),
        (FUNCTION, {}, {}, Reason.UNREADABLE),
        (FUNCTION, {"FunctionArn": f"{FUNCTION}2"}, {}, Reason.UNREADABLE),
        (FUNCTION, {"FunctionArn": FUNCTION}, {}, Reason.UNREADABLE),
        (FUNCTION, {"FunctionArn": FUNCTION}, {"Policy": '{"Statement": []}'}, Reason.UNREADABLE),
        (FUNCTION, {"FunctionArn": FUNCTION}, {"Policy": "{", "RevisionId": "r"}, Reason.UNREADABLE),
    ],
)
def test_what_cannot_be_read_is_refused(arn: str, configuration: Any, policy: Any, reason: Reason) -> None:
    resource = ResourceKey(OWNER, "aws", Script.region, "AwsLambdaFunction", arn)
    with pytest.raises(Refused) as refused:
        asyncio.run(ACTION.read(Script({CONFIGURATION: configuration, POLICY: policy}), resource))
    assert refused.value.reason is reason
    with pytest.raises(Refused):
        asyncio.run(ACTION.tags(Script({("ListTags", None): {}}), resource))

"""Every refusal that AWS documents for the calls that are made: its kind, and what can be done about it."""

import string
from typing import Any

import botocore.session
import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from posture.aws.client import errors
from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.paging import given_up
from posture.aws.client.refusals import refusal as refusals
from posture.aws.client.refusals.refusal import refusal
from posture.aws.client.refusals.rows import RefusalRow, RefusedCall
from posture.aws.client.refusals.table import ROWS
from posture.aws.client.sessions import Identity, Sessions
from tests.support.refusal_cases import (
    CASES,
    OWN,
    REGION,
    ROLE,
    STATUSES,
    WEB,
    is_told,
    names_everything,
)


def refused(
    code: str, operation: str = "GetFindings", message: str = "no", *, status: int = 403, **more: Any
) -> AwsError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ours(ClientError(answer, operation), operation, **more)


def ours(error: Exception, operation: str = "GetFindings", **more: Any) -> AwsError:
    about = {"region": REGION, "role_arn": ROLE, "external_id": "s3cret", **more}
    return refusal(error, service="securityhub", operation=operation, **about)


URL = "https://securityhub.us-gov-west-1.amazonaws.com"
UNANSWERED: list[tuple[Exception, str, list[str]]] = [
    (boto.ReadTimeoutError(endpoint_url=URL), "Retryable", ["next poll"]),
    (TimeoutError("no answer within 3 s"), "Retryable", ["next poll"]),
    (ResponseParserError("12 bytes"), "MalformedResponse", ["proxy"]),
    (boto.SSLError(endpoint_url=URL, error="x"), "EndpointUnreachable", ["AWS_CA_BUNDLE"]),
    (boto.ProxyConnectionError(proxy_url="http://p"), "EndpointUnreachable", ["HTTPS_PROXY"]),
    (boto.EndpointConnectionError(endpoint_url=URL), "EndpointUnreachable", ["DNS", "egress"]),
    (boto.NoRegionError(), "RegionUnavailable", ["Name an existing Region"]),
    (boto.NoCredentialsError(), "CredentialsUnavailable", ["Give the pod an identity"]),
    (boto.SSOTokenLoadError(error_msg="x"), "CredentialsUnavailable", ["Log in"]),
    (FileNotFoundError(2, "No such file", "/var/run/token"), "CredentialsUnavailable", ["files"]),
    (RuntimeError("they are still expired"), "CredentialsRefused", ["ran out"]),
    (boto.ParamValidationError(report="x"), "InvalidRequest", ["report"]),
    (boto.UnknownServiceError(service_name="x", known_service_names=""), "Terminal", ["UnknownServiceError"]),
]


@pytest.mark.parametrize(("said", "kind", "named"), CASES, ids=lambda value: str(value)[:60])
def test_each_refusal_says_what_was_refused_to_whom_where_and_what_to_do(
    said: tuple[str, ...], kind: str, named: list[str]
) -> None:
    found = refused(*said, status=STATUSES.get(said[0], 403))
    is_told(found, said, kind, named)


@pytest.mark.parametrize(("error", "kind", "named"), UNANSWERED, ids=lambda value: str(value)[:60])
def test_each_call_without_an_answer_says_so_too(error: Exception, kind: str, named: list[str]) -> None:
    found = ours(error)
    assert type(found) is getattr(errors, kind)
    missing = [each for each in named if each not in found.advice]
    assert not missing, found.advice
    names_everything(found, "securityhub:GetFindings")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.advice[:50])
def test_no_row_gives_advice_without_action_identity_and_region(row: RefusalRow) -> None:
    fields = {name for _, name, _, _ in string.Formatter().parse(row.advice)}
    assert {"action", "who", "region"} <= fields


def test_each_row_of_the_table_is_reached_by_some_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row behind a wider one would never be used."""
    reached = set()

    class Noting(RefusalRow):
        def fits(self, what: RefusedCall) -> bool:
            fits = super().fits(what)
            if fits:
                reached.add(self.advice + str(self[2:]))
            return fits

    monkeypatch.setattr(refusals, "ROWS", tuple(Noting(*row) for row in ROWS))
    for said, *_ in CASES:
        refused(*said, status=STATUSES.get(said[0], 403))
    for error, *_ in UNANSWERED:
        ours(error)
    refused("InvalidInputException", paging=True)
    unreached = [row.advice for row in ROWS if row.advice + str(row[2:]) not in reached]
    assert not unreached


CALLS = {
    "config": [
        "DescribeAggregateComplianceByConfigRules",
        "DescribeAggregateComplianceByConformancePacks",
        "DescribeConfigurationAggregatorSourcesStatus",
        "DescribeConfigurationAggregators",
        "GetAggregateComplianceDetailsByConfigRule",
    ],
    "securityhub": [
        "BatchGetStandardsControlAssociations",
        "BatchUpdateFindings",
        "BatchUpdateStandardsControlAssociations",
        "DescribeHub",
        "DescribeOrganizationConfiguration",
        "DescribeSecurityHubV2",
        "GetAdministratorAccount",
        "GetEnabledStandards",
        "GetFindingAggregator",
        "GetFindings",
        "ListFindingAggregators",
        "ListMembers",
        "ListOrganizationAdminAccounts",
        "ListSecurityControlDefinitions",
        "UpdateStandardsControl",
    ],
    "sqs": ["DeleteMessageBatch", "GetQueueAttributes", "ReceiveMessage"],
    "sts": ["AssumeRole", WEB, "GetCallerIdentity"],
}


@pytest.mark.parametrize(
    ("service", "operation"),
    [(service, each) for service, operations in CALLS.items() for each in operations],
)
def test_every_error_of_an_operation_in_the_model_has_a_row_of_its_own(service: str, operation: str) -> None:
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    for shape in model.error_shapes:
        code, status = shape.error_code, shape.metadata.get("error", {}).get("httpStatusCode", 400)
        found = refused(code, operation, status=status)
        if service == "sts" and operation == "AssumeRole" and code == "MalformedPolicyDocument":
            # The operator sends no policy.
            continue
        assert not found.advice.startswith("Look "), (code, found.advice)


def test_a_token_of_config_that_is_refused_means_to_begin_again() -> None:
    operation = "DescribeAggregateComplianceByConfigRules"
    for code in ("InvalidNextTokenException", "ValidationException"):
        assert type(refused(code, operation, status=400, paging=True)) is errors.TokenRefused
    assert type(refused("InvalidLimitException", operation, status=400)) is errors.InvalidRequest


def test_the_account_of_the_own_identity_is_named_where_it_is_known() -> None:
    found = refused("UnrecognizedClientException", role_arn=None, account_id="444455556666")
    assert "the operator's own account 444455556666" in found.advice
    assert f"{OWN} in account 444455556666" in found.advice


def test_a_role_that_the_own_identity_is_made_with_is_no_fault_of_the_role_that_was_to_be_assumed() -> None:
    """A profile's role_arn: botocore assumes it before anything that the operator asks for."""
    profiles = "arn:aws:iam::999900001111:role/profile"
    answer = {
        "Error": {"Code": "AccessDenied", "Message": "no", "RoleArn": profiles, "Region": "eu-south-1"},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    found = ours(ClientError(answer, "AssumeRole"))
    assert type(found) is errors.CredentialsUnavailable
    assert profiles in found.advice
    assert ROLE not in found.advice
    assert "eu-south-1" in found.advice


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ACCESS_DENIED", errors.AccessDenied),
        ("INVALID_INPUT", errors.InvalidRequest),
        ("LIMIT_EXCEEDED", errors.Throttled),
    ],
)
def test_an_entry_that_was_not_processed_says_as_much(code: str, kind: type[AwsError]) -> None:
    """ErrorCode of UnprocessedSecurityControl and its like."""
    usage, operation = Usage(), "BatchGetStandardsControlAssociations"
    calls = Calls(Sessions(usage), Identity(ROLE, None, REGION), Limiters(1.0), usage, service="securityhub")
    found = calls.refused_entry(operation, code, "S3.1: no")
    assert type(found) is kind
    assert found.message == "S3.1: no"
    names_everything(found, f"securityhub:{operation}")


def test_a_listing_that_is_given_up_says_for_whom_and_where() -> None:
    token = refused("InvalidInputException", paging=True)
    assert isinstance(token, errors.TokenRefused)
    found = given_up(token)
    assert type(found) is errors.Retryable
    assert "next poll" in found.advice
    names_everything(found, "securityhub:GetFindings")

"""Every refusal that AWS documents for the calls that are made: its kind, and what a person can do about it.

Sources: Security Hub API reference ("Errors" of each operation, "Common errors"), STS API reference
(AssumeRole, AssumeRoleWithWebIdentity, "Common errors"), IAM user guide ("Troubleshoot access denied error
messages", "Manage AWS STS in an AWS Region").
"""

import string
from typing import Any

import botocore.session
import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from posture.aws import errors, refusals
from posture.aws.calls import Calls
from posture.aws.errors import AwsError
from posture.aws.limiter import Limiters
from posture.aws.listing import given_up
from posture.aws.refusal_rows import Refused, Row
from posture.aws.refusal_table import ROWS
from posture.aws.refusals import refusal
from posture.aws.sessions import Identity, Sessions
from posture.aws.usage import Usage

ROLE = "arn:aws-us-gov:iam::111122223333:role/posture-reader"
REGION = "us-gov-west-1"
OWN = "the operator's own identity"
WEB = "AssumeRoleWithWebIdentity"
SCP = (
    "User: x is not authorized to perform: securityhub:GetFindings with an explicit deny in a service control"
    " policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1"
)
TRUST = (
    f"User: x is not authorized to perform: sts:AssumeRole on resource: {ROLE} with an explicit deny in the"
    " role trust policy"
)
KEY = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/k"
DECRYPT = (
    f"User: x is not authorized to perform: kms:Decrypt on resource: {KEY} because no resource-based policy"
    " allows the kms:Decrypt action"
)
SIGNED = "Signature expired: 20261129T100000Z is now earlier than 20261129T100500Z"


def no_policy(policy: str, action: str = "securityhub:GetFindings") -> str:
    return f"User: x is not authorized to perform: {action} because no {policy} allows the {action} action"


def refused(
    code: str, operation: str = "GetFindings", message: str = "no", *, status: int = 403, **more: Any
) -> AwsError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ours(ClientError(answer, operation), operation, **more)


def ours(error: Exception, operation: str = "GetFindings", **more: Any) -> AwsError:
    about = {"region": REGION, "role_arn": ROLE, "external_id": "s3cret", **more}
    return refusal(error, service="securityhub", operation=operation, **about)


CASES: list[tuple[tuple[str, ...], str, list[str]]] = [
    (("AccessDeniedException",), "AccessDenied", ["Allow securityhub:GetFindings", ROLE, REGION]),
    (
        ("AccessDeniedException", "GetFindings", SCP),
        "AccessDenied",
        ["service control policy denies", ROLE, REGION],
    ),
    (
        ("AccessDeniedException", "GetFindings", no_policy("service control policy")),
        "AccessDenied",
        ["No service control policy allows securityhub:GetFindings", ROLE, REGION],
    ),
    (
        ("AccessDeniedException", "GetFindings", no_policy("identity-based policy")),
        "AccessDenied",
        ["No identity-based policy allows securityhub:GetFindings", ROLE, REGION],
    ),
    (
        (
            "AccessDeniedException",
            "GetFindings",
            DECRYPT,
        ),
        "AccessDenied",
        [f"Allow kms:Decrypt on {KEY}", "key's policy", ROLE, REGION],
    ),
    (("ACCESS_DENIED", "BatchGetStandardsControlAssociations"), "AccessDenied", [ROLE, REGION]),
    (
        ("InvalidAccessException",),
        "HubNotEnabled",
        ["Enable Security Hub CSPM", REGION, ROLE, "account 111122223333"],
    ),
    (("InvalidAccessException", "ListMembers"), "AccessDenied", ["securityhub:ListMembers", ROLE, REGION]),
    (("SubscriptionRequiredException",), "HubNotEnabled", [ROLE, REGION]),
    (("SubscriptionRequiredException", "DescribeHub", "needs a subscription"), "HubNotEnabled", [REGION]),
    (("ResourceNotFoundException", "DescribeHub"), "HubNotEnabled", [REGION]),
    (("ResourceNotFoundException", "GetFindingAggregator"), "Terminal", ["GetFindingAggregator", REGION]),
    (("ResourceConflictException", "BatchUpdateFindings"), "Terminal", ["BatchUpdateFindings", REGION]),
    (("ResourceInUseException", "UpdateStandardsControl"), "Terminal", ["UpdateStandardsControl", REGION]),
    (("403",), "AccessDenied", ["proxy", "securityhub:GetFindings", ROLE, REGION]),
    (("401",), "CredentialsRefused", ["proxy", REGION]),
    (("InvalidSignatureException", "GetFindings", SIGNED), "CredentialsRefused", ["clock"]),
    (("RequestTimeTooSkewed",), "CredentialsRefused", ["clock"]),
    (("RequestExpired",), "CredentialsRefused", ["clock"]),
    (("SignatureDoesNotMatch",), "CredentialsRefused", ["secret key", ROLE]),
    (("IncompleteSignatureException",), "CredentialsRefused", ["secret key", ROLE]),
    (
        ("UnrecognizedClientException",),
        "CredentialsRefused",
        [REGION, ROLE, "opt-in Region", "account 111122223333"],
    ),
    (("ExpiredTokenException",), "CredentialsRefused", [ROLE]),
    (("MissingAuthenticationTokenException",), "CredentialsRefused", ["proxy"]),
    (("OptInRequired",), "RegionUnavailable", [REGION, ROLE]),
    (("InvalidAction",), "Terminal", [REGION, "securityhub:GetFindings"]),
    (("InvalidInputException",), "InvalidRequest", [REGION, "securityhub:GetFindings", ROLE]),
    (("NewException",), "Terminal", ["NewException", "securityhub:GetFindings", ROLE, REGION]),
    (("TooManyRequestsException",), "Throttled", ["quotaShare", "account 111122223333"]),
    (("Throttling", "AssumeRole"), "Throttled", ["STS", "account 111122223333"]),
    (("InternalException",), "Retryable", ["next poll"]),
    (("IDPCommunicationError", WEB), "Retryable", ["OIDC provider", ROLE]),
    (
        ("AccessDenied", "AssumeRole"),
        "RoleNotAssumable",
        [ROLE, "trust policy", "with the grant's externalId"],
    ),
    (("AccessDenied", "AssumeRole", SCP), "RoleNotAssumable", ["service control policy denies", REGION]),
    (
        ("AccessDenied", "AssumeRole", TRUST),
        "RoleNotAssumable",
        ["role trust policy denies", ROLE],
    ),
    (
        ("AccessDenied", "AssumeRole", no_policy("permissions boundary", "sts:AssumeRole")),
        "RoleNotAssumable",
        ["No permissions boundary allows sts:AssumeRole", OWN, REGION],
    ),
    (
        ("AccessDenied", "AssumeRole", no_policy("role trust policy", "sts:AssumeRole")),
        "RoleNotAssumable",
        [f"Check that {ROLE} exists", "trust policy", REGION],
    ),
    (("PackedPolicyTooLarge", "AssumeRole"), "RoleNotAssumable", [ROLE]),
    (("ValidationError", "AssumeRole"), "RoleNotAssumable", [ROLE, "externalId"]),
    (("MalformedPolicyDocument", "AssumeRole"), "RoleNotAssumable", [ROLE]),
    (("403", "AssumeRole"), "RoleNotAssumable", ["proxy", ROLE, REGION]),
    (
        ("InvalidClientTokenId", "AssumeRole"),
        "CredentialsRefused",
        [OWN, f"Enable the Region {REGION} in the operator's own account"],
    ),
    (("SignatureDoesNotMatch", "AssumeRole"), "CredentialsRefused", [OWN, f"sts:AssumeRole on {ROLE}"]),
    (
        ("RegionDisabledException", "AssumeRole"),
        "RegionUnavailable",
        [f"Activate STS for {REGION} in account 111122223333", "operator's own account"],
    ),
    (("ExpiredToken", "AssumeRole"), "CredentialsRefused", [OWN, ROLE]),
    (("NewException", "AssumeRole"), "RoleNotAssumable", ["NewException", ROLE, OWN, REGION]),
    (("InvalidIdentityToken", WEB), "CredentialsUnavailable", ["OIDC provider", "account 111122223333"]),
    (("IDPRejectedClaim", WEB), "CredentialsUnavailable", ["service account"]),
    (("ExpiredTokenException", WEB), "CredentialsUnavailable", ["token", "clock"]),
    (("InvalidClientTokenId", WEB), "CredentialsUnavailable", [REGION]),
    (("AccessDenied", WEB, SCP), "CredentialsUnavailable", ["service control policy denies"]),
    (("AccessDenied", WEB), "CredentialsUnavailable", ["trust policy", ROLE]),
    (("403", WEB), "CredentialsUnavailable", ["proxy"]),
    (("RegionDisabledException", WEB), "RegionUnavailable", ["account 111122223333"]),
]
STATUSES = {"TooManyRequestsException": 429, "InternalException": 500}
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


def names_everything(found: AwsError, action: str) -> None:
    """The action, whoever called or the role that was asked for, and the Region."""
    missing = [each for each in (action, REGION) if each not in found.advice]
    assert not missing, found.advice
    assert ROLE in found.advice or OWN in found.advice, found.advice
    assert "s3cret" not in str(found)
    assert "{" not in found.advice


@pytest.mark.parametrize(("said", "kind", "named"), CASES, ids=lambda value: str(value)[:60])
def test_each_refusal_says_what_was_refused_to_whom_where_and_what_to_do(
    said: tuple[str, ...], kind: str, named: list[str]
) -> None:
    found = refused(*said, status=STATUSES.get(said[0], 403))
    assert type(found) is getattr(errors, kind)
    missing = [each for each in named if each not in found.advice]
    assert not missing, found.advice
    operation = said[1] if len(said) > 1 else "GetFindings"
    action = f"sts:{operation}" if operation.startswith("Assume") else f"securityhub:{operation}"
    asked = said[2].partition("perform: ")[2].split(" ")[0] if len(said) > 2 else ""
    names_everything(found, asked or action)


@pytest.mark.parametrize(("error", "kind", "named"), UNANSWERED, ids=lambda value: str(value)[:60])
def test_each_call_without_an_answer_says_so_too(error: Exception, kind: str, named: list[str]) -> None:
    found = ours(error)
    assert type(found) is getattr(errors, kind)
    missing = [each for each in named if each not in found.advice]
    assert not missing, found.advice
    names_everything(found, "securityhub:GetFindings")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.advice[:50])
def test_no_row_gives_advice_without_action_identity_and_region(row: Row) -> None:
    fields = {name for _, name, _, _ in string.Formatter().parse(row.advice)}
    assert {"action", "who", "region"} <= fields


def test_each_row_of_the_table_is_reached_by_some_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row behind a wider one would never be used."""
    reached = set()

    class Noting(Row):
        def fits(self, what: Refused) -> bool:
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
    "securityhub": [
        "BatchGetStandardsControlAssociations",
        "BatchUpdateFindings",
        "BatchUpdateStandardsControlAssociations",
        "DescribeHub",
        "DescribeOrganizationConfiguration",
        "GetAdministratorAccount",
        "GetEnabledStandards",
        "GetFindingAggregator",
        "GetFindings",
        "ListFindingAggregators",
        "ListMembers",
        "ListSecurityControlDefinitions",
        "UpdateStandardsControl",
    ],
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

"""Every refusal that AWS documents for the calls that are made: its kind, and what a person can do about it.

Sources: Security Hub API reference ("Errors" of each operation, "Common errors"), STS API reference
(AssumeRole, AssumeRoleWithWebIdentity, "Common errors"), IAM user guide ("Troubleshoot access denied error
messages").
"""

import pytest
from botocore.exceptions import ClientError

from posture.aws import errors
from posture.aws.errors import AwsError
from posture.aws.refusals import ROWS, refusal

ROLE = "arn:aws-us-gov:iam::111122223333:role/posture-reader"
REGION = "us-gov-west-1"
SCP = (
    "User: x is not authorized to perform: securityhub:GetFindings with an explicit deny in a service control"
    " policy"
)


def refused(code: str, operation: str = "GetFindings", message: str = "no") -> AwsError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return refusal(
        ClientError(answer, operation),
        service="securityhub",
        operation=operation,
        region=REGION,
        role_arn=ROLE,
        external_id="s3cret",
    )


CASES = [
    (("AccessDeniedException",), "AccessDenied", ["Allow securityhub:GetFindings", ROLE, REGION]),
    (("AccessDeniedException", "GetFindings", SCP), "AccessDenied", ["service control policy", ROLE, REGION]),
    (("InvalidAccessException",), "HubNotEnabled", ["Enable Security Hub CSPM", REGION, ROLE]),
    (("InvalidAccessException", "ListMembers"), "AccessDenied", ["securityhub:ListMembers", ROLE, REGION]),
    (("SubscriptionRequiredException",), "HubNotEnabled", [ROLE, REGION]),
    (("SubscriptionRequiredException", "DescribeHub", "needs a subscription"), "HubNotEnabled", [REGION]),
    (("ResourceNotFoundException", "DescribeHub"), "HubNotEnabled", [REGION]),
    (("ResourceNotFoundException", "GetFindingAggregator"), "Terminal", ["GetFindingAggregator", REGION]),
    (("ResourceConflictException", "BatchUpdateFindings"), "Terminal", ["BatchUpdateFindings", REGION]),
    (("403",), "AccessDenied", ["proxy", "securityhub:GetFindings", ROLE, REGION]),
    (("401",), "CredentialsRefused", ["proxy", REGION]),
    (
        ("InvalidSignatureException", "GetFindings", "Signature expired: 2026"),
        "CredentialsRefused",
        ["clock"],
    ),
    (("RequestTimeTooSkewed",), "CredentialsRefused", ["clock"]),
    (("RequestExpired",), "CredentialsRefused", ["clock"]),
    (("SignatureDoesNotMatch",), "CredentialsRefused", ["secret key", ROLE]),
    (("IncompleteSignature",), "CredentialsRefused", ["secret key", ROLE]),
    (("UnrecognizedClientException",), "CredentialsRefused", [REGION, ROLE, "opt-in Region"]),
    (("ExpiredTokenException",), "CredentialsRefused", [ROLE]),
    (("MissingAuthenticationTokenException",), "CredentialsRefused", ["proxy"]),
    (("OptInRequired",), "RegionUnavailable", [REGION, ROLE]),
    (("InvalidAction",), "Terminal", [REGION, "securityhub:GetFindings"]),
    (("NewException",), "Terminal", ["NewException", "securityhub:GetFindings", ROLE, REGION]),
    (("AccessDenied", "AssumeRole"), "RoleNotAssumable", [ROLE, "trust policy"]),
    (("AccessDenied", "AssumeRole", SCP), "RoleNotAssumable", ["service control policy", ROLE, REGION]),
    (("PackedPolicyTooLarge", "AssumeRole"), "RoleNotAssumable", [ROLE]),
    (
        ("InvalidClientTokenId", "AssumeRole"),
        "CredentialsRefused",
        [REGION, "the operator's own identity", "Enable the Region"],
    ),
    (("SignatureDoesNotMatch", "AssumeRole"), "CredentialsRefused", ["the operator's own identity"]),
    (("RegionDisabledException", "AssumeRole"), "RegionUnavailable", [REGION, "operator's own account"]),
    (("ExpiredToken", "AssumeRole"), "CredentialsUnavailable", ["identity"]),
    (("InvalidIdentityToken", "AssumeRoleWithWebIdentity"), "CredentialsUnavailable", ["OIDC provider"]),
    (("IDPRejectedClaim", "AssumeRoleWithWebIdentity"), "CredentialsUnavailable", ["service account"]),
    (("InvalidClientTokenId", "AssumeRoleWithWebIdentity"), "CredentialsUnavailable", [REGION]),
]


@pytest.mark.parametrize(("said", "kind", "named"), CASES, ids=lambda value: str(value)[:60])
def test_each_refusal_says_what_was_refused_to_whom_where_and_what_to_do(
    said: tuple[str, ...], kind: str, named: list[str]
) -> None:
    found = refused(*said)
    assert type(found) is getattr(errors, kind)
    missing = [each for each in named if each not in found.advice]
    assert not missing, found.advice
    assert "s3cret" not in str(found)
    assert "{" not in found.advice


def test_each_row_of_the_table_is_reached_by_some_refusal() -> None:
    """A row behind a wider one would never be used."""
    reached = set()
    for said, *_ in CASES:
        code, operation, message = (*said, "GetFindings", "no")[:3] if len(said) == 1 else (*said, "no")[:3]
        reached.add(next((i for i, row in enumerate(ROWS) if row.fits(code, operation, message)), None))
    invalid = {i for i, row in enumerate(ROWS) if row.kind is errors.InvalidRequest}
    assert reached | invalid >= set(range(len(ROWS)))

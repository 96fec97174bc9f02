"""Refusals as AWS words them, with the kind of error and the advice that has to come of them.

Sources: Security Hub API reference ("Errors" of each operation, "Common errors"), STS API reference
(AssumeRole, AssumeRoleWithWebIdentity, "Common errors"), IAM user guide ("Troubleshoot access denied error
messages", "Manage AWS STS in an AWS Region").
"""

from posture.aws.client import errors
from posture.aws.client.errors import AwsError

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
    (("ResourceNotFoundException", "GetInsights"), "Terminal", ["spec.insights", REGION]),
    (("InvalidInputException", "GetInsightResults"), "Terminal", ["spec.insights", REGION]),
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
    (("QueueDoesNotExist", "ReceiveMessage"), "Terminal", ["spec.aws.events.queueUrl", ROLE, REGION]),
    (("KmsAccessDenied", "ReceiveMessage"), "AccessDenied", ["kms:Decrypt", ROLE, "KmsAccessDenied"]),
    (("EmptyBatchRequest", "DeleteMessageBatch"), "InvalidRequest", ["report", ROLE, REGION]),
    (("OverLimit", "ReceiveMessage"), "Retryable", ["Security Hub's alone", ROLE]),
    (("KmsThrottled", "ReceiveMessage"), "Throttled", ["key of the queue", ROLE, REGION]),
    (("AWSOrganizationsNotInUseException", "ListAccounts"), "Terminal", ["in no organization", ROLE]),
    (
        (
            "AccessDeniedException",
            "ListAccounts",
            "You don't have permissions to access this resource.",
        ),
        "AccessDenied",
        ["management account", ROLE, REGION],
    ),
    (("ServiceException", "ListTagsForResource"), "Retryable", ["next poll"]),
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
        ("NoSuchConfigurationAggregatorException", "DescribeConfigurationAggregators"),
        "Terminal",
        [f"Name an aggregator of AWS Config that is in account 111122223333, in {REGION}", ROLE],
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
"""Code, operation (GetFindings) and message (no); the type of the error; what its advice names."""


def names_everything(found: AwsError, action: str) -> None:
    """The action, whoever called or the role that was asked for, and the Region."""
    missing = [each for each in (action, REGION) if each not in found.advice]
    assert not missing, found.advice
    assert ROLE in found.advice or OWN in found.advice, found.advice
    assert "s3cret" not in str(found)
    assert "{" not in found.advice


def is_told(found: AwsError, said: tuple[str, ...], kind: str, named: list[str]) -> None:
    """Check what came of one of CASES."""
    assert type(found) is getattr(errors, kind), found
    missing = [each for each in named if each not in found.advice]
    assert not missing, found.advice
    operation = said[1] if len(said) > 1 else "GetFindings"
    action = f"sts:{operation}" if operation.startswith("Assume") else f"securityhub:{operation}"
    asked = said[2].partition("perform: ")[2].split(" ")[0] if len(said) > 2 else ""
    names_everything(found, asked or action)

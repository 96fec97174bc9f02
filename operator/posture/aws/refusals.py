"""Whatever botocore raises → an error of ours that says whether to try again, or what to change."""

import re
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from posture.aws.errors import (
    AccessDenied,
    AwsError,
    CredentialsRefused,
    CredentialsUnavailable,
    EndpointUnreachable,
    HubNotEnabled,
    InvalidRequest,
    MalformedResponse,
    RegionUnavailable,
    Retryable,
    RoleNotAssumable,
    Terminal,
    Throttled,
    TokenRefused,
)

_ASSUME = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
_THROTTLES = frozenset(
    {
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_REFUSED_CREDENTIALS = _EXPIRED | {
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIALS = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_NOT_SUBSCRIBED = re.compile(r"not subscribed|not enabled", re.IGNORECASE)
_NEEDS_A_HUB = frozenset({"DescribeHub", "GetFindings", "GetEnabledStandards", "BatchUpdateFindings"})
_PASSING = frozenset({"IDPCommunicationError", "RequestTimeout", "RequestTimeoutException"})
# Where no answer came: the first that fits. An OSError is a token or credentials file that cannot be read, a
# RuntimeError is botocore's word for credentials that were refreshed and are expired all the same.
_UNANSWERED: tuple[tuple[tuple[type[Exception], ...], type[AwsError]], ...] = (
    ((boto.ReadTimeoutError, boto.ConnectionClosedError), Retryable),
    ((boto.HTTPClientError, boto.ConnectionError), EndpointUnreachable),
    ((ResponseParserError,), MalformedResponse),
    (
        (
            boto.BaseEndpointResolverError,
            boto.EndpointProviderError,
            boto.InvalidRegionError,
            boto.ServiceNotInRegionError,
            boto.UnknownRegionError,
        ),
        RegionUnavailable,
    ),
    ((boto.ParamValidationError,), InvalidRequest),
    (
        (
            boto.ConfigNotFound,
            boto.ConfigParseError,
            boto.CredentialRetrievalError,
            boto.InvalidConfigError,
            boto.InvalidIMDSEndpointError,
            boto.LoginError,
            boto.MetadataRetrievalError,
            boto.NoCredentialsError,
            boto.PartialCredentialsError,
            boto.ProfileNotFound,
            boto.SSOError,
            boto.TokenRetrievalError,
            boto.UnknownCredentialError,
            OSError,
        ),
        CredentialsUnavailable,
    ),
    ((RuntimeError,), CredentialsRefused),
)
FAULTS = (boto.BotoCoreError, boto.ClientError, ResponseParserError, OSError)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


def code_of(error: BaseException) -> str:
    """Name an error for counters: AWS's code, else the exception's name."""
    if isinstance(error, boto.ClientError):
        return str(error.response.get("Error", {}).get("Code") or status_of(error))
    return type(error).__name__


def status_of(error: boto.ClientError) -> int:
    """Read the HTTP status of a refusal; 0 where there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def is_throttle(error: BaseException) -> bool:
    """Tell whether AWS refused a call for its rate."""
    return isinstance(error, boto.ClientError) and (
        code_of(error) in _THROTTLES or status_of(error) == _TOO_MANY_REQUESTS
    )


def is_expired(error: BaseException) -> bool:
    """Tell whether temporary credentials ran out (or were revoked) before their time."""
    return isinstance(error, boto.ClientError) and code_of(error) in _EXPIRED


def refusal(
    error: Exception,
    *,
    service: str,
    operation: str,
    role_arn: str | None = None,
    external_id: str | None = None,
    paging: bool = False,
) -> AwsError:
    """Turn an exception of botocore into an AwsError.

    `role_arn`, `external_id`: of the identity that called. `paging`: the request carried a NextToken, so that
    its filters had been accepted before and only the token can be what is refused now.
    """
    if isinstance(error, AwsError):
        return error
    where: dict[str, Any] = {"service": service, "operation": operation, "code": code_of(error)}
    if isinstance(error, boto.ClientError):
        message = str(error.response.get("Error", {}).get("Message") or error)
        if error.operation_name in _ASSUME:
            where["service"], where["operation"] = "sts", error.operation_name
            return _not_assumed(error, message, where, role_arn, external_id)
        return _answered(error, message, where, paging=paging)
    return _unanswered(error, where)


def _answered(error: boto.ClientError, message: str, where: dict[str, Any], *, paging: bool) -> AwsError:
    code, service, operation = where["code"], where["service"], where["operation"]
    passing = _passing(error, message, where)
    if passing is not None:
        return passing
    if code in _REFUSED_CREDENTIALS:
        return CredentialsRefused(message, **where)
    if code == "InvalidAccessException" and (operation in _NEEDS_A_HUB or _NOT_SUBSCRIBED.search(message)):
        return HubNotEnabled(message, **where)
    if code == "ResourceNotFoundException" and operation == "DescribeHub":
        return HubNotEnabled(message, **where)
    if code in _DENIALS or code == "InvalidAccessException":
        return AccessDenied(message, **where, advice=f"Allow {service}:{operation} to this identity")
    if code in {"OptInRequired", "RegionDisabledException"}:
        return RegionUnavailable(message, **where)
    if code in {"InvalidInputException", "ValidationException"}:
        return TokenRefused(message, **where) if paging else InvalidRequest(message, **where)
    return Terminal(message, **where)


def _passing(error: boto.ClientError, message: str, where: dict[str, Any]) -> AwsError | None:
    if is_throttle(error):
        return Throttled(message, **where)
    if status_of(error) >= _SERVER_ERROR or where["code"] in _PASSING:
        return Retryable(message, **where)
    return None


def _not_assumed(
    error: boto.ClientError,
    message: str,
    where: dict[str, Any],
    role_arn: str | None,
    external_id: str | None,
) -> AwsError:
    passing = _passing(error, message, where)
    if passing is not None:
        return passing
    if where["code"] == "RegionDisabledException":
        return RegionUnavailable(message, **where)
    if role_arn is None or error.operation_name != "AssumeRole" or where["code"] in _REFUSED_CREDENTIALS:
        return CredentialsUnavailable(message, **where)
    condition = (
        "with the grant's externalId"
        if external_id
        else "without an external id (the grant names no externalId)"
    )
    return RoleNotAssumable(
        message,
        **where,
        advice=f"Check that {role_arn} exists, that its trust policy lets the operator's own identity "
        f"assume it {condition}, and that this identity is allowed sts:AssumeRole on it",
    )


def _unanswered(error: Exception, where: dict[str, Any]) -> AwsError:
    meaning = next((ours for theirs, ours in _UNANSWERED if isinstance(error, theirs)), Terminal)
    return meaning(str(error), **where)

"""Whatever botocore raises → an error of ours that says whether to try again, or what to change."""

import re
from typing import Any, NamedTuple

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
from posture.domain.redaction import message_of_others

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
# Credentials that were good and are refused now: ran out, or were revoked or replaced before their time.
_REPLACEABLE = _EXPIRED | {"InvalidClientTokenId", "UnrecognizedClientException"}
_NEEDS_A_HUB = frozenset({"DescribeHub", "GetFindings", "GetEnabledStandards", "BatchUpdateFindings"})
_CLOCK = re.compile(r"signature (not yet current|expired)|request.*(too skewed|expired)", re.IGNORECASE)
# IAM user guide, "Troubleshoot access denied error messages": what denies names itself in the message.
_DENYING = re.compile(
    r"with an explicit deny in an? (?P<policy>service control policy|resource control policy|"
    r"permissions boundary|VPC endpoint policy|session policy|resource-based policy|identity-based policy)",
    re.IGNORECASE,
)


class Row(NamedTuple):
    """What AWS's refusal means: the first row that fits.

    `codes`: AWS's error codes. `operations`: only of these; none: of any. `message`: only where AWS's message
    has it. `advice`: `{action}`, `{who}` and `{region}` stand for what was refused, to whom and where;
    empty: the default one of the kind.
    """

    codes: frozenset[str]
    kind: type[AwsError]
    advice: str = ""
    operations: frozenset[str] = frozenset()
    message: re.Pattern[str] | None = None

    def fits(self, code: str, operation: str, message: str) -> bool:
        """Whether the row is about such a refusal."""
        return (
            code in self.codes
            and (not self.operations or operation in self.operations)
            and (self.message is None or bool(self.message.search(message)))
        )


def _of(*codes: str) -> frozenset[str]:
    return frozenset(codes)


_SIGNATURES = _of(
    "IncompleteSignature",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
)
_OPT_IN = (
    "Enable the Region {region} in the account of {who}: an opt-in Region refuses all credentials until then"
    " (Account Management, EnableRegion)"
)
_HUB = (
    "Enable Security Hub CSPM in {region} in the account of {who}, or name the Region where it is on in"
    " spec.aws.region"
)
ROWS: tuple[Row, ...] = (
    Row(
        _SIGNATURES,
        CredentialsRefused,
        "Set this machine's clock: AWS takes requests that are signed within five minutes of its own time",
        message=_CLOCK,
    ),
    Row(
        _of("RequestExpired", "RequestTimeTooSkewed"),
        CredentialsRefused,
        "Set this machine's clock: AWS takes requests that are signed within five minutes of its own time",
    ),
    Row(
        _SIGNATURES,
        CredentialsRefused,
        "Check the secret key of {who}, and that no proxy before {region} changes requests",
    ),
    Row(
        _of("InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken"),
        CredentialsRefused,
        f"Check that the credentials of {{who}} are alive. {_OPT_IN}",
    ),
    Row(
        _EXPIRED,
        CredentialsRefused,
        "The credentials of {who} ran out, and so had those in their place: check where they come from",
    ),
    Row(
        _of("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
        CredentialsRefused,
        "A proxy before {region} takes the signature off requests of {who}, or the endpoint is another one",
    ),
    Row(_of("InvalidAccessException"), HubNotEnabled, _HUB, operations=_NEEDS_A_HUB),
    Row(
        _of("InvalidAccessException", "SubscriptionRequiredException"),
        HubNotEnabled,
        _HUB,
        message=re.compile(r"not subscribed|not enabled|needs a subscription", re.IGNORECASE),
    ),
    Row(
        _of("SubscriptionRequiredException"),
        HubNotEnabled,
        "Finish the registration of the account of {who}, then enable Security Hub CSPM in {region}",
    ),
    Row(_of("ResourceNotFoundException"), HubNotEnabled, _HUB, operations=_of("DescribeHub")),
    Row(
        _of("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"),
        AccessDenied,
        "A {policy} denies {action} to this identity ({who}) in {region}: change it there, to allow it"
        " elsewhere does not help",
        message=_DENYING,
    ),
    Row(
        _of(
            "AccessDenied",
            "AccessDeniedException",
            "InvalidAccessException",
            "NotAuthorized",
            "UnauthorizedOperation",
        ),
        AccessDenied,
        "Allow {action} to this identity ({who}) in {region}",
    ),
    Row(
        _of("403"),
        AccessDenied,
        "Something that is not AWS refused {action} to this identity ({who}) in {region}: look for a proxy"
        " or a firewall before the endpoint; else allow it",
    ),
    Row(
        _of("401"),
        CredentialsRefused,
        "Something that is not AWS refused {action} to {who} in {region}: does a proxy want a login?",
    ),
    Row(_of("OptInRequired", "RegionDisabledException"), RegionUnavailable, _OPT_IN),
    Row(
        _of("InvalidInputException", "ValidationException", "ValidationError", "InvalidParameterException"),
        InvalidRequest,
    ),
    Row(
        _of("InvalidAction", "UnknownOperationException"),
        Terminal,
        "{region} does not offer {action}: name another Region, or leave out what needs it",
    ),
    Row(
        _of("ResourceConflictException", "ConflictException"),
        Terminal,
        "Somebody else changes the same thing in {region}; {action} is tried again at the next poll",
    ),
    Row(
        _of("ResourceNotFoundException"),
        Terminal,
        "What {action} asks for is not there in {region} for {who}",
    ),
)
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
_OWN = "the operator's own identity"
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


def is_replaceable(error: BaseException) -> bool:
    """Tell whether credentials are refused that others may have taken the place of, if they worked before."""
    return isinstance(error, boto.ClientError) and code_of(error) in _REPLACEABLE


def refusal(
    error: Exception,
    *,
    service: str,
    operation: str,
    region: str = "",
    role_arn: str | None = None,
    external_id: str | None = None,
    paging: bool = False,
) -> AwsError:
    """Turn an exception of botocore into an AwsError.

    `region`: where the call was to go. `role_arn`, `external_id`: of the identity that called. `paging`: the
    request carried a NextToken, so that its filters had been accepted before and only the token can be what
    is refused now.
    """
    if isinstance(error, AwsError):
        return error
    where: dict[str, Any] = {"service": service, "operation": operation, "code": code_of(error)}
    place = region or "this Region"
    if isinstance(error, boto.ClientError):
        message = str(error.response.get("Error", {}).get("Message") or error)
        if error.operation_name in _ASSUME:
            where["service"], where["operation"] = "sts", error.operation_name
            return _not_assumed(error, message, where, place, role_arn, external_id)
        return _answered(error, message, where, place, role_arn or _OWN, paging=paging)
    return _unanswered(error, where)


def _answered(
    error: boto.ClientError, message: str, where: dict[str, Any], region: str, who: str, *, paging: bool
) -> AwsError:
    code, service, operation = where["code"], where["service"], where["operation"]
    passing = _passing(error, message, where)
    if passing is not None:
        return passing
    row = next((row for row in ROWS if row.fits(code, operation, message)), None)
    if row is None:
        advice = f"Look {code} up in the documentation of {service}:{operation}, refused to {who} in {region}"
        return Terminal(message, **where, advice=advice)
    if row.kind is InvalidRequest and paging:
        return TokenRefused(message, **where)
    denied = _DENYING.search(message)
    words = {
        "action": f"{service}:{operation}",
        "who": who,
        "region": region,
        "policy": denied["policy"] if denied else "",
    }
    return row.kind(message, **where, advice=row.advice.format_map(words))


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
    region: str,
    role_arn: str | None,
    external_id: str | None,
) -> AwsError:
    """Return what STS's refusal means: of the role, or of the operator's own identity that asks for it.

    STS API reference, "Common errors", AssumeRole and AssumeRoleWithWebIdentity.
    """
    passing = _passing(error, message, where)
    if passing is not None:
        return passing
    code = where["code"]
    if code == "RegionDisabledException":
        return RegionUnavailable(
            message,
            **where,
            advice=f"Activate STS in {region} in the operator's own account, and enable that Region there",
        )
    if role_arn is None or error.operation_name != "AssumeRole":
        return CredentialsUnavailable(message, **where, advice=_web_identity(code, region))
    if code not in _EXPIRED:
        row = next(
            (row for row in ROWS if row.kind is CredentialsRefused and row.fits(code, "", message)), None
        )
        if row is not None:
            advice = row.advice.format_map(
                {"action": "sts:AssumeRole", "who": _OWN, "region": region, "policy": ""}
            )
            return CredentialsRefused(message, **where, advice=advice)
    else:
        return CredentialsUnavailable(message, **where)
    if code == "PackedPolicyTooLarge":
        return RoleNotAssumable(message, **where, advice=f"Remove session tags from the trust of {role_arn}")
    condition = (
        "with the grant's externalId"
        if external_id
        else "without an external id (the grant names no externalId)"
    )
    denied = _DENYING.search(message)
    if denied:
        return RoleNotAssumable(
            message,
            **where,
            advice=f"A {denied['policy']} denies sts:AssumeRole on {role_arn} in {region}: change it there",
        )
    return RoleNotAssumable(
        message,
        **where,
        advice=f"Check that {role_arn} exists, that its trust policy lets the operator's own identity "
        f"assume it {condition}, and that this identity is allowed sts:AssumeRole on it",
    )


def _web_identity(code: str, region: str) -> str:
    """Return what to do where the operator's own identity, a web identity, is refused; or the default."""
    if code in {"InvalidIdentityToken", "IDPRejectedClaim"}:
        return (
            "Check that the cluster's OIDC provider exists in the operator's own account with audience"
            " sts.amazonaws.com, and that the role's trust policy names this service account"
        )
    if code in {"InvalidClientTokenId", "UnrecognizedClientException"}:
        return _OPT_IN.format(region=region, who=_OWN)
    return ""


def _unanswered(error: Exception, where: dict[str, Any]) -> AwsError:
    meaning = next((ours for theirs, ours in _UNANSWERED if isinstance(error, theirs)), Terminal)
    return meaning(message_of_others(str(error)), **where)

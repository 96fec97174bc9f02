import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from posture.aws.client.errors import (
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
from posture.aws.client.refusals.refusal import code_of, is_expired, is_throttle, refusal

URL = "https://securityhub.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::111122223333:role/reader"


def answered(code: str, status: int, operation: str = "GetFindings", message: str = "no") -> boto.ClientError:
    return boto.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},
        operation,
    )


def ours(
    error: Exception, *, paging: bool = False, role: str | None = ROLE, external: str | None = None
) -> AwsError:
    operation = error.operation_name if isinstance(error, boto.ClientError) else "GetFindings"
    return refusal(
        error, service="securityhub", operation=operation, role_arn=role, external_id=external, paging=paging
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answered("TooManyRequestsException", 429), Throttled),
        (answered("ThrottlingException", 400), Throttled),
        (answered("LimitExceededException", 429), Throttled),
        (answered("429", 429), Throttled),
        (answered("Throttling", 400, "AssumeRole"), Throttled),
        (answered("InternalException", 500), Retryable),
        (answered("502", 502), Retryable),
        (answered("503", 503, "AssumeRole"), Retryable),
        (answered("IDPCommunicationError", 400, "AssumeRoleWithWebIdentity"), Retryable),
        (answered("AccessDeniedException", 403), AccessDenied),
        (answered("InvalidAccessException", 401), HubNotEnabled),
        (answered("InvalidAccessException", 401, "DescribeHub"), HubNotEnabled),
        (answered("ResourceNotFoundException", 404, "DescribeHub"), HubNotEnabled),
        (answered("InvalidAccessException", 401, "ListMembers"), AccessDenied),
        (answered("InvalidAccessException", 401, "ListMembers", "is not subscribed to it"), HubNotEnabled),
        (answered("ResourceNotFoundException", 404, "GetFindingAggregator"), Terminal),
        (answered("InvalidInputException", 400), InvalidRequest),
        (answered("ExpiredTokenException", 403), CredentialsRefused),
        (answered("UnrecognizedClientException", 403), CredentialsRefused),
        (answered("InvalidSignatureException", 403), CredentialsRefused),
        (answered("OptInRequired", 403), RegionUnavailable),
        (answered("AccessDenied", 403, "AssumeRole"), RoleNotAssumable),
        (answered("ValidationError", 400, "AssumeRole"), RoleNotAssumable),
        (answered("RegionDisabledException", 403, "AssumeRole"), RegionUnavailable),
        (answered("ExpiredToken", 403, "AssumeRole"), CredentialsRefused),
        (answered("AccessDenied", 403, "AssumeRoleWithWebIdentity"), CredentialsUnavailable),
        (answered("InvalidIdentityToken", 400, "AssumeRoleWithWebIdentity"), CredentialsUnavailable),
        (boto.ReadTimeoutError(endpoint_url=URL), Retryable),
        (boto.ConnectionClosedError(endpoint_url=URL), Retryable),
        (boto.EndpointConnectionError(endpoint_url=URL), EndpointUnreachable),
        (boto.ConnectTimeoutError(endpoint_url=URL), EndpointUnreachable),
        (boto.ProxyConnectionError(proxy_url="http://p"), EndpointUnreachable),
        (boto.SSLError(endpoint_url=URL, error="x"), EndpointUnreachable),
        (boto.HTTPClientError(error="x"), EndpointUnreachable),
        (ResponseParserError("x"), MalformedResponse),
        (boto.NoRegionError(), RegionUnavailable),
        (boto.InvalidRegionError(region_name="EU West"), RegionUnavailable),
        (boto.EndpointProviderError(msg="x"), RegionUnavailable),
        (boto.ParamValidationError(report="x"), InvalidRequest),
        (boto.NoCredentialsError(), CredentialsUnavailable),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), CredentialsUnavailable),
        (boto.CredentialRetrievalError(provider="x", error_msg="y"), CredentialsUnavailable),
        (boto.ProfileNotFound(profile="x"), CredentialsUnavailable),
        (FileNotFoundError(2, "No such file", "/var/run/token"), CredentialsUnavailable),
        (
            RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
            CredentialsRefused,
        ),
        (boto.UnknownServiceError(service_name="x", known_service_names=""), Terminal),
    ],
    ids=lambda value: code_of(value) if isinstance(value, Exception) else value.__name__,
)
def test_every_fault_has_its_kind(error: Exception, kind: type[AwsError]) -> None:
    found = ours(error)
    assert type(found) is kind
    assert found.reason[0].isupper()
    assert found.reason.isalnum()
    assert found.advice
    assert found.operation in str(found)
    assert found.code == code_of(error)


def test_whatever_is_refused_while_paging_is_the_token() -> None:
    refused = answered("InvalidInputException", 400, message="Input Query has changed")
    assert type(ours(refused, paging=True)) is TokenRefused
    assert type(ours(answered("InternalException", 500), paging=True)) is Retryable
    assert type(ours(answered("AccessDeniedException", 403), paging=True)) is AccessDenied


def test_advice_names_what_to_change() -> None:
    assert "securityhub:GetFindings" in ours(answered("AccessDeniedException", 403)).advice
    refused = answered("AccessDenied", 403, "AssumeRole")
    without, given = ours(refused).advice, ours(refused, external="s3cret").advice
    assert ROLE in without
    assert "names no externalId" in without
    assert "with the grant's externalId" in given
    assert "s3cret" not in given
    assert ours(refused).service == "sts"


def test_an_error_of_ours_stays_itself() -> None:
    error = ours(answered("AccessDeniedException", 403))
    assert refusal(error, service="x", operation="y") is error


@pytest.mark.parametrize(
    ("error", "throttle", "expired"),
    [
        (answered("TooManyRequestsException", 429), True, False),
        (answered("Whatever", 429), True, False),
        (answered("ExpiredToken", 400), False, True),
        (answered("ExpiredTokenException", 403), False, True),
        (answered("RequestExpired", 400), False, False),
        (boto.NoCredentialsError(), False, False),
    ],
)
def test_throttles_and_expired_tokens_are_known(error: Exception, *, throttle: bool, expired: bool) -> None:
    assert (is_throttle(error), is_expired(error)) == (throttle, expired)

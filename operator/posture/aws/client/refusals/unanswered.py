"""The rows of the table of refusals for what passes by itself, and for calls that nobody answered."""

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from posture.aws.client.errors import (
    CredentialsRefused,
    CredentialsUnavailable,
    EndpointUnreachable,
    MalformedResponse,
    RegionUnavailable,
    Retryable,
    Throttled,
)
from posture.aws.client.refusals.rows import LATER, STS, THROTTLES, TOO_MANY_REQUESTS, RefusalRow, of

PASSING_ROWS = (
    RefusalRow(
        Throttled,
        f"STS has too much to do for {{role_account}}: {LATER}",
        codes=THROTTLES,
        statuses=range(TOO_MANY_REQUESTS, TOO_MANY_REQUESTS + 1),
        operations=STS,
    ),
    RefusalRow(
        Throttled,
        "Something else uses the quota of {action} in {account} and {region} too, beside {who}: lower"
        " quotaShare, lengthen the interval, or ask AWS for a higher quota",
        codes=THROTTLES,
        statuses=range(TOO_MANY_REQUESTS, TOO_MANY_REQUESTS + 1),
    ),
    RefusalRow(
        Retryable,
        f"STS could not ask the cluster's OIDC provider, which must answer the Internet: {LATER}",
        codes=of("IDPCommunicationError"),
    ),
    RefusalRow(
        Retryable,
        f"{LATER}; nothing needs to be done unless this lasts",
        # Organizations answers the last one with 400 (API reference, "Errors").
        codes=of("RequestTimeout", "RequestTimeoutException", "ServiceException"),
        statuses=range(500, 600),
        raised=(boto.ReadTimeoutError, boto.ConnectionClosedError, TimeoutError),
    ),
    RefusalRow(
        MalformedResponse,
        "If this lasts, look for a proxy or firewall that changes what {action} of {who} is answered in"
        " {region}",
        raised=(ResponseParserError,),
    ),
)
# An OSError is a token or credentials file that cannot be read, a RuntimeError is botocore's word for
# credentials that were refreshed and are expired all the same.
UNANSWERED_ROWS = (
    RefusalRow(
        EndpointUnreachable,
        "Trust the certificate that {action} of {who} in {region} is answered with: where a proxy opens"
        " TLS, its CA goes into AWS_CA_BUNDLE",
        raised=(boto.SSLError,),
    ),
    RefusalRow(
        EndpointUnreachable,
        "Check the proxy settings of the operator's pod (HTTPS_PROXY, NO_PROXY): {action} of {who} in"
        " {region} does not get beyond the proxy",
        raised=(boto.ProxyConnectionError,),
    ),
    RefusalRow(
        EndpointUnreachable,
        "Check the Region's name ({region}), DNS, egress rules, proxy settings and VPC endpoints of the"
        " operator's pod: {action} of {who} reached nobody",
        raised=(boto.HTTPClientError, boto.ConnectionError),
    ),
    RefusalRow(
        RegionUnavailable,
        "Name an existing Region instead of {region}, and enable it in {account} if it is an opt-in Region:"
        " {action} of {who} has no endpoint there",
        raised=(
            boto.BaseEndpointResolverError,
            boto.EndpointProviderError,
            boto.InvalidRegionError,
            boto.ServiceNotInRegionError,
            boto.UnknownRegionError,
        ),
    ),
    RefusalRow(
        CredentialsUnavailable,
        "Give the pod an identity (IRSA, EKS Pod Identity, instance profile or AWS_* variables), or check"
        " the trust policy of the one it has: there is none to call {action} in {region} with, as {who}",
        raised=(boto.NoCredentialsError, boto.PartialCredentialsError),
    ),
    RefusalRow(
        CredentialsUnavailable,
        "Log in again, or give the pod an identity of its own (IRSA, EKS Pod Identity, instance profile):"
        " {action} in {region} needs one, as {who}",
        raised=(boto.LoginError, boto.SSOError, boto.TokenRetrievalError),
    ),
    RefusalRow(
        CredentialsUnavailable,
        "Check what gives the pod its credentials (the files and AWS_* variables that are named here, EKS"
        " Pod Identity, instance metadata): {action} in {region} needs them, as {who}",
        raised=(
            boto.ConfigNotFound,
            boto.ConfigParseError,
            boto.CredentialRetrievalError,
            boto.InvalidConfigError,
            boto.InvalidIMDSEndpointError,
            boto.MetadataRetrievalError,
            boto.ProfileNotFound,
            boto.UnknownCredentialError,
            OSError,
        ),
    ),
    RefusalRow(
        CredentialsRefused,
        "The credentials of {who} ran out, and so had those in their place: check where they come from;"
        " {action} in {region} needs them",
        raised=(RuntimeError,),
    ),
)

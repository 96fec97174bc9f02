"""What a row of the table of refusals says, and the codes and words that several rows share."""

import re
from typing import NamedTuple

from posture.aws.client.errors import AwsError

ASSUME = "AssumeRole"
OWN_ROLE = "AssumeRole for the operator's own identity"
"""What a call is taken for that gets the operator's own credentials: a web identity's, a profile's role."""


class RefusedCall(NamedTuple):
    """What was refused."""

    error: Exception
    code: str
    operation: str
    message: str
    status: int
    """Of HTTP; 0 without an answer."""
    paging: bool
    """It carried a NextToken."""


class RefusalRow(NamedTuple):
    """What a refusal means: the first row that fits."""

    kind: type[AwsError]
    advice: str
    """What to do. `{action}` is what was refused (with what it was to be done to), `{who}` the identity it
    was refused to, `{account}` the account of that identity, `{region}` where. Only for AssumeRole: `{role}`,
    `{role_account}`, and in `{condition}` the external id. `{policy}`: the type of policy that AWS names;
    `{code}`: AWS's error code."""
    codes: frozenset[str] = frozenset()
    """AWS's error codes. Without these, statuses and what is raised: any refusal."""
    statuses: range = range(0)
    """Of HTTP."""
    raised: tuple[type[Exception], ...] = ()
    """What botocore raises where no answer came."""
    operations: frozenset[str] = frozenset()
    """Only of these; none: of any."""
    message: re.Pattern[str] | None = None
    """Only where AWS's message has it."""
    paging: bool = False
    """Only requests with a NextToken, whose filters AWS had taken before."""

    def fits(self, what: RefusedCall) -> bool:
        """Whether the row is about such a refusal."""
        named = (
            what.code in self.codes
            or what.status in self.statuses
            or isinstance(what.error, self.raised)
            or not (self.codes or self.statuses or self.raised)
        )
        return (
            named
            and (not self.operations or what.operation in self.operations)
            and (self.message is None or bool(self.message.search(what.message)))
            and (what.paging or not self.paging)
        )


def of(*codes: str) -> frozenset[str]:
    """Return codes, or operations, as a row has them."""
    return frozenset(codes)


THROTTLES = of(
    "AutomationExecutionLimitExceededException",
    "LIMIT_EXCEEDED",
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
TOO_MANY_REQUESTS = 429
EXPIRED = of("ExpiredToken", "ExpiredTokenException")
POLICIES = (
    r"service control policy|resource control policy|permissions boundary|VPC endpoint policy|session policy|"
    r"resource-based policy|identity-based policy|role trust policy"
)
EXPLICIT = re.compile(rf"with an explicit deny in (?:an?|the) (?P<policy>{POLICIES})", re.IGNORECASE)
IMPLICIT = re.compile(rf"because no (?P<policy>{POLICIES}) allows", re.IGNORECASE)
UNTRUSTED = re.compile(r"because no (?!role trust|resource-based)[\w -]+ allows", re.IGNORECASE)
"""Not for the trust policy, which is the resource's own."""
ACTION = re.compile(
    r"not authorized to perform:? (?P<action>[a-z0-9-]+:\w+)(?: on resource:? (?P<resource>\S+))?",
    re.IGNORECASE,
)
"""IAM user guide, "Troubleshoot access denied error messages": the action and the policy name themselves."""

KEY = re.compile(r"\bkms:\w+")
CLOCK = re.compile(r"signature (not yet current|expired)|request.*(too skewed|expired)", re.IGNORECASE)
NO_HUB = re.compile(r"not subscribed|not enabled|needs a subscription", re.IGNORECASE)
NOT_THE_MANAGEMENT = re.compile(r"have permissions to access this resource", re.IGNORECASE)
"""What Organizations says to whoever may not look at it, whatever IAM allows."""
ASSUMES = of(ASSUME)
OWN = of(OWN_ROLE)
STS = of(ASSUME, OWN_ROLE, "GetCallerIdentity")
NEEDS_A_HUB = of("DescribeHub", "GetFindings", "GetEnabledStandards", "BatchUpdateFindings")
DENIALS = of(
    "ACCESS_DENIED", "AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"
)
UNKNOWN_KEYS = of("InvalidClientTokenId", "InvalidToken", "UnrecognizedClientException")
SIGNATURES = of(
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
)
LATE = of("RequestExpired", "RequestTimeTooSkewed")
INVALID = of(
    "INVALID_INPUT",
    "InvalidInputException",
    "InvalidLimitException",
    "InvalidNextTokenException",
    "InvalidParameterCombination",
    "InvalidParameterCombinationException",
    "InvalidParameterException",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "InvalidQueryParameter",
    "MalformedPolicyDocument",
    "MalformedQueryString",
    "MissingAction",
    "MissingParameter",
    "MissingRequiredParameterException",
    "ValidationError",
    "ValidationException",
)
ABSENT = of("NOT_FOUND", "RESOURCE_NOT_FOUND", "ResourceNotFoundException")

SET_CLOCK = (
    "Set this machine's clock: AWS takes requests that are signed within five minutes of its own time, and"
    " refused {action} to {who} in {region}"
)
OPT_IN = (
    "Enable the Region {region} in {account}: an opt-in Region refuses all credentials until then, here"
    " those of {who} for {action} (Account Management, EnableRegion)"
)
HUB = (
    "Enable Security Hub CSPM in {region} in {account}, or name the Region where it is on in spec.aws.region:"
    " {action} was refused to {who}"
)
ELSEWHERE = "to allow it elsewhere does not help"
DENIED = (
    f"A {{policy}} denies {{action}} to this identity ({{who}}) in {{region}}: change it there, {ELSEWHERE}"
)
NOWHERE = (
    "No {policy} allows {action} to this identity ({who}) in {region}: allow it in one, besides elsewhere"
)
NOT_AWS = (
    "Something that is not AWS refused {action} to this identity ({who}) in {region}: look for a proxy or a"
    " firewall before the endpoint"
)
LOOK_UP = "Look {code} up in the documentation of {action}, refused to {who} in {region}"
LATER = "{action} by {who} in {region} is repeated at the next poll"

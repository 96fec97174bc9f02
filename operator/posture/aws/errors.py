"""What can go wrong with AWS, as types: worth another try, not worth it, or a page token that has died.

Every error names a condition's reason and says what the user should do. Messages are AWS's own, rid of the
secrets that AWS quotes in them (`answers`), on one line and of bounded length.
"""

from typing import ClassVar


class AwsError(Exception):
    """A call to AWS that gave no answer to work with.

    `service` and `operation` as botocore names them (`securityhub`, `GetFindings`); `code` is AWS's error
    code or, where AWS was not reached, botocore's exception name. `reason` is PascalCase for a condition,
    `advice` is a sentence that says what to do.
    """

    reason: ClassVar[str] = "AwsError"
    default_advice: ClassVar[str] = ""

    def __init__(self, message: str, *, service: str, operation: str, code: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.service = service
        self.operation = operation
        self.code = code
        self.advice = advice or self.default_advice

    def __str__(self) -> str:
        text = f"{self.service}:{self.operation}: {self.code}: {self.message}"
        return f"{text}. {self.advice}" if self.advice else text


class Retryable(AwsError):  # noqa: N818 - the name says what to do about it
    """AWS or the way to it failed for now; the same call may succeed later, unchanged."""

    reason = "AwsUnavailable"
    default_advice = "The call is repeated at the next poll; nothing needs to be done unless this lasts"


class Throttled(Retryable):
    """AWS refused the call for its rate for longer than the caller's deadline."""

    reason = "Throttled"
    default_advice = (
        "Something else uses this account's quota too: lower quotaShare, lengthen the interval, "
        "or ask AWS for a higher quota"
    )


class MalformedResponse(Retryable):
    """A successful status came with a body that is not the operation's answer (truncated, HTML, empty)."""

    reason = "MalformedResponse"
    default_advice = "If this lasts, look for a proxy or firewall that changes what AWS answers"


class EndpointUnreachable(Retryable):
    """No connection to the service's endpoint could be made or kept."""

    reason = "EndpointUnreachable"
    default_advice = (
        "Check the Region's name, DNS, egress rules, proxy settings and VPC endpoints of the operator's pod"
    )


class Terminal(AwsError):  # noqa: N818 - the name says what to do about it
    """The call cannot succeed until somebody changes something."""

    reason = "AwsRefused"


class AccessDenied(Terminal):
    """IAM or Security Hub refuses the call to this identity; `advice` names the action to allow."""

    reason = "AccessDenied"


class HubNotEnabled(Terminal):
    """Security Hub is off in this account and Region."""

    reason = "HubNotEnabled"
    default_advice = "Enable Security Hub in this account and Region, or name the Region where it is on"


class CredentialsUnavailable(Terminal):
    """The operator's own identity could not be found or used."""

    reason = "CredentialsUnavailable"
    default_advice = (
        "Give the pod an identity (IRSA, EKS Pod Identity, instance profile or AWS_* variables), "
        "or check the trust policy of the one it has"
    )


class CredentialsRefused(Terminal):
    """AWS does not accept the credentials, although there are some."""

    reason = "CredentialsRefused"
    default_advice = (
        "Check that the credentials are alive, that the Region is enabled in the account "
        "(opt-in Regions refuse all credentials until then), and that this machine's clock is right"
    )


class RoleNotAssumable(Terminal):
    """STS refused to give out the role."""

    reason = "RoleNotAssumable"


class RegionUnavailable(Terminal):
    """The Region does not exist, or its service or token issuing is off for the account."""

    reason = "RegionUnavailable"
    default_advice = "Name an existing Region, and enable it in the account if it is an opt-in Region"


class InvalidRequest(Terminal):
    """AWS refuses the request as it is written."""

    reason = "InvalidRequest"
    default_advice = "This is a defect of the operator or of a filter it was given: please report it"


class TokenRefused(AwsError):  # noqa: N818 - the name says what to do about it
    """A NextToken has expired, is not valid, or does not fit the query any more: start that window over."""

    reason = "TokenRefused"
    default_advice = "The window is read again from its first page"

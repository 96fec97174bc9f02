"""What can go wrong with AWS, as types: worth another try, not worth it, or a page token that has died.

Every error names a condition's reason and says what the user should do. Messages are AWS's own, rid of the
secrets that AWS quotes in them (`responses`), on one line and of bounded length.
"""

from typing import ClassVar

from posture.api.reasons.words import Named
from posture.pace import Lasting


class AwsError(Exception):
    """A call to AWS that gave no answer to work with.

    `service` and `operation` as botocore names them (`securityhub`, `GetFindings`); `code` is AWS's error
    code or, where AWS was not reached, botocore's exception name. `reason` is PascalCase for a condition,
    `advice` is a sentence that says what to do, from the table of refusals.
    """

    reason: ClassVar[Named]

    def __init__(self, message: str, *, service: str, operation: str, code: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.service = service
        self.operation = operation
        self.code = code
        self.advice = advice

    def __str__(self) -> str:
        text = f"{self.service}:{self.operation}: {self.code}: {self.message}"
        return f"{text}. {self.advice}" if self.advice else text


class Retryable(AwsError):  # noqa: N818 - the name says what to do about it
    """AWS or the way to it failed for now; the same call may succeed later, unchanged."""

    reason: ClassVar[Named] = "AwsUnavailable"


class Throttled(Retryable):
    """AWS refused the call for its rate for longer than the caller's deadline."""

    reason: ClassVar[Named] = "Throttled"


class MalformedResponse(Retryable):
    """A successful status came with a body that is not the operation's answer (truncated, HTML, empty)."""

    reason: ClassVar[Named] = "MalformedResponse"


class EndpointUnreachable(Retryable):
    """No connection to the service's endpoint could be made or kept."""

    reason: ClassVar[Named] = "EndpointUnreachable"


class Terminal(AwsError, Lasting):  # noqa: N818 - the name says what to do about it
    """The call cannot succeed until somebody changes something."""

    reason: ClassVar[Named] = "AwsRefused"


class AccessDenied(Terminal):
    """IAM or Security Hub refuses the call to this identity; `advice` names the action to allow."""

    reason: ClassVar[Named] = "AccessDenied"


class HubNotEnabled(Terminal):
    """Security Hub is off in this account and Region."""

    reason: ClassVar[Named] = "HubNotEnabled"


class CredentialsUnavailable(Terminal):
    """The operator's own identity could not be found or used."""

    reason: ClassVar[Named] = "CredentialsUnavailable"


class CredentialsRefused(Terminal):
    """AWS does not accept the credentials, although there are some."""

    reason: ClassVar[Named] = "CredentialsRefused"


class RoleNotAssumable(Terminal):
    """STS refused to give out the role."""

    reason: ClassVar[Named] = "RoleNotAssumable"


class RegionUnavailable(Terminal):
    """The Region does not exist, or its service or token issuing is off for the account."""

    reason: ClassVar[Named] = "RegionUnavailable"


class InvalidRequest(Terminal):
    """AWS refuses the request as it is written."""

    reason: ClassVar[Named] = "InvalidRequest"


class TokenRefused(AwsError):  # noqa: N818 - the name says what to do about it
    """A NextToken has expired, is not valid, or does not fit the query any more: start that window over."""

    reason: ClassVar[Named] = "TokenRefused"

"""What may happen at a moment: the process dies, or a call fails; and the names of users."""

from typing import NamedTuple

from posture.aws.client.errors import AccessDenied, Retryable, Throttled
from posture.kube.errors import Call
from tests.support.rules_on_paper import GRANTED

CALL = Call("patch", None)
_SAID = {"service": "iam", "operation": "X", "code": "X"}
LOST = Retryable("the connection broke", **_SAID)
ERRORS = (LOST, Throttled("too many", **_SAID), AccessDenied("no", **_SAID))


class Died(BaseException):
    """The process ends here. Nothing may catch it."""


class Written(NamedTuple):
    """A key that the operator has set. `at`: µs; `entry`: the remediation for which."""

    user: str
    key: str
    to: str
    at: int
    entry: str


def arn_of(user: str) -> str:
    """Return the ARN of a user."""
    return f"arn:aws:iam::{GRANTED}:user/{user}"


def user_named(arn: str) -> str:
    """Return the name of a user by its ARN."""
    return arn.rsplit("/", 1)[-1]

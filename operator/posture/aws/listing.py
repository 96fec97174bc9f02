"""Lists that come in pages, and calls that a reader may be denied."""

from collections.abc import Mapping
from typing import Any

from posture.aws.calls import Calls
from posture.aws.errors import AccessDenied, Retryable, TokenRefused

_RESTARTS = 2


async def list_all(
    calls: Calls, operation: str, member: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Read a whole list by NextToken: `member` names the answer's list. Empty pages with a token occur.

    A refused token starts the list over, twice; after that it is an error for a later try (Retryable).
    """
    restarts = 0
    while True:
        try:
            return await _read(calls, operation, member, parameters or {})
        except TokenRefused as refused:
            if restarts == _RESTARTS:
                raise given_up(refused) from refused
            restarts += 1


def given_up(refused: TokenRefused) -> Retryable:
    """Return the error of a listing whose every token is refused."""
    return Retryable(
        refused.message,
        service=refused.service,
        operation=refused.operation,
        code=refused.code,
        advice=f"{refused.advice}; as it refuses every other one too, not before the next poll",
    )


async def _read(
    calls: Calls, operation: str, member: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    request = dict(parameters)
    while True:
        body = (await calls.call(operation, request)).body
        entries += body.get(member, [])
        token = body.get("NextToken")
        if not token:
            return entries
        request["NextToken"] = token


def denied(error: AccessDenied, cost: str) -> str:
    """Say which action to allow, and what its lack costs."""
    return f"{error.service}:{error.operation} is denied: {cost}. {error.advice}"

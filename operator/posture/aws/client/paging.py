"""Lists that come in pages, and calls that a reader may be denied."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from posture.aws.client.calls import PATIENCE, Calls
from posture.aws.client.errors import AccessDenied, MalformedResponse, Retryable, TokenRefused

MOST_READINGS = 8
"""Readings of a list with several pages of which no two in a row agree, or whose tokens are refused."""


async def list_all(
    calls: Calls,
    operation: str,
    member: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    required: bool = False,
    patience: float = PATIENCE,
) -> list[dict[str, Any]]:
    """Read a whole list by NextToken: `member` names the answer's list. Empty pages with a token occur.

    `required`: AWS writes an empty list too, so that an answer without one is none (MalformedResponse).
    `patience`: seconds for which each call waits out throttling.

    Tokens are opaque: where they are numbers of entries to pass over, one that goes while the list is read
    lets another one go unread. So a list of several pages is read until two readings in a row have the same
    entries, in whatever order. A refused token starts a reading over. After `MOST_READINGS` that is an error
    for a later try (Retryable): nothing is to be concluded from what such a list may lack.
    """
    known: list[dict[str, Any]] | None = None
    trouble: TokenRefused | None = None
    for _ in range(MOST_READINGS):
        try:
            entries, pages = await _read(
                calls, operation, member, parameters or {}, required=required, patience=patience
            )
        except TokenRefused as refused:
            trouble = refused
            continue
        if pages == 1 or (known is not None and _same(known, entries)):
            return entries
        known = entries
    if trouble is not None:
        raise given_up(trouble) from trouble
    raise Retryable(
        "It changes each time it is read", service=calls.service, operation=operation, code="Unsteady"
    )


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
    calls: Calls,
    operation: str,
    member: str,
    parameters: Mapping[str, Any],
    *,
    required: bool,
    patience: float,
) -> tuple[list[dict[str, Any]], int]:
    """Read a list once; return its entries, and how many pages they came in."""
    entries: list[dict[str, Any]] = []
    request = dict(parameters)
    pages = 0
    while True:
        body = (await calls.call(operation, request, patience=patience)).body
        if required and member not in body:
            raise MalformedResponse(
                f"{member} is missing", service=calls.service, operation=operation, code="Incomplete"
            )
        entries += body.get(member, [])
        pages += 1
        token = body.get("NextToken")
        if not token:
            return entries, pages
        request["NextToken"] = token


def _same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Whether two readings have the same entries, each as often."""
    return Counter(map(repr, one)) == Counter(map(repr, other))


def denied(error: AccessDenied, cost: str) -> str:
    """Say which action to allow, and what its lack costs."""
    return f"{error.service}:{error.operation} is denied: {cost}. {error.advice}"

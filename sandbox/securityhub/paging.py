"""Pages of the List and Describe operations."""

from collections.abc import Sequence
from typing import Any

from sandbox.securityhub.emulator import Context
from sandbox.securityhub.tokens import invalid_token

DEFAULT_PAGE = 100


def paginate(
    context: Context, parameters: dict[str, Any], key: str, items: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return one page of `items` under `key`, with a NextToken where more follow."""
    token = parameters.get("NextToken")
    question = [
        key,
        context.caller.account,
        context.caller.region,
        {name: value for name, value in parameters.items() if name not in {"NextToken", "MaxResults"}},
    ]
    if token and context.fault("invalid_token"):
        raise invalid_token()
    start = context.emulator.tokens.read(token, question)[0] if token else 0
    end = start + (parameters.get("MaxResults") or DEFAULT_PAGE)
    page: dict[str, Any] = {key: list(items[start:end])}
    if end < len(items):
        page["NextToken"] = context.emulator.tokens.issue(question, [end])
    return page

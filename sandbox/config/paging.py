"""Pages of Config's lists: some without rows, with a token; tokens are good for one query of one caller."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError

Row = dict[str, Any]
Rows = Iterator[tuple[Sequence[int], Row]]
_START = [0, 0, 0]


def answer_page(
    context: Context,
    parameters: Row,
    key: str,
    rows: Iterable[tuple[Sequence[int], Row]] | Callable[[list[int]], Rows],
    *,
    most: int,
    default: int | None = None,
) -> Row:
    """Return one page of rows under `key`, with a NextToken where more follow.

    `rows` come with positions, in whose order they are; or a function yields them from a position on.
    `Limit` 0 or none is the `default`, which is the greatest there is where Config does not say another.
    """
    config, tokens = context.emulator.config, context.emulator.tokens
    question = [
        context.operation,
        context.caller.account,
        context.caller.region,
        {name: value for name, value in parameters.items() if name not in {"NextToken", "Limit"}},
    ]
    number, start, token = 0, _START, parameters.get("NextToken")
    if token:
        if context.fault("invalid_token"):
            raise _refused()
        try:
            number, *start = tokens.read(token, question)
        except ApiError as error:
            raise _refused() from error
    limit = parameters.get("Limit") or default or most
    if fault := context.fault("short"):
        limit = int(fault.options.get("rows", 0))
    elif config.empty_pages and number % config.empty_pages == 1:
        limit = 0
    if token and context.fault("repeated"):
        return {key: [], "NextToken": token}
    page: list[Row] = []
    for position, row in rows(start) if callable(rows) else rows:
        if tuple(position) < tuple(start[: len(position)]):
            continue
        if len(page) == limit:
            behind = [number + 1, *position, *_START[len(position) :]]
            return {key: _spoilt(context, page), "NextToken": tokens.issue(question, behind)}
        page.append(row)
    return {key: _spoilt(context, page)}


def _spoilt(context: Context, page: list[Row]) -> list[Row]:
    """Return the rows, or what a fault makes of them: plausible, and wrong."""
    fault = context.fault("wrong") if page else None
    if fault is None:
        return page
    changed = {**page[0], **fault.options.get("set", {})}
    for name in fault.options.get("without", []):
        changed.pop(name, None)
    return [changed, *page[1:]]


def _refused() -> ApiError:
    return ApiError(
        "InvalidNextTokenException",
        "The specified next token is not valid. Specify the nextToken string that was returned in the"
        " previous response to get the next page of results.",
    )

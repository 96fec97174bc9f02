"""What AWS's answers are made to pass before anybody believes them.

botocore reads a truncated, HTML or empty body of a successful answer as an answer without members, which is
"no findings" or "nothing left undone". These hooks look at the bytes first. They raise nothing, since an
exception inside a hook would escape the counters: they leave a mark that the caller must look for.
"""

from typing import Any

import msgspec
from aiobotocore.session import AioSession

from posture.aws.refusals import code_of
from posture.aws.usage import Usage
from posture.aws.wire import NotAPage, decode_page

PAGE = "DecodedPage"
MALFORMED = "MalformedBody"
_SUCCESS = 300
_any_object = msgspec.json.Decoder(dict[str, Any])


def watch(session: AioSession, usage: Usage) -> None:
    """Check Security Hub's answers to the clients of this session, and count those of every service."""
    session.register("before-parse.securityhub", _check_body)
    session.register("response-received", _Counting(usage))


def _check_body(
    operation_model: Any,  # noqa: ANN401 - botocore has no types
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: object,
) -> None:
    """Mark a successful answer whose body is not one; decode a page of findings at once.

    Shapes: botocore's `before-parse` event. A decoded page is at PAGE, the reason why a body is none at
    MALFORMED; in both cases botocore's own parser gets an empty object, which costs nothing.
    """
    if response_dict["status_code"] >= _SUCCESS:
        return
    body = response_dict["body"]
    try:
        if operation_model.name == "GetFindings":
            customized_response_dict[PAGE] = decode_page(body)
            response_dict["body"] = b"{}"
        else:
            _check_members(operation_model.output_shape, body)
    except (NotAPage, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        customized_response_dict[MALFORMED] = f"{len(body)} bytes that are no answer: {error}"
        response_dict["body"] = b"{}"


def _check_members(shape: Any, body: bytes) -> None:  # noqa: ANN401 - botocore has no types
    """Raise msgspec.DecodeError where a body lacks what the operation's model requires of every answer."""
    if shape is None or not (body or shape.members):
        return
    answer = _any_object.decode(body)
    missing = [name for name in shape.required_members if name not in answer]
    if missing:
        raise msgspec.ValidationError(f"{', '.join(missing)} missing")


class _Counting:
    """Counts each exchange by service, operation and outcome (botocore's `response-received` event)."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def __call__(
        self,
        event_name: str,
        parsed_response: dict[str, Any] | None,
        exception: Exception | None,
        **_: object,
    ) -> None:
        service, operation = event_name.split(".")[1:3]
        self._usage.answered(service, operation, _outcome(parsed_response, exception))


def _outcome(parsed: dict[str, Any] | None, exception: Exception | None) -> str:
    if parsed is None:
        return code_of(exception) if exception else "NoAnswer"
    if MALFORMED in parsed:
        return "MalformedResponse"
    status = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    code = parsed.get("Error", {}).get("Code") if status and status >= _SUCCESS else None
    return str(code or status)

"""Config on the wire: JSON 1.1, where a header names the operation."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import botocore.session
import msgspec
from multidict import MultiMapping

from sandbox.config.operations import OPERATIONS
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError
from sandbox.securityhub.model import Match, validate

_TARGET = "X-Amz-Target"
_PREFIX = "StarlingDoveService."
_INVALID = "InvalidInputException"
# What the emulator calls things, by what Config calls them.
_CODES = {
    "TooManyRequestsException": ("ThrottlingException", "Rate exceeded"),
    "InternalException": ("InternalFailure", None),
}


class ConfigApi:
    """AWS Config."""

    name = "config"
    content_type = "application/x-amz-json-1.1"

    def route(self, method: str, raw_path: str, headers: Mapping[str, str]) -> Match:
        """Return the operation that the target header names."""
        name = headers.get(_TARGET, "").removeprefix(_PREFIX)
        if method != "POST" or raw_path != "/" or name not in _model().operation_names:
            raise ApiError("UnknownOperationException", f"No operation {name!r}")
        return Match(_model().operation_model(name), {})

    def parse(self, match: Match, query: MultiMapping[str], body: bytes) -> dict[str, Any]:
        """Return the operation's input, refused in Config's own ways."""
        del query
        try:
            parameters = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise ApiError("SerializationException", "Unable to parse the request body as JSON") from error
        errors = {shape.name for shape in match.operation.error_shapes}
        try:
            validate(match.operation.input_shape, parameters)
        except ApiError as error:
            code = next(
                each for each in ("ValidationException", "InvalidParameterValueException") if each in errors
            )
            if error.code == _INVALID and "'Limit'" in error.message:
                code = "InvalidLimitException"
            raise ApiError(code, error.message) from error
        return parameters

    def perform(self, context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation; 501 for what the real service has and this one does not."""
        context.emulator.config.settle()
        operation = OPERATIONS.get(context.operation)
        if operation is None:
            message = f"The Config emulator does not serve {context.operation}"
            raise ApiError("NotImplementedException", message, HTTPStatus.NOT_IMPLEMENTED)
        return operation(context, parameters)

    def said(self, error: ApiError) -> ApiError:
        """Return an error under Config's names; JSON 1.1 has 400 for all that the caller can change."""
        code, message = _CODES.get(error.code, (error.code, None))
        status = min(error.status, HTTPStatus.BAD_REQUEST) if error.status < _OWN_FAULT else error.status
        return ApiError(code, message or error.message, status)

    def refusal(self, error: ApiError) -> tuple[bytes, dict[str, str]]:
        """Return the body of an error."""
        return msgspec.json.encode({"__type": error.code, "message": error.message}), {}


_OWN_FAULT = 500


@cache
def _model() -> Any:  # noqa: ANN401 - botocore ships no types
    return botocore.session.get_session().get_service_model("config")

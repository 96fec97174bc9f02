"""What the services that one process serves differ in on the wire: protocol, errors, operations."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from multidict import MultiMapping

from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError
from sandbox.securityhub.model import Match, parse_request, route
from sandbox.securityhub.operations import perform
from sandbox.securityhub.operations_findings import FindingsAnswer


class Api(Protocol):
    """One service. `name`: in signatures and in IAM's actions; `content_type`: of its answers."""

    name: str
    content_type: str

    def route(self, method: str, raw_path: str, headers: Mapping[str, str]) -> Match:
        """Return the operation that a request is for. Raises ApiError where it is for none."""
        ...

    def parse(self, match: Match, query: MultiMapping[str], body: bytes) -> dict[str, Any]:
        """Return the operation's input, validated. Raises ApiError as the service refuses it."""
        ...

    def perform(self, context: Context, parameters: dict[str, Any]) -> FindingsAnswer | dict[str, Any]:
        """Carry out one operation. Raises ApiError."""
        ...

    def said(self, error: ApiError) -> ApiError:
        """Return an error as this service calls it."""
        ...

    def refusal(self, error: ApiError) -> tuple[bytes, dict[str, str]]:
        """Return the body of an error, and headers that tell of it."""
        ...


class SecurityHubApi:
    """Security Hub: rest-json."""

    name = "securityhub"
    content_type = "application/json"

    def route(self, method: str, raw_path: str, headers: Mapping[str, str]) -> Match:
        """Return the operation that a request line names."""
        del headers
        return route(method, raw_path)

    def parse(self, match: Match, query: MultiMapping[str], body: bytes) -> dict[str, Any]:
        """Return the operation's input."""
        return parse_request(match, query, body)

    def perform(self, context: Context, parameters: dict[str, Any]) -> FindingsAnswer | dict[str, Any]:
        """Carry out one operation."""
        return perform(context, parameters)

    def said(self, error: ApiError) -> ApiError:
        """Return an error as it is: they are made in Security Hub's words."""
        return error

    def refusal(self, error: ApiError) -> tuple[bytes, dict[str, str]]:
        """Return the body of an error, and its type."""
        body = msgspec.json.encode({"Message": error.message, "Code": error.code})
        return body, {"x-amzn-ErrorType": error.code}

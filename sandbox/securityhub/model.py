"""Routing and request validation, both driven by botocore's model of the service."""

import re
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import botocore.session
import msgspec
from botocore.model import OperationModel, Shape
from multidict import MultiMapping

from sandbox.securityhub.errors import ApiError, invalid_input

_PLACEHOLDER = re.compile(r"\{(?P<name>\w+)(?P<greedy>\+?)\}")
# Lists whose elements an operation checks one by one, to refuse single ones.
_CHECKED_BY_OPERATION = frozenset({"BatchImportFindingsRequestFindingList"})
_INTEGER_TYPES = frozenset({"integer", "long"})
_MAX_SHOWN_CHOICES = 12


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's method and path; `labels` are the members of the input that stand in the path."""

    operation: OperationModel
    method: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A request's operation and what its path says."""

    operation: OperationModel
    labels: dict[str, str]


@cache
def _service_model() -> Any:  # noqa: ANN401 - botocore ships no types
    return botocore.session.get_session().get_service_model("securityhub", api_version="2018-10-26")


@cache
def operation_model(name: str) -> OperationModel:
    """Return botocore's model of one operation."""
    return _service_model().operation_model(name)


@cache
def shape_model(name: str) -> Shape:
    """Return botocore's model of one shape."""
    return _service_model().shape_for(name)


@cache
def operation_names() -> tuple[str, ...]:
    """Return the names of all operations that the model knows."""
    return tuple(_service_model().operation_names)


@cache
def _routes() -> tuple[Route, ...]:
    """Return the routes of paths with labels, most exact first."""
    routes = [_route(name) for name in operation_names()]
    labelled = [route for route in routes if route.labels]
    return tuple(sorted(labelled, key=lambda route: (len(route.labels), -len(route.pattern.pattern))))


@cache
def _fixed_paths() -> dict[tuple[str, str], OperationModel]:
    operations = map(operation_model, operation_names())
    return {(it.http["method"], _path(it)): it for it in operations if "{" not in _path(it)}


def _path(operation: OperationModel) -> str:
    return str(operation.http["requestUri"]).partition("?")[0]


def _route(name: str) -> Route:
    operation = operation_model(name)
    template = _path(operation)
    expression, position, labels = "", 0, []
    for placeholder in _PLACEHOLDER.finditer(template):
        expression += re.escape(template[position : placeholder.start()])
        expression += "(.+)" if placeholder["greedy"] else "([^/]+)"
        labels.append(placeholder["name"])
        position = placeholder.end()
    expression += re.escape(template[position:])
    return Route(operation, operation.http["method"], re.compile(expression), tuple(labels))


def route(method: str, raw_path: str) -> Match:
    """Return the operation that a request line names.

    Raises ApiError as API Gateway does for a path it does not know (403, "Missing Authentication Token").
    """
    fixed = _fixed_paths().get((method, raw_path))
    if fixed is not None:
        return Match(fixed, {})
    for candidate in _routes():
        if candidate.method != method:
            continue
        found = candidate.pattern.fullmatch(raw_path)
        if found is not None:
            values = (unquote(value) for value in found.groups())
            return Match(candidate.operation, dict(zip(candidate.labels, values, strict=True)))
    message = "Missing Authentication Token"
    raise ApiError("MissingAuthenticationTokenException", message, HTTPStatus.FORBIDDEN)


def parse_request(match: Match, query: MultiMapping[str], body: bytes) -> dict[str, Any]:
    """Return the operation's input, read from path, query string and JSON body, and validated.

    Raises ApiError `InvalidInputException` for what the model refuses.
    """
    shape = match.operation.input_shape
    parameters = _parse_body(body) if match.operation.http["method"] != "GET" else {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if location == "uri":
            parameters[name] = match.labels[wire_name]
        elif location == "querystring" and wire_name in query:
            parameters[name] = _from_query(member, query.getall(wire_name), name)
    validate(shape, parameters)
    return parameters


def _parse_body(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        parsed = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ApiError("SerializationException", "Unable to parse the request body as JSON") from error
    if not isinstance(parsed, dict):
        raise ApiError("SerializationException", "The request body must be a JSON object")
    return parsed


def _from_query(shape: Shape, values: list[str], name: str) -> Any:  # noqa: ANN401 - any type of the model
    if shape.type_name == "list":
        return [_from_query(shape.member, [value], name) for value in values]
    text = values[0]
    if shape.type_name in _INTEGER_TYPES:
        if re.fullmatch(r"-?\d+", text, re.ASCII) is None:
            raise invalid_input(f"Invalid parameter '{name}'. data must be integer")
        return int(text)
    if shape.type_name == "boolean":
        return text == "true"
    return text


def validate(shape: Shape, value: object, name: str = "") -> None:
    """Check a value against a shape of the model: types, required members, enums, patterns, ranges and sizes.

    Members that the model does not know are ignored, as AWS ignores them. Raises ApiError
    `InvalidInputException` that names the member.
    """
    fault = _fault(shape, value)
    if fault is not None:
        raise invalid_input(f"Invalid parameter '{name or shape.name}'. data {fault}")
    if shape.type_name == "structure" and isinstance(value, dict):
        _validate_structure(shape, value, name)
    elif shape.name in _CHECKED_BY_OPERATION:
        return
    elif shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            validate(shape.member, item, f"{name}[{index}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():
            validate(shape.key, key, f"{name}.keys")
            validate(shape.value, item, f"{name}.{key}")


def _validate_structure(shape: Shape, value: dict[str, Any], name: str) -> None:
    prefix = f"{name}." if name else ""
    for required in shape.required_members:
        if value.get(required) is None:
            raise invalid_input(f"Invalid parameter '{name or shape.name}'. data must contain ['{required}']")
    for key, member in shape.members.items():
        if value.get(key) is not None:
            validate(member, value[key], prefix + key)


def _fault(shape: Shape, value: object) -> str | None:
    """Say what is wrong with the value itself (not with what it contains), or None."""
    kind = shape.type_name
    if not _has_type(kind, value):
        return f"must be {kind}"
    if isinstance(value, str):
        return _string_fault(shape, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _range_fault(shape, value, "must be")
    if isinstance(value, (list, dict)):
        return _range_fault(shape, len(value), "must have a size")
    return None


def _has_type(kind: str, value: object) -> bool:
    if kind in _INTEGER_TYPES:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in {"double", "float"}:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "timestamp":
        return isinstance(value, (str, int, float)) and not isinstance(value, bool)
    expected: type = {"structure": dict, "map": dict, "list": list, "boolean": bool}.get(kind, str)
    return isinstance(value, expected)


def _string_fault(shape: Shape, value: str) -> str | None:
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        return f"must be equal to one of the allowed values {sorted(choices)[:_MAX_SHOWN_CHOICES]}"
    pattern = shape.metadata.get("pattern")
    if pattern and re.search(pattern, value, re.DOTALL) is None:
        return f"must match pattern {pattern}"
    return _range_fault(shape, len(value), "must have a length")


def _range_fault(shape: Shape, size: float, what: str) -> str | None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        return f"{what} >= {low}"
    if high is not None and size > high:
        return f"{what} <= {high}"
    return None

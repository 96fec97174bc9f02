"""A structural schema, as the API server holds a document to it: what in the document it would refuse.

Kubernetes: "Extend the Kubernetes API with CustomResourceDefinitions". Rules in CEL count as far as they are
one pattern, which all of those on single texts begin with.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from posture.api.shapes import RULES

Node = dict[str, Any]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
_DATE_TIME = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_PATTERN = re.compile(r"self\.matches\('((?:[^'\\]|\\.)*)'\)")


def refused(schema: Node, document: object) -> list[str]:
    """Say what the API server would refuse of a document that was sent as JSON; nothing: it takes it."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    return list(_wrong(schema, json.loads(text.encode()), "status"))


def _wrong(schema: Node, value: Any, path: str) -> Iterator[str]:
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    is_odd_number = isinstance(value, bool) != (schema["type"] == "boolean")
    if is_odd_number or not isinstance(value, _TYPES[schema["type"]]):
        yield f"{path}: must be of type {schema['type']}, not {value!r:.40}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: unsupported value {value!r:.40}"
    match value:
        case str():
            yield from _wrong_text(schema, value, path)
        case list():
            yield from _wrong_list(schema, value, path)
        case dict():
            yield from _wrong_object(schema, value, path)
        case _:
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                yield f"{path}: {value} is out of bounds"


def _wrong_text(schema: Node, value: str, path: str) -> Iterator[str]:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{path}: {len(value)} characters"
    if schema.get("format") == "date-time" and not _DATE_TIME.fullmatch(value):
        yield f"{path}: must be of type date-time, not {value!r:.40}"
    for rule in schema.get(RULES, ()):
        found = _PATTERN.match(rule["rule"])
        pattern = found and found[1].replace("\\\\", "\\").replace("\\'", "'")
        if pattern and not re.search(pattern, value, re.ASCII):
            yield f"{path}: {rule['message']}, not {value!r:.40}"


def _wrong_list(schema: Node, value: list[Any], path: str) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{path}: {len(value)} items"
    keys = schema.get("x-kubernetes-list-map-keys")
    if schema.get("x-kubernetes-list-type") in {"map", "set"}:
        names = [
            json.dumps([each.get(key) for key in keys] if keys and isinstance(each, dict) else each)
            for each in value
        ]
        if len(set(names)) != len(names):
            yield f"{path}: duplicate value"
    for number, each in enumerate(value):
        yield from _wrong(schema["items"], each, f"{path}[{number}]")


def _wrong_object(schema: Node, value: Node, path: str) -> Iterator[str]:
    fields = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value and "default" not in fields[name]:
            yield f"{path}.{name}: required value"
    for name, each in value.items():
        if name in fields:
            yield from _wrong(fields[name], each, f"{path}.{name}")
        elif "additionalProperties" in schema:
            yield from _wrong(schema["additionalProperties"], each, f"{path}.{name}")
        else:
            yield f"{path}.{name}: it would be dropped"

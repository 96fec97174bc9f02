"""The reference page for users, made from the same schema as the CRDs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from posture.api.crds import CATEGORY, KINDS, kind_schema
from posture.api.resource import API_VERSION, Column, CustomResource
from posture.api.schema import structural
from posture.api.selector import Selector
from posture.api.shapes import RULES

_Schema = dict[str, Any]
_INTRODUCTION = f"""\
<!-- Generated from posture/api by `make generate`; edit the models there. -->
# API reference: `{API_VERSION}`

All kinds are namespaced and belong to the category `{CATEGORY}`: `kubectl get {CATEGORY}` lists them.
Durations are written as in Kubernetes: `90s`, `5m`, `24h`, `1h30m`. Times are RFC 3339:
`2027-03-31T00:00:00Z`. Account ids are strings: write them in quotes.

The annotation `posture.dev/requestedAt`, set to any new value (the time, say), asks for a run at once;
`status.lastHandledRequest` repeats the value (of a longer one the first 1024 characters, which alone count)
when that run has ended.

What this version accepts and does not do, it says on the object that asks for it, with the reason
`NotSupported`. A field that is in none of these tables is unknown to this version: `kubectl apply` refuses
it; the API server drops it, with a warning, for clients that do not ask for strict validation
(`fieldValidation=Strict`), and then nothing can tell of it any more.
"""


class _Row(NamedTuple):
    path: str
    type: str
    default: str
    meaning: str


def page() -> str:
    """Give the whole page as Markdown."""
    selector = structural(Selector)
    parts = [_INTRODUCTION, *(_kind(kind, selector) for kind in KINDS), _selector(selector)]
    return "\n".join(parts)


def _kind(kind: type[CustomResource], selector: _Schema) -> str:
    schema = kind_schema(kind)
    spec, status = schema["properties"]["spec"], schema["properties"]["status"]
    return "\n".join(
        [
            f"## {kind.__name__}",
            "",
            schema["description"],
            "",
            f"Short name `{kind.short_name}`. Columns of `kubectl get`: {_columns(kind, wide=False)}."
            + (f" With `-o wide` also: {wide}." if (wide := _columns(kind, wide=True)) else ""),
            "",
            f"### {kind.__name__} spec",
            "",
            _table(_rows(spec, "", selector)),
            f"### {kind.__name__} status",
            "",
            _table(_rows(status, "", selector), with_default=False),
        ]
    )


def _columns(kind: type[CustomResource], *, wide: bool) -> str:
    return ", ".join(_column(column) for column in kind.columns if column.wide is wide)


def _column(column: Column) -> str:
    return column.name.upper() + (f" ({_clause(column.description)})" if column.description else "")


def _selector(selector: _Schema) -> str:
    return "\n".join(
        ["## Selector", "", selector["description"], "", _table(_rows(selector, "", {}), with_default=False)]
    )


def _rows(schema: _Schema, prefix: str, selector: _Schema) -> Iterator[_Row]:
    """Walk an object's fields, depth first; a list's entries are `list[]`."""
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        path = f"{prefix}{name}"
        inner = field.get("items", field)
        is_selector = bool(selector) and inner.get("properties") == selector["properties"]
        default = "required" if name in required else _default(field)
        meaning = field.get("description", "")
        yield _Row(path, _type(field, "[selector](#selector)" if is_selector else ""), default, meaning)
        if "properties" in inner and not is_selector:
            yield from _rows(inner, f"{path}[]." if "items" in field else f"{path}.", selector)


def _default(field: _Schema) -> str:
    default = field.get("default")
    if default is None or default in ({}, ""):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list):
        return f"`[{', '.join(map(str, default))}]`"
    return f"`{default}`"


def _type(field: _Schema, known_as: str = "") -> str:
    if field["type"] == "array":
        return f"list, at most {field['maxItems']}, each: {_type(field['items'], known_as)}"
    if known_as:
        return known_as
    if isinstance(field.get("additionalProperties"), dict):
        return f"map to {_type(field['additionalProperties'])}"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "string":
        return _string(field)
    bounds = f", {field['minimum']} to {field['maximum']}" if "minimum" in field else ""
    return f"{field['type']}{bounds}"


def _string(field: _Schema) -> str:
    """Say what a string must be in the words of its message: `write a Region such as eu-west-1`."""
    if field.get("format") == "date-time":
        return "time"
    rules = field.get(RULES, [])
    says = [rule["message"].removeprefix("write ") for rule in rules if rule["message"].startswith("write ")]
    return says[0] if says else f"string, up to {field['maxLength']} characters"


def _clause(sentence: str) -> str:
    """Make a sentence part of another; names in it keep their capitals."""
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _table(rows: Iterator[_Row], *, with_default: bool = True) -> str:
    if with_default:
        lines = ["| field | type | default | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{row.path}` | {_cell(row.type)} | {row.default} | {_cell(row.meaning)} |" for row in rows
        ]
    else:
        lines = ["| field | type | meaning |", "|---|---|---|"]
        lines += [f"| `{row.path}` | {_cell(row.type)} | {_cell(row.meaning)} |" for row in rows]
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    """Keep a text inside its cell, and Markdown away from `*`, `_` and `<`."""
    text = " ".join(text.split()).replace("|", "\\|")
    parts = text.split("`")
    outside = [part.replace("*", "\\*").replace("<", "&lt;") for part in parts[::2]]
    parts[::2] = outside
    return "`".join(parts)

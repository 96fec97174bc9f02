"""What the API server refuses of an object by its structural schema, beyond what reading it refuses.

Reading is more lenient in some things (`"5"` is taken for a number), and leaves others to the API server:
that keys and members of lists are there once, what a name and a label may be. Kubernetes: "Extend the
Kubernetes API with CustomResourceDefinitions", "Object Names and IDs", "Labels and Selectors".
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import ValidationError

from posture.api.crds import kind_schema
from posture.api.resource import FIELDS, SAYS, TIME, CustomResource, Path, located_problems

Problem = tuple[Path, str]
"""Where in an object, and what to write there."""

_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "object": (dict, FIELDS),
    "array": (list, SAYS["tuple_type"]),
    "string": (str, SAYS["string_type"]),
    "integer": (int, "write a whole number"),
    "number": ((int, float), "write a number"),
    "boolean": (bool, SAYS["bool_type"]),
}
# go-openapi's strfmt, by which the API server decides: seconds are needed, and a zone. What is no date of the
# calendar is refused by whoever reads the time.
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?", re.ASCII)
_QUALIFIED = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", re.ASCII)
_ENDS = "beginning and ending with a letter or a digit, in quotes where that looks like a number"
_MOST_OF_LABEL = 63
_MOST_OF_NAME = 253
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
_OBJECT_META = (
    "annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
    "generateName", "generation", "labels", "managedFields", "name", "namespace", "ownerReferences",
    "resourceVersion", "selfLink", "uid",
)  # fmt: skip


def refusals(kind: type[CustomResource], document: Mapping[str, Any]) -> list[Problem]:
    """Say all that the API server, or the operator after it, refuses of a new object of a kind.

    `document`: as JSON, of this kind. What can only be known at the API server is not among it: whether the
    object, its namespace and its target are there, and what else an admission policy asks.
    """
    spec = without_nulls(document.get("spec"))
    found = [*_of_top(document), *_of_metadata(document.get("metadata"))]
    schema = spec_schema(kind)
    read = dict.fromkeys(_read(kind, spec))
    # A list of which an entry cannot be read is short of one: that is said of the entry.
    seen = [
        (path, _with_hint(schema, path, says))
        for path, says in read
        if not any(path != other and _is_within(other, path) for other, _ in read)
    ]
    by_reading = [path for path, _ in seen]
    # Of one same thing the model says more exactly what to write.
    structural = (
        problem
        for problem in _of_schema(schema, spec, ("spec",))
        if not any(_is_within(problem[0], path) or _is_within(path, problem[0]) for path in by_reading)
    )
    return [*found, *seen, *structural]


@cache
def spec_schema(kind: type[CustomResource]) -> Mapping[str, Any]:
    """Give the structural schema of what a kind declares."""
    schema: Mapping[str, Any] = kind_schema(kind)["properties"]["spec"]
    return schema


def _read(kind: type[CustomResource], spec: object) -> tuple[Problem, ...]:
    """Say what the models refuse of a spec."""
    named = {"name": "any", "namespace": "any"}
    try:
        kind.model_validate({"metadata": named} | ({} if spec is None else {"spec": spec}))
    except ValidationError as error:
        return located_problems(error)
    return ()


def _with_hint(schema: Mapping[str, Any], path: Path, says: str) -> str:
    """Name the field that may have been meant where one is unknown."""
    name = path[-1]
    if says != SAYS["extra_forbidden"] or not isinstance(name, str):
        return says
    for part in path[1:-1]:
        schema = schema["items"] if isinstance(part, int) else schema.get("properties", {}).get(part, {})
    return says + hint(name, schema.get("properties", {}))


def _is_within(path: Path, other: Path) -> bool:
    return path[: len(other)] == other


def without_nulls(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Leave out fields of JSON that are null, as the API server does before it looks."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def _of_top(document: Mapping[str, Any]) -> Iterator[Problem]:
    for name in document:
        if name not in _TOP:
            yield (name,), _unknown(name, _TOP)


def _of_metadata(metadata: object) -> Iterator[Problem]:
    if not isinstance(metadata, dict):
        yield ("metadata",), "write at least a name, as in `metadata: {name: organization}`"
        return
    for name in metadata:
        if name not in _OBJECT_META:
            yield ("metadata", name), _unknown(name, _OBJECT_META)
    name, generated = metadata.get("name"), metadata.get("generateName")
    if name is None and generated is None:
        yield ("metadata", "name"), "this field is required"
    elif name is not None and not _is_name(name):
        yield ("metadata", "name"), f"write up to 63 of a-z, 0-9, - and ., {_ENDS}"
    namespace = metadata.get("namespace")
    if namespace is not None and not _fits(_LABEL, namespace, _MOST_OF_LABEL):
        yield ("metadata", "namespace"), "write the name of a namespace: up to 63 of a-z, 0-9 and -"
    yield from _of_texts(metadata, "annotations", r"")
    yield from _of_texts(metadata, "labels", rf"(?:{_QUALIFIED.pattern})?")


def _is_name(name: object) -> bool:
    # The rule of all four kinds is shorter than what Kubernetes lets a name be.
    return _fits(_SUBDOMAIN, name, _MOST_OF_LABEL)


def _of_texts(metadata: Mapping[str, Any], field: str, values: str) -> Iterator[Problem]:
    """Say what is wrong with labels or annotations; `values`: what a value must match, empty: any text."""
    given = metadata.get(field)
    if given is None:
        return
    if not isinstance(given, dict):
        yield ("metadata", field), FIELDS
        return
    for key, value in given.items():
        prefix, slash, name = key.rpartition("/")
        if not _QUALIFIED.fullmatch(name) or (slash and not _fits(_SUBDOMAIN, prefix, _MOST_OF_NAME)):
            yield ("metadata", field, key), "write a key such as team or example.com/team"
        elif value is not None and not isinstance(value, str):
            yield ("metadata", field, key), SAYS["string_type"]
        elif value is not None and values and not re.fullmatch(values, value, re.ASCII):
            yield ("metadata", field, key), f"write up to 63 of letters, digits, -, _ and ., {_ENDS}"


def _fits(pattern: re.Pattern[str], value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and pattern.fullmatch(value) is not None


def _of_schema(schema: Mapping[str, Any], value: Any, path: Path) -> Iterator[Problem]:  # noqa: ANN401 - JSON
    if schema.get("x-kubernetes-preserve-unknown-fields") or (value is None and path == ("spec",)):
        return
    of_type, says = _TYPES[schema["type"]]
    if not isinstance(value, of_type) or isinstance(value, bool) != (schema["type"] == "boolean"):
        yield path, says
    elif "enum" in schema and value not in schema["enum"]:
        yield path, f"write one of {', '.join(map(str, schema['enum']))}"
    elif isinstance(value, str):
        yield from _of_text(schema, value, path)
    elif isinstance(value, list):
        yield from _of_list(schema, value, path)
    elif isinstance(value, dict):
        yield from _of_object(schema, value, path)


def _of_text(schema: Mapping[str, Any], value: str, path: Path) -> Iterator[Problem]:
    if schema.get("format") == "date-time" and not _DATE_TIME.fullmatch(value):
        yield path, TIME
    elif len(value) > schema.get("maxLength", len(value)):
        yield path, f"write up to {schema['maxLength']} characters"


def _of_list(schema: Mapping[str, Any], value: Sequence[Any], path: Path) -> Iterator[Problem]:
    if schema.get("x-kubernetes-list-type") in {"map", "set"}:
        keys = schema.get("x-kubernetes-list-map-keys")
        seen: set[str] = set()
        for place, each in enumerate(value):
            named = json.dumps(_key_of(each, keys), sort_keys=True)
            if named in seen:
                what = f"an entry with the same {' and '.join(keys)}" if keys else "the same value"
                yield (*path, place), f"{what} is there already: write it once"
            seen.add(named)
    for place, each in enumerate(value):
        yield from _of_schema(schema["items"], each, (*path, place))


def _key_of(entry: Any, keys: Sequence[str] | None) -> Any:  # noqa: ANN401 - JSON
    return [entry.get(key) for key in keys] if keys and isinstance(entry, dict) else entry


def _of_object(schema: Mapping[str, Any], value: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    fields = schema.get("properties", {})
    for name, each in value.items():
        if name in fields:
            yield from _of_schema(fields[name], each, (*path, name))
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from _of_schema(schema["additionalProperties"], each, (*path, name))


def hint(name: str, known: Collection[str], *, cutoff: float = 0.6) -> str:
    """Return `: did you mean interval?`, or nothing where nothing known is like a name."""
    close = get_close_matches(name, known, n=1, cutoff=cutoff)
    return f": did you mean {close[0]}?" if close else ""


def _unknown(name: str, known: Sequence[str]) -> str:
    return f"there is no such field{hint(name, known)}"

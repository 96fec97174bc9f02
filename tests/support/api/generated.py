"""Objects that the API server takes, of whatever values it takes."""

import copy
from typing import Any

from hypothesis import strategies as st

from posture.api.crds import kind_schema
from posture.api.resource import CustomResource, InvalidObject, parse
from posture.api.shapes import RULES
from tests.support.api.objects import ACCEPTED, Object, whole
from tests.support.api.structural import _PATTERN, Node

ODD = "\x00\x1b[31m\x7f\u202e\ufeff\u00a0\U0001f9ea\u0301\n\r\t'\"\\{}|"
"""Characters that are taken everywhere, and look like nothing good."""
EDGES = (
    "0001-01-01T00:00:00Z",
    "0001-01-02T00:00:00+14:00",
    "0001-01-01T00:00:00-23:59",
    "0999-12-31T23:59:59.999999999Z",
    "2026-11-22t06:00:00z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
)
"""Moments at both ends of the calendar that the operator can read."""


def _texts(schema: Node) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 64)
    if schema.get("format") == "date-time":
        return st.sampled_from(EDGES)
    for rule in schema.get(RULES, ()):
        if found := _PATTERN.match(rule["rule"]):
            pattern = found[1].replace("\\\\", "\\").replace("\\'", "'")
            return st.from_regex(pattern, fullmatch=True).filter(lambda text: least <= len(text) <= most)
    alphabet = st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"]))
    short = st.text(alphabet, min_size=least, max_size=max(least, min(most, 12)))
    full = st.sampled_from(ODD + "aé").map(lambda letter: letter * most)
    return st.one_of(short, full)


def _values(schema: Node) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "string":
            return _texts(schema)
        case "integer":
            return st.integers(schema.get("minimum", 0), schema.get("maximum", 2**31))
        case "number":
            return st.floats(schema.get("minimum", 0), schema.get("maximum", 1e9))
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(
                _values(schema["items"]),
                min_size=schema.get("minItems", 0),
                max_size=max(schema.get("minItems", 0), 3),
                unique_by=str,
            )
        case _ if "additionalProperties" in schema:
            keys = st.text(ODD, min_size=1, max_size=9)
            return st.dictionaries(keys, _values(schema["additionalProperties"]), max_size=9)
        case _:
            return st.nothing()


@st.composite
def objects(draw: st.DrawFn, *kinds: type[CustomResource]) -> tuple[type[CustomResource], Object]:
    """Draw an object of one of the kinds: one that is known to be taken, in which some values are others."""
    kind, spec = draw(st.sampled_from([each for each in ACCEPTED if each[0] in kinds]))
    schema = kind_schema(kind)["properties"]["spec"]
    for _ in range(draw(st.integers(0, 6))):
        changed = copy.deepcopy(spec)
        inner, node = changed, schema
        while True:
            name = draw(st.sampled_from(sorted(node["properties"])))
            field = node["properties"][name]
            if "properties" in field and name in inner:
                inner, node = inner[name], field
                continue
            if "properties" not in field.get("items", field):
                inner[name] = draw(_values(field))
            break
        if _is_taken(kind, changed):
            spec = changed
    requested = draw(st.text(ODD + "x", max_size=9)) * draw(st.integers(1, 900))
    document = whole(kind, spec, namespace="security")
    document["metadata"] |= {
        "uid": "u",
        "generation": draw(st.integers(1, 2**31)),
        "creationTimestamp": "2026-11-01T00:00:00Z",
        "annotations": {"posture.dev/requestedAt": requested},
    }
    return kind, document


def _is_taken(kind: type[CustomResource], spec: Object) -> bool:
    try:
        parse(kind, whole(kind, spec))
    except InvalidObject:
        return False
    return True

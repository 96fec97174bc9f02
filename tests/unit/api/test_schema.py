import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from posture.api.crds import KINDS, documents, kind_schema
from posture.api.model import Spec
from posture.api.patterns import compile_pattern
from posture.api.resource import CustomResource
from posture.api.schema import structural
from posture.api.shapes import RULES, CelRule, Immutable, Shape, exactly_one
from tests.support.api.malformed import MALFORMED
from tests.support.examples import examples

Node = dict[str, Any]
_KNOWN = {
    "type", "description", "properties", "required", "items", "additionalProperties", "default", "enum",
    "format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties",
    "minProperties", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", RULES,
    "x-kubernetes-preserve-unknown-fields",
}  # fmt: skip
# Not of a spec that users write, or shown immutable on the API server.
_TOLD_ELSEWHERE = (
    "is immutable",
    "undo stays true",
    "metadata.name",
    "a condition type",
    "a reason in PascalCase",
)


def _nodes(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    yield path, node
    for name, field in node.get("properties", {}).items():
        yield from _nodes(field, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from _nodes(node[key], f"{path}[]")


def _everything(kind: type[CustomResource]) -> Iterator[tuple[str, Node]]:
    properties = kind_schema(kind)["properties"]
    for part in ("spec", "status"):
        yield from _nodes(properties[part], f"{kind.__name__}.{part}")


_ALL = [pair for kind in KINDS for pair in _everything(kind)]


def test_every_string_and_list_and_map_is_bounded() -> None:
    for path, node in _ALL:
        if node["type"] == "string" and "enum" not in node:
            assert node["maxLength"] <= 2048, path
        elif node["type"] == "array":
            assert node["maxItems"] <= 1000, path
        elif "additionalProperties" in node:
            assert node["maxProperties"] <= 50, path
            assert any("self.all(key" in rule["rule"] for rule in node[RULES]), path


def test_every_list_says_how_it_is_merged_and_its_keys_are_there() -> None:
    for path, node in _ALL:
        if node["type"] != "array":
            continue
        kind = node["x-kubernetes-list-type"]
        keys = node.get("x-kubernetes-list-map-keys", [])
        assert (kind == "map") == bool(keys), path
        for key in keys:
            field = node["items"]["properties"][key]
            assert key in node["items"]["required"] or "default" in field, f"{path}.{key}"
        if kind == "set":
            assert node["items"]["type"] == "string", path


def test_lists_of_objects_are_maps_but_for_selectors_which_have_no_key() -> None:
    atomic = {p for p, n in _ALL if n["type"] == "array" and n["x-kubernetes-list-type"] == "atomic"}
    assert {path.rpartition(".")[2] for path in atomic} == {"match", "exceptions", "parameters[]"}


def test_every_field_has_a_description() -> None:
    lacking = [
        p for p, n in _ALL if not p.endswith("[]") and not n.get("description", "").endswith((".", ")"))
    ]
    assert lacking == []


def test_only_what_the_api_server_knows_is_written() -> None:
    assert {key for _, node in _ALL for key in node} <= _KNOWN


def test_status_has_no_default_but_the_generation_and_empty_texts() -> None:
    defaults = {(p.rpartition(".")[2], n["default"]) for p, n in _ALL if ".status." in p and "default" in n}
    assert {pair for pair in defaults if pair[1] != ""} == {("observedGeneration", -1)}


def test_each_rule_has_an_attack() -> None:
    messages = {rule["message"] for _, node in _ALL for rule in node.get(RULES, [])}
    attacked = {message for message in messages if any(case.says in message for case in MALFORMED)}
    assert {m for m in messages - attacked if not any(words in m for words in _TOLD_ELSEWHERE)} == set()


_PATTERNS = sorted(
    {
        found[1].replace("\\\\", "\\").replace("\\'", "'")
        for _, node in _ALL
        for rule in node.get(RULES, [])
        if (found := re.match(r"self\.matches\('((?:[^'\\]|\\.)*)'\)", rule["rule"]))
    }
)


@pytest.mark.parametrize("pattern", _PATTERNS)
@given(st.data())
@examples(25)
def test_python_and_the_api_servers_engine_read_a_pattern_alike(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern, fullmatch=True) | st.text(max_size=20))
    spoilt = (
        text[:1] + data.draw(st.sampled_from(["", "\n", "\u00a0", "é", "\u0664", "*", "/", " "])) + text[1:]
    )
    for each in (text, spoilt):
        ours = re.fullmatch(pattern.removeprefix("^").removesuffix("$"), each, re.ASCII)
        assert bool(ours) == bool(compile_pattern(pattern).fullmatch(each)), each


@pytest.mark.parametrize("pattern", [r"\S+", r"[^\s]+"])
def test_a_pattern_that_the_engines_would_read_differently_is_refused(pattern: str) -> None:
    assert bool(re.fullmatch(pattern, "\v", re.ASCII)) != bool(compile_pattern(pattern).fullmatch("\v"))
    with pytest.raises(ValueError, match="the engines differ"):
        Shape(pattern, "write it", 10)


def test_all_is_camel_case() -> None:
    names = {name for _, node in _ALL for name in node.get("properties", {})}
    assert all(name.isalnum() and name[0].islower() for name in names)


def test_enumerations_are_pascal_case_but_for_asffs_own_words() -> None:
    values = {value for _, node in _ALL for value in node.get("enum", [])}
    # A digit may be part of AWS's own name: SecurityHubV2.
    assert {v for v in values if not (v[0].isupper() and v.isalnum())} == set()
    assert {v for v in values if v.isupper()} == {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"}


def test_documents_share_nothing_that_yaml_would_show_as_an_alias() -> None:
    seen: set[int] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict | list) and value:
            assert id(value) not in seen
            seen.add(id(value))
            for inner in value.values() if isinstance(value, dict) else value:
                walk(inner)

    kept = documents()
    walk(kept)


class _Inner(Spec):
    text: Annotated[str, Shape("[a-z']+", "write letters", 9)] = "a"


class _Outer(Spec):
    rules = (exactly_one("one", "two"), CelRule("true", "only the server knows"))

    one: _Inner | None = None
    two: Annotated[_Inner, Immutable("two")] | None = None
    inner: _Inner = _Inner(text="b")
    names: Mapping[Annotated[str, Field(max_length=5)], int] = Field({})


def test_conversion() -> None:
    schema = structural(_Outer)
    text = {
        "type": "string",
        "maxLength": 9,
        "minLength": 1,
        RULES: [{"rule": "self.matches('^(?:[a-z\\']+)$')", "message": "write letters"}],
        "default": "a",
    }
    assert schema["properties"]["one"]["properties"]["text"] == text
    assert "default" not in schema["properties"]["one"]
    assert schema["properties"]["inner"]["default"] == {}
    assert schema["properties"]["two"][RULES][0]["rule"] == "self == oldSelf"
    assert (
        schema["properties"]["names"][RULES][0]["rule"] == "self.all(key, key.size() > 0 && key.size() <= 5)"
    )
    assert [rule["message"] for rule in schema[RULES]] == [
        "write exactly one of one, two",
        "only the server knows",
    ]


def test_a_type_that_a_crd_cannot_say_is_refused() -> None:
    class Either(BaseModel):
        value: int | str

    class Anything(BaseModel):
        value: Any

    with pytest.raises(ValueError, match="one of several types"):
        structural(Either)
    with pytest.raises(ValueError, match="needs a type"):
        structural(Anything)

"""YAML with places: what kubectl makes of it is tried on kubectl, in tests/component/cli."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.cli.validate.reading import ManifestDocument, Position, documents_in
from tests.support.examples import examples


def only(text: str | bytes) -> ManifestDocument:
    (document,) = documents_in(text.encode() if isinstance(text, str) else text)
    return document


def test_every_value_has_its_place() -> None:
    document = only("a: 1\nb:\n  - c: [x, z]\n  - d\n")
    assert document.value == {"a": 1, "b": [{"c": ["x", "z"]}, "d"]}
    assert document.position(("a",)) == Position(1, 1)
    assert document.position(("b", 0, "c")) == Position(3, 5)
    assert document.position(("b", 0, "c", 1)) == Position(3, 12)
    assert document.position(("b", 1)) == Position(4, 5)
    assert document.position(("b", 0, "e", "f")) == Position(3, 5), "what it would be in"


def test_a_key_that_is_there_twice_is_told() -> None:
    document = only("a: 1\nb: {c: 1, c: 2}\na: 2\n")
    assert [(each.position.line, each.says) for each in document.misread] == [
        (2, "c is there already, in line 2"),
        (3, "a is there already, in line 1"),
    ]


def test_what_is_merged_stands_where_it_was_written_and_gives_way() -> None:
    base, document = documents_in(b"x: 1\n---\nbase: &base\n  a: 1\n  b: 2\nc:\n  <<: *base\n  b: 3\n")
    assert base.value == {"x": 1}
    assert document.value["c"] == {"a": 1, "b": 3}
    assert document.position(("c", "a")).line == 4
    assert document.position(("c", "b")).line == 8
    assert document.misread == []


def test_documents_before_a_broken_one_are_read() -> None:
    first, broken = documents_in(b"a: 1\n---\nb: {{ .Values.x }\n")
    assert first.value == {"a": 1}
    (misread,) = broken.misread
    assert misread.position.line >= 3
    assert misread.says.startswith("is not YAML: ")


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [*x]",
        "a: &a [l, l, l, l, l, l, l, l, l]\n"
        + "\n".join(
            f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "[" * 5000,
        "? [a]\n: 1",
        "? {a: 1}\n: 1",
        "~: 1",
        "a: !!timestamp 2027-03-31",
        "a: !!binary aGk=",
        "a: !!set {b}",
        "a: !mine b",
        "a: !!int x",
        "a: .nan",
        "a: *nobody",
        "<<: 1",
        "a: \x00",
        b"\xff\xfe\xfd",
        b"a: \xe9",
        "a: '",
    ],
    ids=repr,
)
def test_what_cannot_be_read_is_told_and_nothing_is_made_of_it(text: str | bytes) -> None:
    document = only(text)
    assert document.value is None
    assert len(document.misread) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.booleans(), st.sampled_from([None, "\t", 2]))
@examples(200)
def test_json_is_read_as_what_it_is(
    value: dict[str, object], ascii_only: bool, indent: str | int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    try:
        content = text.encode()
    except UnicodeEncodeError:
        return
    found = only(content)
    if found.misread:
        # Not every character may stand in YAML as it is.
        assert not ascii_only
        return
    assert found.value == json.loads(text)

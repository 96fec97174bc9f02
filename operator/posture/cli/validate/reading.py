"""YAML as kubectl reads it, with the place of every value.

kubectl makes JSON of it with sigs.k8s.io/yaml, whose scalars are those of YAML 1.1 but for numbers of base 60
and times, which stay text (goyaml.v2, `resolve.go`). Python's own loader reads several otherwise: `y` is text
to it, and `012345678901`, which is a number to kubectl, too.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from posture.api.resource import Path

_CORE = "tag:yaml.org,2002:"
_PLAIN = "tag:posture.dev,2026:plain"
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_INTEGER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII
)  # as Go's ParseInt with base 0
_OCTAL = re.compile(r"([-+]?)0[oO]?([0-7]+)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
# What begins with a point is read as Go writes such a number: underscores stand between digits.
_POINTED = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_NO_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)
# From there on Go writes a float with an exponent.
_LARGEST_WHOLE = 1e21
_MOST_VALUES = 200_000
"""Values of one document: aliases of aliases make very many of a few lines."""


class Position(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int

    @classmethod
    def of(cls, mark: yaml.Mark | None) -> "Position":
        """Return the place of a mark; the beginning where there is none."""
        return cls(1, 1) if mark is None else cls(mark.line + 1, mark.column + 1)


class Misread(NamedTuple):
    """Something that cannot be read, and where."""

    position: Position
    says: str


@dataclass
class ManifestDocument:
    """One document: its value as JSON, where each part of it stands, what could not be read."""

    value: Any = None
    positions: dict[Path, Position] = field(default_factory=dict)
    misread: list[Misread] = field(default_factory=list)

    def position(self, path: Path) -> Position:
        """Return where a part stands; of one that is not there, what it would be in."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.positions:
                return self.positions[path[:length]]
        return Position(1, 1)


def documents_in(content: bytes) -> Iterator[ManifestDocument]:
    """Read the documents of a file; the last one says so where the rest cannot be read."""
    if content.lstrip().startswith((b"{", b"[")):
        # JSON may be indented by tabs, and has no other between its values; inside of texts they are escaped.
        content = content.replace(b"\t", b" ")
    try:
        for node in yaml.compose_all(content, Loader=_Nodes):
            yield _document(node)
    except yaml.MarkedYAMLError as error:
        says = error.problem or error.context or "it cannot be read"
        yield _unreadable(Position.of(error.problem_mark or error.context_mark), says)
    except yaml.reader.ReaderError as error:
        yield _unreadable(Position(1, 1), f"{error.reason}, at character {error.position}")
    except RecursionError:
        yield _unreadable(Position(1, 1), "it is nested too deep")


def _unreadable(position: Position, says: str) -> ManifestDocument:
    return ManifestDocument(misread=[Misread(position, f"is not YAML: {says}")])


class _Nodes(yaml.SafeLoader):
    """A loader of nodes: what a plain scalar is, is decided here."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the library's own attribute


_Nodes.add_implicit_resolver(_PLAIN, re.compile(""), None)


class _CannotBe(Exception):  # noqa: N818 - the message says what cannot be
    """A document cannot be JSON."""

    def __init__(self, node: yaml.Node, says: str) -> None:
        super().__init__(says)
        self.position = Position.of(node.start_mark)


def _document(node: yaml.Node) -> ManifestDocument:
    document = ManifestDocument()
    document.positions[()] = Position.of(node.start_mark)
    try:
        document.value = _Values(document).value(node, ())
    except _CannotBe as error:
        document.value = None
        document.misread.append(Misread(error.position, f"{error}"))
    return document


class _Values:
    """Makes values of the nodes of one document, and notes where they stand."""

    def __init__(self, document: ManifestDocument) -> None:
        self._document = document
        self._left = _MOST_VALUES

    def value(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Make the value of a node. Raises _CannotBe."""
        self._left -= 1
        if self._left < 0:
            raise _CannotBe(node, f"holds more than {_MOST_VALUES} values: does an alias contain itself?")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        _check_tag(node, "map")
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _PLAIN and key_node.value == "<<":
                merged = {**self._merged(value_node, path), **merged}
                continue
            key = _key(key_node)
            position = Position.of(key_node.start_mark)
            if key in own:
                self._document.misread.append(
                    Misread(position, f"{key} is there already, in line {self._line((*path, key))}")
                )
            self._document.positions[*path, key] = position
            own[key] = self.value(value_node, (*path, key))
        return {**merged, **own}

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        """Read what is merged by `<<`: of several the first wins."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Any] = {}
        for each in reversed(nodes):
            if not isinstance(each, yaml.MappingNode):
                raise _CannotBe(each, "only fields can be merged by <<")
            before = dict(self._document.positions)
            found |= self._mapping(each, path)
            # What stands beside it wins, and has its place already.
            self._document.positions |= before
        return found

    def _sequence(self, node: yaml.SequenceNode, path: Path) -> list[Any]:
        _check_tag(node, "seq")
        found = []
        for place, each in enumerate(node.value):
            self._document.positions[*path, place] = Position.of(each.start_mark)
            found.append(self.value(each, (*path, place)))
        return found

    def _line(self, path: Path) -> int:
        return self._document.positions[path].line


def _check_tag(node: yaml.Node, name: str) -> None:
    if node.tag != _CORE + name:
        raise _CannotBe(node, f"has the tag {node.tag.replace(_CORE, '!!')}, which Kubernetes does not read")


def _scalar(node: yaml.Node) -> Any:  # noqa: ANN401 - whatever JSON holds
    text: str = node.value
    if node.tag == _CORE + "str":
        # JSON escapes a character beyond the first plane as two halves.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found = _resolved(node, text)
    if node.tag == _PLAIN:
        return found
    types: Mapping[str, tuple[type, ...]] = {
        "bool": (bool,), "int": (int,), "float": (int, float), "null": (type(None),),
    }  # fmt: skip
    expected = types.get(node.tag.removeprefix(_CORE), ())
    if not isinstance(found, expected) or (isinstance(found, bool) and bool not in expected):
        raise _CannotBe(
            node, f"has the tag {node.tag.replace(_CORE, '!!')}, which does not fit or is not read"
        )
    return found


def _resolved(node: yaml.Node, text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    if text in _WORDS:
        return _WORDS[text]
    takes_underscores = text[0] in "+-0123456789" or _POINTED.fullmatch(text)
    plain = text.replace("_", "") if takes_underscores else text
    if _INTEGER.fullmatch(plain):
        octal = _OCTAL.fullmatch(plain)
        return int(octal[1] + octal[2], 8) if octal else int(plain, 0)
    if _NO_JSON.fullmatch(text):
        raise _CannotBe(node, f"{text} is no number that JSON knows")
    if _FLOAT.fullmatch(plain):
        number = float(plain)
        if math.isinf(number):
            return text
        return int(number) if number.is_integer() and abs(number) < _LARGEST_WHOLE else number
    return text


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _CannotBe(node, "a list or an object cannot be the name of a field")
    key = _scalar(node)
    if key is None:
        raise _CannotBe(node, "null cannot be the name of a field: write it in quotes")
    return str(key).lower() if isinstance(key, bool) else str(key)

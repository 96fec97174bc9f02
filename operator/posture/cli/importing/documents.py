"""YAML as other tools read it: Python's own loader, with lines, and without names that are there twice."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

from posture.api.resource import Path
from posture.cli.importing.rules import NotReadableError
from posture.domain.text import one_line


class RulesDocument(NamedTuple):
    """A document, and the line (from 1) of each part of it."""

    value: Any
    lines: Mapping[Path, int]


def read_rules_document(content: bytes) -> RulesDocument:
    """Read one document. Raises NotReadableError.

    A name that stands twice in an object is refused: loaders silently take the last, which nobody means.
    """
    try:
        loader = yaml.SafeLoader(content)
        node = loader.get_single_node()
        if node is None:
            raise NotReadableError("there is nothing in it")
        lines: dict[Path, int] = {}
        _place(node, (), lines, set())
        return RulesDocument(loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}: "
        raise NotReadableError(f"{where}is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise NotReadableError(f"is not YAML: {one_line(str(error))}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, NotReadableError):
            raise
        raise NotReadableError(f"cannot be read: {error}") from None


def _place(node: yaml.Node, path: Path, lines: dict[Path, int], seen: set[int]) -> None:
    lines[path] = node.start_mark.line + 1
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for place, each in enumerate(node.value):
            _place(each, (*path, place), lines, seen)
    elif isinstance(node, yaml.MappingNode):
        names: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                if key.value in names:
                    raise NotReadableError(
                        f"line {line}: {key.value} is there already, in line {names[key.value]}: a loader of"
                        " YAML takes the last alone; write them as one"
                    )
                names[key.value] = line
                _place(value, (*path, key.value), lines, seen)
                lines[*path, key.value] = line

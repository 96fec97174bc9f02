"""What of a document a model can read: the rest is left out, with what means nothing without it."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from posture.api.model import Observed

_Part = TypeVar("_Part", bound=Observed)
_Path = tuple[int | str, ...]


def legible(model: type[_Part], document: object, context: Mapping[str, Any]) -> _Part:
    """Read JSON as far as the model can; `context`: of the validation. What is no object is an empty one.

    A field that is wrong goes. A part that lacks a field which it must have goes too: an entry of a list, an
    object, in the end everything.
    """
    if not isinstance(document, dict):
        document = {}
    left: dict[str, Any] = document
    while True:
        try:
            return model.model_validate(left, context=dict(context))
        except ValidationError as error:
            if left is document:
                left = copy.deepcopy(document)
            wrong = [detail["loc"] for detail in error.errors(include_input=False, include_url=False)]
            _remove(left, {_deepest(left, path) for path in wrong})


def _deepest(document: object, path: _Path) -> _Path:
    """Return as much of a path as leads somewhere in a document."""
    *_, last = _prefixes(document, path)
    return last


def _prefixes(document: object, path: _Path) -> Iterator[_Path]:
    yield ()
    for length, part in enumerate(path, start=1):
        if not isinstance(document, dict | list):
            return
        try:
            document = document[part]  # type: ignore[index] # a list has no texts: that is a TypeError
        except (LookupError, TypeError):
            return
        yield path[:length]


def _remove(document: dict[str, Any], paths: set[_Path]) -> None:
    # The last entries of a list first: the others keep their places.
    for path in sorted(paths, key=_order, reverse=True):
        if not path:
            document.clear()
            continue
        holder: Any = document
        for part in path[:-1]:
            holder = holder[part]
        del holder[path[-1]]


def _order(path: _Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (0, part) for part in path]

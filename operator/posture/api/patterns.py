"""Regular expressions that users write, in RE2: linear in the length of the text, whatever they wrote.

Python's own engine backtracks exponentially on some patterns, and a hub's worker thread serves many
namespaces.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import re2  # type: ignore[import-untyped]  # it ships no types


class PatternMatch(Protocol):
    """What a pattern found."""

    def groupdict(self) -> Mapping[str, str | None]:
        """Give the text of each named group, None where it took no part."""


class Pattern(Protocol):
    """A compiled pattern."""

    @property
    def groupindex(self) -> Any:  # noqa: ANN401 -- a mapping from the names of groups, untyped in the library
        """Give the groups by name."""

    def fullmatch(self, text: str, /) -> PatternMatch | None:
        """Match the whole of a text."""


def compile_pattern(pattern: str) -> Pattern:
    """Compile an RE2 pattern. Raises ValueError with RE2's own words for what it does not know."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        compiled: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None
    return compiled

"""Globs over whole strings: `*` is any run of characters, `?` is one; every other character is itself."""

import re
from collections.abc import Iterable
from functools import lru_cache


def _expression(glob: str) -> str:
    """Translate one glob to a regular expression for `fullmatch`.

    Every run between two stars is matched leftmost in an atomic group: taking the leftmost place never loses
    a match, and without backtracking a glob of many stars costs no more than glob times string.
    """
    *runs, last = ("".join("." if c == "?" else re.escape(c) for c in run) for run in glob.split("*"))
    if not runs:
        return last
    middles = "".join(f"(?>.*?{run})" for run in runs[1:] if run)
    return f"{runs[0]}{middles}.*{last}"


class Globs:
    """A list of globs; a string fits when any of them fits the whole of it. An empty list fits nothing.

    Case-sensitive unless `ignore_case`, which folds by upper-casing both sides (control ids are ASCII).
    """

    __slots__ = ("_exact", "_ignore_case", "_wild", "patterns")

    def __init__(self, patterns: Iterable[str], *, ignore_case: bool = False) -> None:
        self.patterns = tuple(patterns)
        self._ignore_case = ignore_case
        spelled = {p.upper() if ignore_case else p for p in self.patterns}
        self._exact = frozenset(p for p in spelled if not is_wild(p))
        wild = "|".join(_expression(p) for p in sorted(spelled - self._exact))
        self._wild = re.compile(wild, re.DOTALL).fullmatch if wild else None

    def __call__(self, value: str) -> bool:
        """Whether any of the globs fits the whole of `value`."""
        if self._ignore_case:
            value = value.upper()
        return value in self._exact or (self._wild is not None and self._wild(value) is not None)

    def __repr__(self) -> str:
        return f"Globs({list(self.patterns)})"


def is_wild(pattern: str) -> bool:
    """Whether a pattern has a wildcard, so that more than one string can fit it."""
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=256)
def globs(patterns: tuple[str, ...]) -> Globs:
    """Compile a list of case-sensitive globs, once for equal lists."""
    return Globs(patterns)

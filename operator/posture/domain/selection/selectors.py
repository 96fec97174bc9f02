"""What policies and rules say to select findings by: globs over whole strings.

`*` is any run of characters, `?` is one; every other character is itself. What a glob said of a string is
remembered, so that asking again costs no call.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar


class Selector(NamedTuple):
    """An AND of lists of globs; an empty list asks for nothing. Case-sensitive but for `controls`.

    `resource_types`, `resource_ids` and `tags` are to fit one same resource.
    """

    controls: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Values by key, AND over keys."""


class Selection(NamedTuple):
    """What any of `match` selects and none of `exceptions` does."""

    match: tuple[Selector, ...]
    exceptions: tuple[Selector, ...] = ()

    @property
    def by_groups(self) -> bool:
        """Whether it depends on workloads or environments."""
        return any(each.workloads or each.environments for each in (*self.match, *self.exceptions))


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

    __slots__ = ("_ends", "_exact", "_ignore_case", "_starts", "_wild", "patterns")

    def __init__(self, patterns: Iterable[str], *, ignore_case: bool = False) -> None:
        self.patterns = tuple(patterns)
        self._ignore_case = ignore_case
        spelled = {p.upper() if ignore_case else p for p in self.patterns}
        self._exact = frozenset(p for p in spelled if not is_wild(p))
        # Most globs have one star, at an end. Looking there costs a fraction of an expression.
        self._starts = tuple(sorted(p[:-1] for p in spelled if p.endswith("*") and not is_wild(p[:-1])))
        self._ends = tuple(sorted(p[1:] for p in spelled if p.startswith("*") and not is_wild(p[1:])))
        simple = {*self._exact, *(f"{p}*" for p in self._starts), *(f"*{p}" for p in self._ends)}
        wild = "|".join(_expression(p) for p in sorted(spelled - simple))
        self._wild = re.compile(wild, re.DOTALL).fullmatch if wild else None

    def __call__(self, value: str) -> bool:
        """Whether any of the globs fits the whole of `value`."""
        if self._ignore_case:
            value = value.upper()
        return (
            value in self._exact
            or value.startswith(self._starts)
            or value.endswith(self._ends)
            or (self._wild is not None and self._wild(value) is not None)
        )

    def __repr__(self) -> str:
        return f"Globs({list(self.patterns)})"


class GlobLists:
    """Many lists of globs at once: which of them fit a value, one bit each; the first list is bit 0.

    An empty list asks for nothing and fits every value: `free` are the bits of these.
    """

    __slots__ = ("_exact", "_ignore_case", "_wild", "free")

    def __init__(self, lists: Sequence[Collection[str]], *, ignore_case: bool = False) -> None:
        self._ignore_case = ignore_case
        self.free = bits(index for index, patterns in enumerate(lists) if not patterns)
        self._exact: defaultdict[str, int] = defaultdict(int)
        wild: defaultdict[str, int] = defaultdict(int)
        for index, patterns in enumerate(lists):
            for pattern in patterns:
                spelled = pattern.upper() if ignore_case else pattern
                (wild if is_wild(spelled) else self._exact)[spelled] |= 1 << index
        self._wild: list[tuple[Callable[[str], bool], int]] = [
            (globs((pattern,)), lists_of_it) for pattern, lists_of_it in wild.items()
        ]

    def __call__(self, value: str) -> int:
        """Return the lists that a value fits, the empty ones included."""
        if self._ignore_case:
            value = value.upper()
        fitting = self.free | self._exact.get(value, 0)
        for fits, lists in self._wild:
            if fits(value):
                fitting |= lists
        return fitting


def bits(indexes: Iterable[int]) -> int:
    """Return a number that has these bits."""
    found = 0
    for index in indexes:
        found |= 1 << index
    return found


def indexes(of: int) -> list[int]:
    """Return which bits a number has, the lowest first."""
    found = []
    while of:
        lowest = of & -of
        found.append(lowest.bit_length() - 1)
        of ^= lowest
    return found


def is_wild(pattern: str) -> bool:
    """Whether a pattern has a wildcard, so that more than one string can fit it."""
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=4096)
def globs(patterns: tuple[str, ...]) -> Globs:
    """Compile a list of case-sensitive globs, once for equal lists."""
    return Globs(patterns)


Argument = TypeVar("Argument", bound=Hashable)
Result = TypeVar("Result")

# Titles are some hundreds, but an importer can make up any number of them.
_REMEMBERED = 16_384


class Memory(dict[Argument, Result]):
    """The results of a function by its argument; when they become many, all are forgotten."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[Argument], Result]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, value: Argument) -> Result:
        """Ask the function."""
        found = self._function(value)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[value] = found
        return found

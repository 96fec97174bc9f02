"""Scores as pairs of whole numbers, so that nothing is rounded before it is shown."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, Protocol, Self, TypeVar


class Method(Enum):
    """Which score is the headline; the values are the spec's spelling."""

    SECURITY_HUB = "SecurityHub"
    EXPECTED_CONTROLS = "ExpectedControls"


class Score(NamedTuple):
    """Controls that passed out of those that are scored. `scored` is never 0: then there is no score."""

    passed: int
    scored: int

    @property
    def ratio(self) -> float:
        """0 to 1, unrounded."""
        return self.passed / self.scored

    @property
    def percent(self) -> int:
        """Whole percents, half up, in whole numbers throughout."""
        return (200 * self.passed + self.scored) // (2 * self.scored)


def score(passed: int, scored: int) -> Score | None:
    """Return the score, or None when nothing is scored: what does not exist is absent, never 0 or 1."""
    return Score(passed, scored) if scored > 0 else None


class Scores(NamedTuple):
    """The scores of one scope, each None where it does not exist.

    `aws`: Security Hub's rules. `unsuppressed`: the same rules with every suppressed finding, and every
    control that a policy turned off, counted. `expected`: the expected-controls method.
    """

    aws: Score | None = None
    unsuppressed: Score | None = None
    expected: Score | None = None

    def headline(self, method: Method) -> Score | None:
        """Return the score by the method that the target chose."""
        return self.expected if method is Method.EXPECTED_CONTROLS else self.aws


class ControlCounts(NamedTuple):
    """How many controls of a scope have each status."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    no_data: int = 0
    disabled: int = 0


class _Ordered(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


Scope = TypeVar("Scope", bound=_Ordered)


def worst_first(
    scores: Mapping[Scope, Scores], method: Method, *, limit: int = 100
) -> tuple[list[tuple[Scope, Score]], int]:
    """List scopes by their score, the lowest first, at most `limit`; and the number of those left out.

    Equal ratios: more controls that did not pass first, then by scope. Scopes without a score are in neither.
    """
    present = [
        (scope, found) for scope, each in scores.items() if (found := each.headline(method)) is not None
    ]
    present.sort(key=lambda entry: (entry[1].ratio, entry[1].passed - entry[1].scored, entry[0]))
    return present[:limit], max(0, len(present) - limit)

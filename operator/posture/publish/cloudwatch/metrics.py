"""What CloudWatch is told of a target: names, dimensions and values.

A metric is a name with its dimensions, and each one costs (CloudWatch user guide, "Dimensions"). Values of
dimensions are ASCII, not blank, at most 1,024 characters, and no colon comes first (API reference,
Dimension): what is not so is escaped, so that two names never become one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.scores import Method, Scores, totals

SCORE, CONTROLS, FINDINGS = NAMES = ("Score", "Controls", "Findings")
_LONGEST = 1024
_DIGEST = 32


class MetricLevel(IntEnum):
    """What a metric is of, the most important first."""

    TARGET = 0
    STANDARD = 1
    WORKLOAD = 2


class Metric(NamedTuple):
    """A metric as AWS counts it."""

    name: str
    dimensions: tuple[tuple[str, str], ...]
    """Names and values."""


class MetricValue(NamedTuple):
    """A metric, and the value that it has now."""

    metric: Metric
    value: float


Readings = Mapping[tuple[MetricLevel, str], Sequence[MetricValue]]
"""By what they are of and the metric's name."""


def readings_of(target: str, evaluation: Evaluation, method: Method, *, pooled: bool) -> Readings:
    """Return all that a target has to tell. Where there is no score there is nothing.

    `pooled`: False leaves out the target's own, where a chosen standard is missing.
    """
    failed = _failed_findings(evaluation)
    found: dict[tuple[MetricLevel, str], list[MetricValue]] = {
        (level, name): [] for level in MetricLevel for name in NAMES
    }

    def add(
        level: MetricLevel, dimensions: tuple[tuple[str, str], ...], scores: Scores, failing: int
    ) -> None:
        for name, value in _values(scores, method, failing).items():
            found[level, name].append(MetricValue(Metric(name, dimensions), value))

    if pooled:
        of_target = totals(evaluation.findings).failed_total
        add(MetricLevel.TARGET, _dimensions(target), evaluation.target, of_target)
    for standard, scores in evaluation.standards.items():
        add(MetricLevel.STANDARD, _dimensions(f"{target}/{standard}"), scores, failed[standard,])
    for scope, scores in evaluation.workloads.items():
        standard, *group = scope
        add(MetricLevel.WORKLOAD, _dimensions(f"{target}/{standard}", *group), scores, failed[scope])
    return found


def _values(scores: Scores, method: Method, failing: int) -> dict[str, float]:
    """Return the values by metric; `Controls` are those with data, by which AWS's own rules score."""
    headline = scores.headline(method)
    if headline is None:
        return {}
    values = {SCORE: 100 * headline.passed / headline.scored, FINDINGS: float(failing)}
    return values if scores.aws is None else {**values, CONTROLS: float(scores.aws.scored)}


def _failed_findings(evaluation: Evaluation) -> Counter[tuple[str, ...]]:
    """Return failed findings by standard, and by standard, workload and environment."""
    found = Counter[tuple[str, ...]]()
    for (standard, account_id), failing in evaluation.failed_findings.items():
        found[standard,] += failing
        # Of some accounts nobody knows the group yet: they are in no workload.
        if (group := evaluation.groups.get(account_id)) is not None:
            found[standard, group.workload, group.environment] += failing
    return found


def _dimensions(*values: str) -> tuple[tuple[str, str], ...]:
    names = ("Report", "Workload", "Environment")[: len(values)]
    return tuple(zip(names, map(dimension_value, values), strict=True))


def dimension_value(text: str) -> str:
    r"""Return a text as the value of a dimension: another one for each text.

    What is no visible ASCII character is written as in Python (`\xe9`), a backslash twice; `-` stands for an
    empty text, and one that is too long ends in its digest.
    """
    if not text:
        return "-"
    if text == "-":
        return r"\x2d"
    if text.startswith(":"):
        return r"\x3a" + dimension_value(text[1:]) if text[1:] else r"\x3a"
    value = "".join(map(_escaped, text))
    if value.isspace():
        value = value.replace(" ", r"\x20")
    if len(value) <= _LONGEST:
        return value
    digest = sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]
    return f"{value[: _LONGEST - _DIGEST - 1]}~{digest}"


def _escaped(char: str) -> str:
    if char == "\\":
        return r"\\"
    if char.isascii() and char.isprintable():
        return char
    return char.encode("unicode_escape").decode("ascii")

"""What a panel shows: the answers of Prometheus to its queries."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from deploy.grafana.picture.declared import Declared


class Series(NamedTuple):
    """A series: Unix seconds and values, one of each where the query is about now."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


Ask = Callable[[str], Sequence[Series]]
"""Has a query of PromQL answered."""


class Source(NamedTuple):
    """A Prometheus: asked about now, and about a span of time (Unix seconds)."""

    now: Ask
    over_time: Ask
    span: tuple[float, float]


def plain(query: str, *, interval: str = "1m", chosen: Mapping[str, str] | None = None) -> str:
    """Put in what Grafana would: what is `chosen` of a variable, else everything.

    `interval` is for `$__rate_interval`.
    """
    given = {"__rate_interval": interval, **(chosen or {})}
    return re.sub(r"\$(\w+)", lambda found: given.get(found[1], ".*"), query)


def answers(
    panel: Declared, source: Source, *, interval: str, chosen: Mapping[str, str]
) -> list[Sequence[Series]]:
    """Have each query of a panel answered; what is no finite number is left out.

    Raises what the source raises.
    """
    found: list[Sequence[Series]] = []
    for query in panel.queries:
        ask = source.now if query.instant else source.over_time
        series = ask(plain(query.expr, interval=interval, chosen=chosen))
        finite = [Series(each.labels, [*filter(_is_finite, each.points)]) for each in series]
        found.append([each for each in finite if each.points])
    return found


def _is_finite(point: tuple[float, float]) -> bool:
    return math.isfinite(point[1])

"""Queries held to the metrics that there are: names, labels, and what an aggregation keeps."""

from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser

from posture.publish.prometheus.families import ALL

OF_A_SCRAPE = frozenset({"cluster", "namespace", "job", "instance", "pod"})
"""Labels that a scrape adds, `cluster` by a Prometheus's external labels or whatever collects several."""
OF_THE_PROCESS: Mapping[str, tuple[str, ...]] = {
    "process_start_time_seconds": (),
    "process_resident_memory_bytes": (),
    "process_cpu_seconds_total": (),
    "up": (),
}
METRICS: Mapping[str, tuple[str, ...]] = {
    **{family.name: family.labels for family in ALL},
    **OF_THE_PROCESS,
}


def nodes(query: str) -> list[Any]:
    """Return all parts of a query, from the outside to the inside; ValueError where it is none."""
    found: list[Any] = []
    promql_parser.walk(promql_parser.parse(query), found.append)
    return found


def complaints(query: str) -> Iterator[str]:
    """Say what is wrong with a query: metrics or labels that nobody publishes, aggregations by nothing."""
    parts = nodes(query)
    selectors = [part for part in parts if isinstance(part, promql_parser.VectorSelector)]
    known = {label for each in selectors for label in METRICS.get(each.name or "", ())} | OF_A_SCRAPE
    for each in selectors:
        if each.name is None or each.name not in METRICS:
            yield f"there is no metric {each.name}"
            continue
        for matcher in each.matchers.matchers:
            if matcher.name not in {*METRICS[each.name], *OF_A_SCRAPE}:
                yield f"{each.name} has no label {matcher.name}"
    for part in parts:
        if isinstance(part, promql_parser.AggregateExpr):
            if part.modifier is None:
                yield f"an aggregation says not by what: {part.prettify()}"
                continue
            unknown = {*part.modifier.labels} - known
            if unknown:
                yield f"an aggregation by labels that are not there: {sorted(unknown)}"

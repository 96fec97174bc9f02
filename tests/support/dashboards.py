"""Panels by where they are, and what is wrong with what they are answered."""

from collections.abc import Iterator, Mapping, Sequence

from deploy.grafana.generate import DASHBOARDS
from deploy.grafana.panel import Panel, Query

PANELS: Mapping[str, Panel] = {
    f"{dashboard.uid}: {row.title}: {panel.title}": panel
    for dashboard in DASHBOARDS
    for row in dashboard.rows
    for panel in row.panels
}
Labels = Mapping[str, str]


def misfits(panel: Panel, query: Query, answer: Sequence[tuple[Labels, float]]) -> Iterator[str]:
    """Tell what of an answer is not of the shape that the panel is made for."""
    told = [tuple(sorted(labels.items())) for labels, _ in answer]
    if len(set(told)) != len(told):
        yield f"{query.name}: series that are the same"
    unit = panel.units.get(query.name, panel.unit)
    for labels, value in answer:
        if labels.keys() != {"cluster", *panel.labels}:
            yield f"{query.name}: {labels} are not the labels {panel.labels}"
        if value != value:  # noqa: PLR0124 - not a number is no number
            yield f"{query.name}: {labels}: no number"
        elif unit == "percentunit" and not -1 <= value <= 1:
            yield f"{query.name}: {labels}: {value} is no part of a whole"
        elif panel.words and value not in panel.words:
            yield f"{query.name}: {labels}: no word for {value}"

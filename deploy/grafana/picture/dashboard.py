"""A whole dashboard as one SVG: its heading, its rows, its panels, and how it was drawn."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from deploy.grafana.picture import bars, lines, stat, table
from deploy.grafana.picture.answers import Series, Source, answers
from deploy.grafana.picture.declared import Declared, panels
from deploy.grafana.picture.svg import FONT, Box, element, joined, text, wrapped
from deploy.grafana.picture.values import FAINT, INK, LINE

HOW = (
    "Drawn from the dashboard's JSON and Prometheus' answers while `make demo` ran;"
    " Grafana itself looks different."
)
WIDTH = 1080
_EDGE, _HEAD, _FOOT = 16.0, 66.0, 34.0
_COLUMN, _ROW, _GAP = (WIDTH - 2 * _EDGE) / 24, 33.0, 8.0
_PADDING, _TITLE = 12.0, 26.0
_BACKGROUND, _PANEL = "#f6f8fa", "#ffffff"

_Drawing = Callable[[Declared, Sequence[Sequence[Series]], Box], Iterator[str]]
_DRAWINGS: Mapping[str, _Drawing] = {"stat": stat.drawn, "bargauge": bars.drawn, "table": table.drawn}


def picture(
    document: Mapping[str, Any],
    source: Source,
    *,
    interval: str = "1m",
    chosen: Mapping[str, str] | None = None,
    rows: int | None = None,
) -> str:
    """Draw the dashboard that the JSON declares.

    `interval` is for `$__rate_interval`; `chosen` has what is chosen of variables, by name: of all others
    everything is; `rows`: only so many of them, from the first on. Raises what the source raises.
    """
    shown = panels(document)
    if rows is not None:
        further = [each.place.y for each in shown if each.kind == "row"][rows:]
        shown = [each for each in shown if not further or each.place.y < further[0]]
    made = [(each, answers(each, source, interval=interval, chosen=chosen or {})) for each in shown]
    bottom = max(each.place.y + each.place.h for each, _ in made)
    height = _HEAD + bottom * _ROW + _FOOT
    parts = [
        element("title", f"Dashboard {document['title']}"),
        element("rect", width=WIDTH, height=height, fill=_BACKGROUND),
        text(_EDGE, 30, document["title"], size=20, weight=600),
        text(_EDGE, 52, _choices(document, chosen or {}), fill=FAINT),
    ]
    for panel, answered in made:
        parts += _row(panel) if panel.kind == "row" else _panel(panel, answered, source.span)
    parts.append(text(_EDGE, height - 13, HOW, fill=FAINT))
    return (
        element(
            "svg",
            f"\n{joined(parts)}\n",
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {WIDTH} {height:.0f}",
            width=WIDTH,
            height=f"{height:.0f}",
            role="img",
            font_family=FONT,
        )
        + "\n"
    )


def _choices(document: Mapping[str, Any], chosen: Mapping[str, str]) -> str:
    variables = [each for each in document["templating"]["list"] if each["type"] == "query"]
    return " · ".join(f"{each['label']}: {chosen.get(each['name'], 'All')}" for each in variables)


def _box(panel: Declared) -> Box:
    place = panel.place
    return Box(
        _EDGE + place.x * _COLUMN,
        _HEAD + place.y * _ROW,
        place.w * _COLUMN - (_GAP if place.x + place.w < 24 else 0),  # noqa: PLR2004 - Grafana's columns
        place.h * _ROW - _GAP,
    )


def _row(panel: Declared) -> Iterator[str]:
    box = _box(panel)
    yield text(box.x, box.y + 18, panel.title, size=15, weight=600)


def _panel(panel: Declared, answered: Sequence[Sequence[Series]], span: tuple[float, float]) -> Iterator[str]:
    box = _box(panel)
    yield element("rect", x=box.x, y=box.y, width=box.w, height=box.h, fill=_PANEL, stroke=LINE, rx=4)
    inner = Box(box.x + _PADDING, box.y + _TITLE + 6, box.w - 2 * _PADDING, box.h - _TITLE - 6 - _PADDING)
    yield text(inner.x, box.y + 20, panel.title, size=13, weight=600, fill=INK, width=inner.w)
    if any(answered):
        drawing = _DRAWINGS.get(panel.kind, functools.partial(lines.drawn, span=span))
        yield from drawing(panel, answered, inner)
        return
    for number, line in enumerate(wrapped(panel.empty, inner.w, 12)):
        yield text(inner.x, inner.y + 16 + number * 17, line, fill=FAINT)

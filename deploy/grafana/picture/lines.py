"""A panel over time: a line for each series, or areas one upon the other, with axes and a legend."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deploy.grafana.picture.answers import Series
from deploy.grafana.picture.declared import Declared
from deploy.grafana.picture.svg import Box, element, text, width_of
from deploy.grafana.picture.values import FAINT, INK, LINE, PALETTE, clock, named, ticks, written

_SIZE = 11.0
_LEGEND = 17.0
_LEGEND_ROWS = 3
_MOMENTS = 4
_SIZES = {"percentunit": 0.01, "bytes": 2.0**20}
"""In which round numbers are sought, where not in ones."""
_GAP_STEPS = 2.5
"""A line is interrupted where a point is missing."""

Points = Sequence[tuple[float, float]]


class _Line(NamedTuple):
    name: str
    points: Points
    base: Points
    """What it stands upon, where lines are stacked."""
    colour: str


class _Scale(NamedTuple):
    """From times and values to places."""

    box: Box
    start: float
    end: float
    least: float
    most: float

    def at(self, moment: float, value: float) -> tuple[float, float]:
        across = (moment - self.start) / ((self.end - self.start) or 1.0)
        up = (value - self.least) / ((self.most - self.least) or 1.0)
        return self.box.x + across * self.box.w, self.box.y + self.box.h - up * self.box.h


def drawn(
    panel: Declared, answers: Sequence[Sequence[Series]], box: Box, span: tuple[float, float]
) -> Iterator[str]:
    """Draw the series of all queries over the whole span of time (Unix seconds)."""
    lines = _lines(panel, answers)
    values = [value for line in lines for _, value in (*line.points, *line.base)]
    moments = sorted({moment for line in lines for moment, _ in line.points})
    floor = min(0.0, *values) if panel.stacked or panel.look.unit != "percentunit" else min(values)
    size = _SIZES.get(panel.look.unit, 1.0)
    marks = [each * size for each in ticks(floor / size, max(values) / size)]
    legend, height = _legend(lines, box)
    labels = [written(each, panel.look) for each in marks]
    left = max(width_of(each, _SIZE) for each in labels) + 8
    plot = Box(box.x + left, box.y + 6, box.w - left - 8, box.h - 6 - 18 - height)
    scale = _Scale(plot, *span, marks[0], marks[-1])
    yield from _axes(scale, list(zip(marks, labels, strict=True)))
    step = min((b - a for a, b in itertools.pairwise(moments)), default=1.0)
    for line in lines:
        yield from _drawn_line(line, scale, step, filled=panel.stacked)
    yield from legend


def _lines(panel: Declared, answers: Sequence[Sequence[Series]]) -> list[_Line]:
    found = sorted(
        (named(query.legend, series.labels), series.points)
        for query, answer in zip(panel.queries, answers, strict=True)
        for series in answer
    )
    lines, below = [], dict[float, float]()
    for place, (name, points) in enumerate(found):
        base: Points = ()
        shown = points
        if panel.stacked:
            base = [(moment, below.get(moment, 0.0)) for moment, _ in points]
            shown = [(moment, value + below.get(moment, 0.0)) for moment, value in points]
            below.update(shown)
        lines.append(_Line(name, shown, base, PALETTE[place % len(PALETTE)]))
    return lines


def _axes(scale: _Scale, marks: Sequence[tuple[float, str]]) -> Iterator[str]:
    box = scale.box
    for value, label in marks:
        _, y = scale.at(scale.start, value)
        yield element("line", x1=box.x, x2=box.x + box.w, y1=y, y2=y, stroke=LINE)
        yield text(box.x - 6, y + 4, label, size=_SIZE, fill=FAINT, anchor="end")
    for place in range(_MOMENTS):
        share = place / (_MOMENTS - 1)
        moment = scale.start + share * (scale.end - scale.start)
        anchor = "start" if place == 0 else "end" if place == _MOMENTS - 1 else "middle"
        yield text(
            box.x + share * box.w, box.y + box.h + 15, clock(moment), size=_SIZE, fill=FAINT, anchor=anchor
        )


def _drawn_line(line: _Line, scale: _Scale, step: float, *, filled: bool) -> Iterator[str]:
    for part in _parts(line.points, step):
        places = [scale.at(*each) for each in part]
        if filled:
            moments = {moment for moment, _ in part}
            under = [scale.at(*each) for each in reversed(line.base) if each[0] in moments]
            yield element(
                "polygon", points=_written([*places, *under]), fill=line.colour, fill_opacity="0.25"
            )
        if len(places) == 1:
            (x, y) = places[0]
            yield element("circle", cx=x, cy=y, r=2, fill=line.colour)
        else:
            yield element(
                "polyline", points=_written(places), fill="none", stroke=line.colour, stroke_width="1.8"
            )


def _parts(points: Points, step: float) -> list[list[tuple[float, float]]]:
    """Part a line where points are missing."""
    parts: list[list[tuple[float, float]]] = []
    for each in points:
        if parts and each[0] - parts[-1][-1][0] < _GAP_STEPS * step:
            parts[-1].append(each)
        else:
            parts.append([each])
    return parts


def _legend(lines: Sequence[_Line], box: Box) -> tuple[list[str], float]:
    """Return the legend at the foot of the box, and how high it is; names that do not fit are counted."""
    rows: list[list[tuple[_Line, float]]] = [[]]
    left, shown = 0.0, 0
    for line in lines:
        width = min(width_of(line.name, _SIZE) + 30, box.w)
        if left and left + width > box.w:
            if len(rows) == _LEGEND_ROWS:
                break
            rows.append([])
            left = 0.0
        rows[-1].append((line, left))
        left += width
        shown += 1
    height = _LEGEND * len(rows) + 4
    top = box.y + box.h - height
    made = []
    for number, row in enumerate(rows):
        y = top + (number + 1) * _LEGEND
        for line, offset in row:
            x = box.x + offset
            made.append(element("rect", x=x, y=y - 7, width=14, height=4, fill=line.colour, rx=2))
            made.append(text(x + 19, y, line.name, size=_SIZE, fill=INK, width=box.w - 24))
    if more := len(lines) - shown:
        note = f"and {more} more"
        made.append(text(box.x + box.w, box.y + 2, note, size=_SIZE, fill=FAINT, anchor="end"))
    return made, height


def _written(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)

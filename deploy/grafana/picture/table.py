"""A table: what the queries of a panel answer, a row for each set of labels and a column for each query."""

from collections.abc import Iterator, Mapping, Sequence

from deploy.grafana.picture.answers import Series
from deploy.grafana.picture.declared import Declared, Look
from deploy.grafana.picture.svg import Box, element, text, width_of
from deploy.grafana.picture.values import FAINT, INK, LINE, colour, written

_SIZE = 12.0
_ROW = 23.0
_GAP = 14.0
_LEAST = 46.0

Row = Mapping[str, str | float]


def drawn(panel: Declared, answers: Sequence[Sequence[Series]], box: Box) -> Iterator[str]:
    """Draw the rows that fit, and say how many more there are."""
    rows = merged(panel, answers)
    fit = int((box.h - _ROW) // _ROW)
    if len(rows) > fit:
        yield text(
            box.x + box.w,
            box.y + box.h,
            f"and {len(rows) - fit + 1} more",
            size=_SIZE,
            fill=FAINT,
            anchor="end",
        )
        rows = rows[: fit - 1]
    headings = [each for each in panel.columns.headings.values() if any(each in row for row in rows)]
    cells = [{heading: _cell(panel, heading, row) for heading in headings} for row in rows]
    numbers = {each for each in headings if any(isinstance(row.get(each), float) for row in rows)}
    x = box.x
    for heading, width in zip(headings, _widths(headings, cells, box.w), strict=True):
        right = heading in numbers
        edge = x + width - _GAP if right else x
        anchor = "end" if right else None
        for number, (words, fill, weight) in enumerate(
            [(heading, FAINT, 600), *((*row[heading], None) for row in cells)]
        ):
            y = box.y + (number + 0.7) * _ROW
            yield text(
                edge, y, words, size=_SIZE, fill=fill, weight=weight, anchor=anchor, width=width - _GAP + 2
            )
        x += width
    for number in range(1, len(rows) + 1):
        y = box.y + number * _ROW
        yield element("line", x1=box.x, x2=box.x + box.w, y1=y, y2=y, stroke=LINE)


def merged(panel: Declared, answers: Sequence[Sequence[Series]]) -> list[Row]:
    """Return the rows: by their labels, or as the panel sorts them. Each has values by heading."""
    headings = panel.columns.headings
    found: dict[tuple[tuple[str, str], ...], dict[str, str | float]] = {}
    for query, answer in zip(panel.queries, answers, strict=True):
        value = headings.get(f"Value #{query.ref_id}", headings.get("Value", query.legend))
        for series in answer:
            labels = {headings[name]: text for name, text in series.labels.items() if name in headings}
            row = found.setdefault(tuple(sorted(labels.items())), dict(labels))
            row[value] = series.last
    order = list(headings.values())
    rows = sorted(found.values(), key=lambda row: [str(row.get(each, "")) for each in order])
    if panel.columns.sorted_by:
        by, largest_first = panel.columns.sorted_by
        there = [row for row in rows if by in row]
        there.sort(key=lambda row: float(row[by]), reverse=largest_first)
        rows = there + [row for row in rows if by not in row]
    return list(rows)


def _cell(panel: Declared, heading: str, row: Row) -> tuple[str, str]:
    value = row.get(heading, "")
    if isinstance(value, str):
        return value, INK
    look: Look = panel.look._replace(unit=panel.columns.units.get(heading, panel.look.unit))
    return written(value, look), colour(value, look) if heading in panel.columns.coloured else INK


def _widths(
    headings: Sequence[str], cells: Sequence[Mapping[str, tuple[str, str]]], room: float
) -> list[float]:
    """Give each column what it needs; where that is too much, the widest give way."""
    needed = [
        max(width_of(words, _SIZE) for words in (each, *(row[each][0] for row in cells))) + _GAP
        for each in headings
    ]
    while sum(needed) > room and max(needed) > _LEAST:
        widest = max(needed)
        others = [each for each in needed if each < widest]
        most = max([*others, _LEAST])
        wide = sum(each == widest for each in needed)
        over = (sum(needed) - room) / wide
        needed = [max(most, widest - over) if each == widest else each for each in needed]
    spare = max(0.0, room - sum(needed)) / len(needed)
    return [each + spare for each in needed]

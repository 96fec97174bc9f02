"""A panel of single numbers: each large, with its name."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deploy.grafana.picture.answers import Series
from deploy.grafana.picture.declared import Declared
from deploy.grafana.picture.svg import Box, text, width_of
from deploy.grafana.picture.values import FAINT, INK, colour, named, written

_LARGEST, _SMALLEST, _NAME = 34.0, 15.0, 12.0
_LEAST_HEIGHT = 36.0
_GAP = 12.0
_SIDE_BY_SIDE = 170.0


class _Number(NamedTuple):
    name: str
    value: str
    fill: str


def drawn(panel: Declared, answers: Sequence[Sequence[Series]], box: Box) -> Iterator[str]:
    """Draw the numbers: side by side where they have room, else one below the other; then as many as fit."""
    numbers = [
        _Number(
            named(query.legend, series.labels),
            written(series.last, panel.look),
            colour(series.last, panel.look) if panel.look.coloured else INK,
        )
        for query, found in zip(panel.queries, answers, strict=True)
        for series in sorted(found, key=lambda each: named(query.legend, each.labels))
    ]
    columns = max(1, min(len(numbers), int(box.w // _SIDE_BY_SIDE)))
    rows = -(-len(numbers) // columns)
    rows = min(rows, max(1, int(box.h // _LEAST_HEIGHT)))
    width, height = box.w / columns, box.h / rows
    for place, number in enumerate(numbers[: columns * rows]):
        row, column = divmod(place, columns)
        yield from _one(number, Box(box.x + column * width, box.y + row * height, width - _GAP, height))
    if more := len(numbers) - columns * rows:
        note = f"and {more} more"
        if more > 0:
            yield text(box.x + box.w, box.y + box.h, note, size=_NAME, fill=FAINT, anchor="end")


def _one(number: _Number, box: Box) -> Iterator[str]:
    size = max(_SMALLEST, min(_LARGEST, 0.5 * box.h))
    size = min(size, size * box.w / max(width_of(number.value, size), 1.0))
    together = size + _NAME + 4
    top = box.y + max(0.0, (box.h - together) / 2)
    yield text(box.x, top + 0.85 * size, number.value, size=size, fill=number.fill, weight=600)
    yield text(box.x, top + size + _NAME, number.name, size=_NAME, fill=FAINT, width=box.w)

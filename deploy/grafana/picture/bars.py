"""A panel of bars: each with its name before it and its value behind it."""

from collections.abc import Iterator, Sequence

from deploy.grafana.picture.answers import Series
from deploy.grafana.picture.declared import Declared
from deploy.grafana.picture.svg import Box, element, text, width_of
from deploy.grafana.picture.values import FAINT, INK, LINE, PALETTE, colour, named, written

_SIZE = 12.0
_HIGHEST, _LOWEST = 34.0, 20.0
_NAMES = 0.4
"""The share of the width that names may have."""


def drawn(panel: Declared, answers: Sequence[Sequence[Series]], box: Box) -> Iterator[str]:
    """Draw a bar for each series, in the order of the answer; as many as fit."""
    bars = [
        (named(query.legend, series.labels), series.last)
        for query, found in zip(panel.queries, answers, strict=True)
        for series in found
    ]
    fit = max(1, int(box.h // _LOWEST))
    height = min(_HIGHEST, box.h / min(fit, len(bars)))
    longest = max(width_of(name, _SIZE) for name, _ in bars)
    names = min(_NAMES * box.w, longest + 10)
    values = max(width_of(written(value, panel.look), _SIZE) for _, value in bars) + 12
    room = box.w - names - values
    most = max((value for _, value in bars), default=0.0) or 1.0
    for place, (name, value) in enumerate(bars[:fit]):
        y, middle = box.y + place * height, box.y + (place + 0.5) * height
        fill = colour(value, panel.look) if panel.look.coloured else PALETTE[place % len(PALETTE)]
        yield text(box.x, middle + 4, name, size=_SIZE, fill=FAINT, width=names - 6)
        yield element("rect", x=box.x + names, y=y + 3, width=room, height=height - 6, fill=LINE, rx=2)
        length = max(0.0, room * value / most)
        yield element("rect", x=box.x + names, y=y + 3, width=length, height=height - 6, fill=fill, rx=2)
        yield text(box.x + box.w, middle + 4, written(value, panel.look), size=_SIZE, fill=INK, anchor="end")

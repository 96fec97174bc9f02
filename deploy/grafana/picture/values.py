"""How values, names and times are written, and in which colour."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from deploy.grafana.picture.declared import Look

INK, FAINT, LINE = "#24292f", "#57606a", "#d8dee4"
# Dark enough to be read on white: at least 4.5 to 1.
_COLOURS = {"green": "#1a7f37", "orange": "#b35900", "red": "#cf222e", "text": INK}
PALETTE = ("#1f6feb", "#b35900", "#1a7f37", "#8250df", "#cf222e", "#0a7a8a", "#9a6700", "#bf3989")
"""Of series that have no colour of their own."""

_THOUSANDS = ((1e9, " Bil"), (1e6, " Mil"), (1e3, " K"))
_BYTES = ((2**30, " GiB"), (2**20, " MiB"), (2**10, " KiB"))
_TIMES = ((604800, " weeks"), (86400, " days"), (3600, " hours"), (60, " min"))


def written(value: float, look: Look) -> str:
    """Write a value with its unit, or the word that stands for it."""
    if word := look.words.get(f"{value:g}"):
        return word
    match look.unit:
        case "percentunit":
            return f"{100 * value:.1f}%"
        case "s":
            return _scaled(value, _TIMES, " s")
        case "bytes":
            return _scaled(value, _BYTES, " B")
        case "reqps":
            return f"{_number(value)} req/s"
        case "short":
            return _scaled(value, _THOUSANDS, "")
        case _:
            return _number(value)


def colour(value: float, look: Look) -> str:
    """Return the colour of the last step that the value has reached."""
    reached = [name for least, name in look.steps if least is None or value >= least]
    return _COLOURS[reached[-1]] if reached else INK


def named(legend: str, labels: Mapping[str, str]) -> str:
    """Fill a legend of Grafana's."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend)


def clock(moment: float) -> str:
    """Write the time of day (UTC) of Unix seconds."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S")


def ticks(least: float, most: float, wanted: int = 4) -> list[float]:
    """Return round numbers from at most `least` to at least `most`, about as many as are wanted."""
    span = (most - least) or abs(most) or 1.0
    step: float = 10.0 ** _exponent(span / wanted)
    step *= next(each for each in (1, 2, 5, 10) if each * step * wanted >= span)
    first = int(least // step)
    last = -int(-most // step)
    return [each * step for each in range(first, max(last, first + 1) + 1)]


def _exponent(number: float) -> int:
    return int(f"{number:e}".partition("e")[2])


def _scaled(value: float, sizes: Sequence[tuple[float, str]], smallest: str) -> str:
    for size, name in sizes:
        if abs(value) >= size:
            return f"{_number(value / size)}{name}"
    return f"{_number(value)}{smallest}"


def _number(value: float) -> str:
    """Write up to three digits that count, and all that stand before the point."""
    if value == int(value) or abs(value) >= 100:  # noqa: PLR2004 - then no digit after the point counts
        return f"{value:.0f}"
    return f"{value:.3g}"

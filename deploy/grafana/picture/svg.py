"""Elements of SVG, and how wide words are."""

import re
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from deploy.grafana.picture.values import INK

FONT = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Helvetica, Arial, sans-serif"
# Of the font size, by kinds of letters: no font is at hand, and each reader has another one.
_NARROW, _WIDE = frozenset("fijlrtI.,:;'|!()[]{}/ -"), frozenset("mwMW%@…")
_WIDTHS = (0.34, 0.62, 0.92)
# What XML 1.0 has no place for.
_CONTROLS = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Box(NamedTuple):
    """A rectangle, in pixels."""

    x: float
    y: float
    w: float
    h: float


def element(name: str, content: str = "", **attributes: object) -> str:
    """Write an element; `_` in names of attributes stands for `-`, and what is None is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 12,
    fill: str = INK,
    anchor: str | None = None,
    weight: int | None = None,
    width: float | None = None,
) -> str:
    """Write words; those that do not fit into the width have `…` in them, and are whole when pointed at."""
    words = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", words)
    shown = words if width is None else shortened(words, width, size)
    content = escape(shown) + ("" if shown == words else element("title", escape(words)))
    return element(
        "text", content, x=x, y=y, font_size=size, fill=fill, text_anchor=anchor, font_weight=weight
    )


def width_of(words: str, size: float) -> float:
    """Estimate how wide words are, in pixels."""
    return size * sum(
        _WIDTHS[0] if each in _NARROW else _WIDTHS[2] if each in _WIDE else _WIDTHS[1] for each in words
    )


def shortened(words: str, width: float, size: float) -> str:
    """Return as much of the words as fits, with `…` in the middle: names differ at their ends."""
    kept, shown = len(words), words
    while kept and width_of(shown, size) > width:
        kept -= 1
        end = kept // 3
        shown = f"{words[: kept - end].rstrip()}…{words[len(words) - end :].lstrip()}"
    return shown


def wrapped(words: str, width: float, size: float) -> list[str]:
    """Break words into lines of this width."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [each for each in lines if each]


def joined(parts: Iterable[str]) -> str:
    """Write elements one after the other, each on a line of its own."""
    return "\n".join(parts)


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)

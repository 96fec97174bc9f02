"""What commands print: rows as a table, CSV or Markdown, documents as JSON or YAML.

What is printed holds other people's words: none of them may act on a terminal, a spreadsheet or a browser.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import yaml

from posture.domain.text import one_line, printable, printable_json

_WIDEST = 48
# What a spreadsheet takes for a formula, full-width forms included (OWASP, "CSV Injection"). Tabs and
# carriage returns, which are named there too, are escaped before.
_FORMULA = re.compile(r"\s*[=+@\-\uff1d\uff0b\uff20\uff0d]")
# What Markdown acts on inside of a cell (GitHub Flavored Markdown, "Inlines"), written as entities: these are
# text to every reader of Markdown, whatever it makes of backslashes. A colon would make an address a link, a
# dot after www too.
_MARKUP = re.compile(r"[\\`*_\[\]<>&~]|(?<![0-9]):|:(?![0-9])|(?<=www)\.", re.IGNORECASE)

Rows: TypeAlias = Sequence[Sequence[str]]
_Item = TypeVar("_Item")
Columns: TypeAlias = Mapping[str, Callable[[_Item], str]]
"""What each column, by its heading, shows of an item."""
LISTED = ("table", "wide", "json", "yaml", "csv", "markdown")
"""The forms of `listed`."""


def as_table(headings: Sequence[str], rows: Rows, *, cut: bool = True) -> str:
    """Return columns for a terminal; with `cut` no cell is longer than 48 characters."""
    shown = [
        list(headings),
        *([_cut(one_line(cell)) if cut else one_line(cell) for cell in row] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def as_markdown(headings: Sequence[str], rows: Rows) -> str:
    """Return a Markdown table in which every cell is plain text."""
    shown = [list(headings), ["---"] * len(headings)]
    shown += [[_inert(one_line(cell)) for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in shown)


def as_csv(headings: Sequence[str], rows: Rows) -> str:
    """Return CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def as_json(documents: Any) -> str:  # noqa: ANN401 - whatever json.dumps takes
    """Return JSON; texts mean what they are."""
    return printable_json(json.dumps(documents, indent=2)) + "\n"


def as_yaml(documents: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """Return YAML; texts mean what they are, and what is not ASCII is escaped."""
    return yaml.safe_dump(documents, sort_keys=False, width=110)


def listed(
    items: Sequence[_Item],
    form: str,
    *,
    columns: Columns[_Item],
    wide: Columns[_Item],
    document: Callable[[_Item], Any],
) -> str:
    """Return items in one of the forms `table`, `wide`, `json`, `yaml`, `csv`, `markdown`.

    `columns`: those of `table`; `wide`: those of all other forms with columns; `document`: an item as JSON.
    """
    if form in {"json", "yaml"}:
        documents = [document(each) for each in items]
        return as_json(documents) if form == "json" else as_yaml(documents)
    shown = columns if form == "table" else wide
    headings, rows = list(shown), [[cell(each) for cell in shown.values()] for each in items]
    if form in {"table", "wide"}:
        return as_table(headings, rows, cut=form == "table")
    return as_csv(headings, rows) if form == "csv" else as_markdown(headings, rows)


def camel(name: str) -> str:
    """Spell the name of a field as the API does."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _inert(cell: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", cell).replace("|", "\\|")


def _harmless(value: str) -> str:
    text = printable(value, keep_lines=True)
    return f"'{text}" if _FORMULA.match(text) else text

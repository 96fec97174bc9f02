"""What commands print: rows as a table, CSV or Markdown, documents as JSON or YAML.

What is printed holds other people's words: none of them may act on a terminal, a spreadsheet or a browser.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

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

Rows: TypeAlias = Iterable[Sequence[str]]
"""Cells by row; of a table they are gone through twice."""
_Item = TypeVar("_Item")
Columns: TypeAlias = Mapping[str, Callable[[_Item], str]]
"""What each column, by its heading, shows of an item."""
LISTED = ("table", "wide", "json", "yaml", "csv", "markdown")
"""The forms of `listed`."""


def as_table(headings: Sequence[str], rows: Rows, *, cut: bool = True) -> str:
    """Return columns for a terminal; with `cut` no cell is longer than 48 characters."""
    return "".join(_table_lines(headings, rows, cut=cut))


def as_markdown(headings: Sequence[str], rows: Rows) -> str:
    """Return a Markdown table in which every cell is plain text."""
    return "".join(_markdown_lines(headings, rows))


def as_csv(headings: Sequence[str], rows: Rows) -> str:
    """Return CSV with a header."""
    return "".join(_csv_lines(headings, rows))


def as_json(documents: Any) -> str:  # noqa: ANN401 - whatever json.dumps takes
    """Return JSON; texts mean what they are."""
    return printable_json(json.dumps(documents, indent=2)) + "\n"


def as_yaml(documents: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """Return YAML; texts mean what they are, and what is not ASCII is escaped."""
    return yaml.safe_dump(documents, sort_keys=False, width=110)


def listed(
    items: Iterable[_Item],
    form: str,
    *,
    columns: Columns[_Item],
    wide: Columns[_Item],
    document: Callable[[_Item], Any],
) -> str:
    """Return items in one of the forms `table`, `wide`, `json`, `yaml`, `csv`, `markdown`.

    `columns`: those of `table`; `wide`: those of all other forms with columns; `document`: an item as JSON.
    """
    return "".join(streamed(items, form, columns=columns, wide=wide, document=document))


def streamed(
    items: Iterable[_Item],
    form: str,
    *,
    columns: Columns[_Item],
    wide: Columns[_Item],
    document: Callable[[_Item], Any],
) -> Iterator[str]:
    """Yield what `listed` returns, an item at a time. For a table they are gone through twice."""
    if form == "json":
        return _json_parts(map(document, items))
    if form == "yaml":
        return _yaml_parts(map(document, items))
    shown = columns if form == "table" else wide
    headings, rows = list(shown), _Shown(items, shown)
    if form in {"table", "wide"}:
        return _table_lines(headings, rows, cut=form == "table")
    return _csv_lines(headings, rows) if form == "csv" else _markdown_lines(headings, rows)


class _Shown(Generic[_Item]):
    """The cells of items, made anew each time that they are gone through."""

    def __init__(self, items: Iterable[_Item], columns: Columns[_Item]) -> None:
        self._items = items
        self._cells = list(columns.values())

    def __iter__(self) -> Iterator[list[str]]:
        return ([cell(each) for cell in self._cells] for each in self._items)


def _table_lines(headings: Sequence[str], rows: Rows, *, cut: bool) -> Iterator[str]:
    def shown() -> Iterator[list[str]]:
        yield list(headings)
        for row in rows:
            yield [_cut(one_line(cell)) if cut else one_line(cell) for cell in row]

    widths = [0] * len(headings)
    for row in shown():
        widths = [max(width, len(cell)) for width, cell in zip(widths, row, strict=True)]
    for row in shown():
        line = "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{line.rstrip()}\n"


def _markdown_lines(headings: Sequence[str], rows: Rows) -> Iterator[str]:
    for row in (headings, ["---"] * len(headings)):
        yield f"| {' | '.join(row)} |\n"
    for row in rows:
        yield f"| {' | '.join(_inert(one_line(cell)) for cell in row)} |\n"


def _csv_lines(headings: Sequence[str], rows: Rows) -> Iterator[str]:
    yield _csv_line(headings)
    for row in rows:
        yield _csv_line([_harmless(cell) for cell in row])


def _csv_line(row: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()


def _json_parts(documents: Iterable[Any]) -> Iterator[str]:
    """Write a list as `as_json` does."""
    before = "["
    for each in documents:
        indented = as_json(each).removesuffix("\n").replace("\n", "\n  ")
        yield f"{before}\n  {indented}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _yaml_parts(documents: Iterable[Any]) -> Iterator[str]:
    """Write a list as `as_yaml` does."""
    empty = True
    for each in documents:
        empty = False
        yield as_yaml([each])
    if empty:
        yield as_yaml([])


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

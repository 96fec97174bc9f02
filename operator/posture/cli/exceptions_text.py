"""The register of exceptions as text: a table, CSV, Markdown or JSON."""

import csv
import io
import json
from collections.abc import Sequence

from posture.suppression.register import Entry

_HEADINGS = {
    "target": "TARGET",
    "policy": "POLICY",
    "state": "STATE",
    "what": "WHAT",
    "control": "CONTROL",
    "standard": "STANDARD",
    "account": "ACCOUNT",
    "region": "REGION",
    "number": "NUMBER",
    "why": "WHY",
    "approved_by": "APPROVED BY",
    "since": "SINCE",
    "until": "UNTIL",
    "review_due": "NEXT REVIEW",
    "evidence": "EVIDENCE",
}
_WIDEST = 48
# What a spreadsheet would take for a formula: notes and names of resources are other people's words.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_table(entries: Sequence[Entry]) -> str:
    """Return columns for a terminal; what is long is cut."""
    rows = [list(_HEADINGS.values()), *([_cut(cell) for cell in _cells(entry)] for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def as_markdown(entries: Sequence[Entry]) -> str:
    """Return a Markdown table."""
    rows = [list(_HEADINGS.values()), ["---"] * len(_HEADINGS), *map(_cells, entries)]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows)


def as_csv(entries: Sequence[Entry]) -> str:
    """Return CSV with a header and every field; resources are separated by spaces."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(Entry._fields)
    for entry in entries:
        writer.writerow(
            [_harmless(value) for value in entry._replace(resources=(" ".join(entry.resources),))]
        )
    return text.getvalue()


def as_json(entries: Sequence[Entry]) -> str:
    """Return a JSON list of objects with every field, in the API's spelling."""
    return (
        json.dumps(
            [{_camel(key): value for key, value in entry._asdict().items()} for entry in entries], indent=2
        )
        + "\n"
    )


def _cells(entry: Entry) -> list[str]:
    shown = entry._asdict()
    return [" ".join(str(shown[name]).split()) for name in _HEADINGS]


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _harmless(value: object) -> object:
    if isinstance(value, tuple):
        value = value[0]
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)

"""The register of exceptions as text: a table, CSV, Markdown or JSON.

Notes and names are other people's words: none of them may act on a terminal, a spreadsheet or a browser.
"""

import csv
import io
import json
import re
from collections.abc import Sequence

from posture.domain.text import one_line, printable, printable_json
from posture.suppression.register import RegisteredException

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
# What a spreadsheet takes for a formula, full-width forms included (OWASP, "CSV Injection"). Tabs and
# carriage returns, which are named there too, are escaped before.
_FORMULA = re.compile(r"\s*[=+@\-\uff1d\uff0b\uff20\uff0d]")
# What Markdown acts on inside of a cell (GitHub Flavored Markdown, "Inlines"), written as entities: these are
# text to every reader of Markdown, whatever it makes of backslashes. A colon would make an address a link, a
# dot after www too.
_MARKUP = re.compile(r"[\\`*_\[\]<>&~]|(?<![0-9]):|:(?![0-9])|(?<=www)\.", re.IGNORECASE)


def as_table(entries: Sequence[RegisteredException]) -> str:
    """Return columns for a terminal; what is long is cut."""
    rows = [list(_HEADINGS.values()), *([_cut(cell) for cell in _cells(entry)] for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def as_markdown(entries: Sequence[RegisteredException]) -> str:
    """Return a Markdown table in which every cell is plain text."""
    rows = [list(_HEADINGS.values()), ["---"] * len(_HEADINGS)]
    rows += [[_inert(cell) for cell in _cells(entry)] for entry in entries]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def as_csv(entries: Sequence[RegisteredException]) -> str:
    """Return CSV with a header and every field; resources are separated by spaces."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(RegisteredException._fields)
    for entry in entries:
        fields = {**entry._asdict(), "resources": " ".join(entry.resources)}
        writer.writerow([_harmless(str(value)) for value in fields.values()])
    return text.getvalue()


def as_json(entries: Sequence[RegisteredException]) -> str:
    """Return a JSON list of objects with every field, in the API's spelling; texts mean what they are."""
    listed = [{_camel(key): value for key, value in entry._asdict().items()} for entry in entries]
    return printable_json(json.dumps(listed, indent=2)) + "\n"


def _cells(entry: RegisteredException) -> list[str]:
    shown = entry._asdict()
    return [one_line(str(shown[name])) for name in _HEADINGS]


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _inert(cell: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", cell).replace("|", "\\|")


def _harmless(value: str) -> str:
    text = printable(value, keep_lines=True)
    return f"'{text}" if _FORMULA.match(text) else text


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)

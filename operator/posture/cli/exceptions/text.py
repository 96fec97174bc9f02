"""The register of exceptions as text: a table, CSV, Markdown or JSON."""

from collections.abc import Sequence

from posture.cli import output
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
_COLUMNS = tuple(_HEADINGS.values())


def register_as_table(entries: Sequence[RegisteredException]) -> str:
    """Return columns for a terminal; what is long is cut."""
    return output.as_table(_COLUMNS, _rows(entries))


def register_as_markdown(entries: Sequence[RegisteredException]) -> str:
    """Return a Markdown table in which every cell is plain text."""
    return output.as_markdown(_COLUMNS, _rows(entries))


def register_as_csv(entries: Sequence[RegisteredException]) -> str:
    """Return CSV with a header and every field; resources are separated by spaces."""
    fields = [{**entry._asdict(), "resources": " ".join(entry.resources)} for entry in entries]
    return output.as_csv(
        RegisteredException._fields, [[str(value) for value in each.values()] for each in fields]
    )


def register_as_json(entries: Sequence[RegisteredException]) -> str:
    """Return a JSON list of objects with every field, in the API's spelling; texts mean what they are."""
    return output.as_json(
        [{output.camel(key): value for key, value in entry._asdict().items()} for entry in entries]
    )


def _rows(entries: Sequence[RegisteredException]) -> list[list[str]]:
    return [[str(getattr(entry, name)) for name in _HEADINGS] for entry in entries]

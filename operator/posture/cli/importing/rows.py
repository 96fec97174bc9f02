"""Exceptions that people keep in a spreadsheet: a row each, whose cells are globs as in a selector."""

import csv
import io
from collections.abc import Mapping

from posture.cli.importing.rules import CannotSayError, Imported, ImportedRule, LeftOut, NotReadableError

_SELECTING: Mapping[str, str] = {
    "control": "controls",
    "accounts": "accounts",
    "regions": "regions",
    "resources": "resourceIds",
}
COLUMNS = (*_SELECTING, "justification", "approvedBy", "expiresAt", "reference")
SEPARATOR = ";"


def rules_of_csv(content: bytes) -> Imported:
    """Read rows under a header. Raises NotReadableError.

    A cell holds one value or several, with `;` or line ends between them; an empty one asks for nothing.
    """
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in COLUMNS if name not in header]
        if missing or len(set(header)) != len(header):
            raise NotReadableError(
                f"has not the columns {', '.join(COLUMNS)}, each once, with commas between them"
                + (f": missing is {', '.join(missing)}" if missing else "")
            )
        reader.fieldnames = header
        entries: list[ImportedRule | LeftOut] = []
        first: dict[str, str] = {}
        for number, cells in enumerate(reader, 1):
            place = f"row {number}, line {reader.line_num}"
            try:
                entries.append(_rule(place, cells, first))
            except CannotSayError as error:
                entries.append(LeftOut(place, str(error)))
    except UnicodeDecodeError as error:
        raise NotReadableError(f"is not UTF-8: {error.reason}, at byte {error.start}") from None
    except csv.Error as error:
        raise NotReadableError(f"is no CSV: {error}") from None
    others = [name for name in header if name not in COLUMNS]
    return Imported(entries, (f"columns that are not read: {', '.join(others)}",) if others else ())


def _rule(place: str, cells: Mapping[str | None, object], first: dict[str, str]) -> ImportedRule:
    if None in cells or None in cells.values():
        raise CannotSayError("it has more or fewer cells than the header: put cells with commas in quotes")
    row = {name: str(cells[name]).strip() for name in COLUMNS}
    selector = {name: values for column, name in _SELECTING.items() if (values := _values(row[column]))}
    if not selector:
        raise CannotSayError(f"it selects nothing: write at least one of {', '.join(_SELECTING)}")
    identity = "\0".join(row[name] for name in COLUMNS)
    if identity in first:
        raise CannotSayError(f"it says the same as {first[identity]}: one of them is enough")
    first[identity] = place
    return ImportedRule(
        place,
        row["control"] or row["resources"] or "row",
        identity,
        (selector,),
        why=row["justification"],
        approved_by=row["approvedBy"],
        expires_at=row["expiresAt"],
        reference=row["reference"],
    )


def _values(cell: str) -> list[str]:
    values = (value.strip() for line in cell.splitlines() for value in line.split(SEPARATOR))
    return list(dict.fromkeys(value for value in values if value))

"""The rows as a table in Markdown, which a terminal shows well too, and as a JSON document."""

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.row import Row

_HEADER = ("Measure", "Ours", "Beside", "Ratio", "Aim", "Met")
_RELATIONS = {"<=": "≤", ">=": "≥"}


def table(rows: Sequence[Row]) -> str:
    """Return the table."""
    lines = [_HEADER, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    written = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(written)


def write_json(path: Path, rows: Sequence[Row], machine: str, **parameters: int) -> None:
    """Write everything that was measured, and on what."""
    document: dict[str, Any] = {
        "machine": machine,
        "parameters": parameters,
        "rows": [row.as_json() for row in rows],
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> str:
    """Return what the numbers depend on, in general terms."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} CPUs ({platform.machine()}), {memory:.0f} GiB of memory, {platform.system()},"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _cells(row: Row) -> tuple[str, ...]:
    beside = "" if row.beside is None else f"{_number(row.beside, row.unit)} ({row.beside_is})"
    return (
        row.what,
        _number(row.ours, row.unit),
        beside,
        "" if row.ratio is None else _ratio(row.ratio),
        _aim(row),
        {True: "yes", False: "**no**", None: ""}[row.met],
    )


def _aim(row: Row) -> str:
    if row.aim is None:
        return ""
    limit = _ratio(row.aim.limit) if row.aim.of == "ratio" else _number(row.aim.limit, row.unit)
    return f"{_RELATIONS[row.aim.relation]} {limit}"


def _ratio(ratio: float) -> str:
    """Write a small ratio as a part of one, others with three digits."""
    return f"1/{1 / ratio:.3g}" if 0 < ratio <= 0.5 else f"{ratio:.3f}"


def _number(value: float, unit: str) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f} {unit}".rstrip()
    return f"{value:.3g} {unit}".rstrip()

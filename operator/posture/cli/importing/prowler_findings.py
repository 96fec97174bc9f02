"""What Prowler's own CSV of findings says of its checks: their titles, and the resources they looked at."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from posture.cli.importing.rules import NotReadableError

_COLUMNS = ("CHECK_ID", "CHECK_TITLE", "RESOURCE_UID", "RESOURCE_NAME", "RESOURCE_TAGS")

_GUARDED = re.compile(r"'(?:[\t\r]|\s*[=+\-@])")


class ProwlerFinding(NamedTuple):
    """As Prowler sent it to Security Hub (title, ARN), and as its mutelists look at it (short id, tags)."""

    title: str
    arn: str
    name: str
    tags: str


class KnownFindings(NamedTuple):
    """Findings by check, and the checks that have each title."""

    checks: Mapping[str, Sequence[ProwlerFinding]]
    titled: Mapping[str, set[str]]


def read_findings(content: bytes) -> KnownFindings:
    """Read the CSV that Prowler writes (`prowler-output-….csv`, with semicolons). Raises NotReadableError."""
    checks: defaultdict[str, dict[ProwlerFinding, None]] = defaultdict(dict)
    titled: defaultdict[str, set[str]] = defaultdict(set)
    try:
        reader = csv.DictReader(
            io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";", strict=True
        )
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise NotReadableError(f"is not Prowler's CSV of findings: it has no column {', '.join(missing)}")
        for row in reader:
            check, title, arn, name, tags = (_unguarded(row[column] or "") for column in _COLUMNS)
            checks[check][ProwlerFinding(title, arn, name, tags)] = None
            titled[title].add(check)
    except UnicodeDecodeError as error:
        raise NotReadableError(f"is not UTF-8: {error.reason}, at byte {error.start}") from None
    except csv.Error as error:
        raise NotReadableError(f"is no CSV: {error}") from None
    return KnownFindings({check: list(found) for check, found in checks.items()}, titled)


def _unguarded(cell: str) -> str:
    """Take off what Prowler puts before a cell that a spreadsheet would take for a formula."""
    return cell[1:] if _GUARDED.match(cell) else cell

"""Doing what `posture validate` asks for: reading, judging, printing."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from posture.cli import output
from posture.cli.terminal import complain, show
from posture.cli.validate.checks import Level, ManifestVerdict, verdicts
from posture.cli.validate.manifests import FoundManifests, found_below
from posture.config.file import ConfigError, load
from posture.config.model import Config
from posture.domain.text import counted, one_line
from posture.domain.time import instant_of

_COLUMNS: output.Columns[ManifestVerdict] = {
    "FILE": lambda each: each.file,
    "LINE": lambda each: str(each.line),
    "COLUMN": lambda each: str(each.column),
    "LEVEL": lambda each: each.level,
    "OBJECT": lambda each: each.object,
    "PATH": lambda each: each.path,
    "MESSAGE": lambda each: each.message,
}


def validate_files(paths: Sequence[str], config: Path | None, form: str, *, strict: bool) -> None:
    """Judge what is in files and print it; ends with 1 where something is wrong."""
    try:
        settings = Config() if config is None else load(config)
    except ConfigError as error:
        complain(error)
        sys.exit(1)
    found = found_below(paths)
    judged = verdicts(found.manifests, found.unread, settings, instant_of(datetime.now(UTC)))
    if form == "text":
        show("".join(map(verdict_line, judged)))
    else:
        show(output.listed(judged, form, columns=_COLUMNS, wide=_COLUMNS, document=_document))
    errors = [each for each in judged if strict or each.level is Level.ERROR]
    _summarize(found, len(errors), len(judged) - len(errors))
    if errors:
        sys.exit(1)


def _document(verdict: ManifestVerdict) -> dict[str, Any]:
    return {**verdict._asdict(), "level": verdict.level.value}


def verdict_line(verdict: ManifestVerdict) -> str:
    """Write a verdict as compilers do: editors and pipelines find the place."""
    said = (verdict.object, f"{verdict.path}: {verdict.message}" if verdict.path else verdict.message)
    place = f"{one_line(verdict.file)}:{verdict.line}:{verdict.column}: {verdict.level}"
    return ": ".join([place, *(one_line(each) for each in said if each)]) + "\n"


def _summarize(found: FoundManifests, errors: int, warnings: int) -> None:
    """Say on standard error what was looked at, that nothing is taken for right that was not."""
    where = counted(found.files, "file", "files")
    others = counted(found.others, "object of another group was", "objects of other groups were")
    complain(
        f"{counted(len(found.manifests), 'object', 'objects')} in {where}:"
        f" {counted(errors, 'error', 'errors')}, {counted(warnings, 'warning', 'warnings')}"
        + (f"; {others} not looked at" if found.others else "")
    )

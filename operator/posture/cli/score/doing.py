"""Doing what `posture score` asks for: reading, evaluating, printing."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from posture.api.targets.kind import ScoringMethod
from posture.cli import output
from posture.cli.reading.command import ReadingOptions
from posture.cli.reading.looking import Sight, look
from posture.cli.score.told import COLUMNS, document_of, rows_of
from posture.cli.terminal import complain, show
from posture.domain.scoring.scores import Method

TOO_LOW = 3
"""The exit code of a score below the minimum."""
WITHOUT = "there is no score"


def print_score(asked: ReadingOptions, minimum: float | None, form: str) -> None:
    """Score and print; ends with 1, 2, 3 or 124 as the command says. `minimum`: percent."""
    document, notes = look(asked, _scored, without=WITHOUT)
    if form in {"json", "yaml"}:
        show(output.as_json(document) if form == "json" else output.as_yaml(document))
    else:
        rows = rows_of(document, accounts=form != "table")
        show(output.listed(rows, form, columns=COLUMNS, wide=COLUMNS, document=dict))
    end(document, notes, minimum)


def scored(sight: Sight) -> dict[str, Any]:
    """Return the scores of a target as JSON: see `document_of`."""
    method = Method(ScoringMethod(sight.admitted.target.spec.scoring.method).value)
    return document_of(sight.found, sight.facts, method)


def end(document: Mapping[str, Any], notes: Iterable[str], minimum: float | None) -> NoReturn:
    """Say what should be known beside the score, and end with the code that it has."""
    for note in notes:
        complain(note)
    sys.exit(_code(document, minimum))


async def _scored(sight: Sight) -> tuple[dict[str, Any], list[str]]:
    return scored(sight), sight.notes()


def _code(document: Mapping[str, Any], minimum: float | None) -> int:
    if document["score"] is None:
        complain("there is no score: no control of the chosen standards has a result")
        return 1
    if minimum is not None and document["passed"] * 100 < minimum * document["scored"]:
        complain(f"the score is below {minimum:g} %")
        return TOO_LOW
    return 0

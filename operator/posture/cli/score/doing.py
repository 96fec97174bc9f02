"""Doing what `posture score` asks for: reading, evaluating, printing."""

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from posture.api.posture_target import ScoringMethod
from posture.cli import output
from posture.cli.reading.looking import Sight, look
from posture.cli.reading.options import Asked
from posture.cli.score.page import page
from posture.cli.score.report import report_of
from posture.cli.score.told import COLUMNS, document_of, rows_of
from posture.cli.terminal import complain, show
from posture.domain.scoring.scores import Method

TOO_LOW = 3
"""The exit code of a score below the minimum."""


class _Scored(NamedTuple):
    document: dict[str, Any]
    notes: list[str]
    report: str


def print_score(asked: Asked, minimum: float | None, form: str) -> None:
    """Score and print; ends with 1, 2, 3 or 124 as the command says. `minimum`: percent."""
    scored = look(asked, _reported if form == "html" else _scored, without="there is no score")
    if form == "html":
        show(scored.report)
    elif form in {"json", "yaml"}:
        show(output.as_json(scored.document) if form == "json" else output.as_yaml(scored.document))
    else:
        rows = rows_of(scored.document, accounts=form != "table")
        show(output.listed(rows, form, columns=COLUMNS, wide=COLUMNS, document=dict))
    for note in scored.notes:
        complain(note)
    sys.exit(_code(scored.document, minimum))


def _code(document: Mapping[str, Any], minimum: float | None) -> int:
    if document["score"] is None:
        complain("there is no score: no control of the chosen standards has a result")
        return 1
    if minimum is not None and document["passed"] * 100 < minimum * document["scored"]:
        complain(f"the score is below {minimum:g} %")
        return TOO_LOW
    return 0


async def _scored(sight: Sight) -> _Scored:
    method = Method(ScoringMethod(sight.admitted.target.spec.scoring.method).value)
    return _Scored(document_of(sight.found, sight.facts, method), sight.notes(), "")


async def _reported(sight: Sight) -> _Scored:
    scored = await _scored(sight)
    return scored._replace(report=page(await report_of(sight, scored.document)))

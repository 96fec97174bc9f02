"""Doing what `posture score` asks for: reading, evaluating, printing."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click

from posture import logs
from posture.api.posture_target import PostureTarget, ScoringMethod
from posture.api.resource import InvalidObject, parse
from posture.aws.client.errors import AwsError
from posture.cli import output
from posture.cli.score.progress import Progress
from posture.cli.score.told import COLUMNS, document_of, rows_of
from posture.cli.terminal import TIMED_OUT, complain, show
from posture.config.model import Config
from posture.domain.scoring.scores import Method
from posture.hubs.demand import HubKey
from posture.once import hub_read_once
from posture.reconcile.access import Admitted
from posture.reconcile.scope import demand_of
from posture.store.errors import StoreError
from posture.targets.evaluating import evaluate_target
from posture.targets.situation import notes_of

TOO_LOW = 3
"""The exit code of a score below the minimum."""


class Asked(NamedTuple):
    """What is to be scored. `spec`: of a PostureTarget; `minimum`: percent."""

    spec: Mapping[str, Any]
    external_id: str | None
    minimum: float | None
    cache: Path | None
    within: timedelta | None


def print_score(asked: Asked, form: str) -> None:
    """Score and print; ends with 1, 2, 3 or 124 as the command says."""
    logs.configure("console", "error")
    logging.captureWarnings(capture=True)
    try:
        target = parse(PostureTarget, {"metadata": {"name": "once", "namespace": "none"}, "spec": asked.spec})
    except InvalidObject as error:
        raise click.UsageError("; ".join(each.removeprefix("spec.") for each in error.problems)) from None
    try:
        document, notes = asyncio.run(_scored(target, asked))
    except (AwsError, StoreError) as error:
        complain(error)
        sys.exit(1)
    except TimeoutError:
        complain(f"Security Hub was not read within {asked.within}: there is no score")
        sys.exit(TIMED_OUT)
    if form in {"json", "yaml"}:
        show(output.as_json(document) if form == "json" else output.as_yaml(document))
    else:
        rows = rows_of(document, accounts=form != "table")
        show(output.listed(rows, form, columns=COLUMNS, wide=COLUMNS, document=dict))
    for note in notes:
        complain(note)
    sys.exit(_code(document, asked.minimum))


def _code(document: Mapping[str, Any], minimum: float | None) -> int:
    if document["score"] is None:
        complain("there is no score: no control of the chosen standards has a result")
        return 1
    if minimum is not None and document["passed"] * 100 < minimum * document["scored"]:
        complain(f"the score is below {minimum:g} %")
        return TOO_LOW
    return 0


async def _scored(target: PostureTarget, asked: Asked) -> tuple[dict[str, Any], list[str]]:
    """Return what is printed, and what a reader should know beside it."""
    aws = target.spec.aws
    key = HubKey(aws.role_arn, asked.external_id, aws.region)
    admitted = Admitted(target, key, ("*",))
    with TemporaryDirectory(prefix="posture-") as scratch, Progress() as progress:
        folder = asked.cache or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        reading = hub_read_once(
            key, demand_of(target.spec), folder, quota_share=Config().quota_share, told=progress.told
        )
        async with asyncio.timeout(asked.within.total_seconds() if asked.within else None), reading as hub:
            facts = hub.status.facts
            found = None if facts is None else await evaluate_target(hub, admitted, facts, {})
            if facts is None or found is None:
                raise RuntimeError("a hub that is exact knows what it is, and has an evaluation")
            notes = list(notes_of(admitted, facts))
    if found.missing:
        notes.append(f"enabled nowhere, so there is no score over all: {', '.join(found.missing)}")
    return document_of(found, facts, Method(ScoringMethod(target.spec.scoring.method).value)), notes

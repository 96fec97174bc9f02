"""Doing what `posture findings` asks for: the failed findings of a target, what to fix first at the top."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from pydantic import ValidationError

from posture.api.resource import located_problems
from posture.api.selector import Selector
from posture.cli import output
from posture.cli.failing.controls import since
from posture.cli.failing.failed import Failed, Selected, failed_findings
from posture.cli.failing.selecting import Lists, option_of
from posture.cli.failing.sorting import SortedOnDisk
from posture.cli.reading.command import ReadingOptions
from posture.cli.reading.looking import Sight, look
from posture.cli.terminal import complain, show_parts
from posture.domain.findings import SECURITY_HUB, Severity
from posture.domain.selection import selectors
from posture.domain.standards import Controls
from posture.sources.findings_view import FindingsView

Document = dict[str, Any]

_COLUMNS: output.Columns[Document] = {
    "SEVERITY": lambda each: each["severity"],
    "CONTROL": lambda each: each["control"] or "",
    "ACCOUNT": lambda each: each["account"],
    "REGION": lambda each: each["region"],
    "SINCE": lambda each: each["since"] or "",
    "WORKFLOW": lambda each: each["workflow"],
    "RESOURCE": lambda each: each["resource"] or "",
}
_WIDE: output.Columns[Document] = {
    **_COLUMNS,
    "TITLE": lambda each: each["title"],
    "ID": lambda each: each["id"],
}


def print_findings(asked: ReadingOptions, lists: Lists, form: str) -> None:
    """Print them; ends with 1, 2 or 124 where that cannot be done."""
    selector = _selector(lists)
    with TemporaryDirectory(prefix="posture-") as folder:
        found, notes = look(
            _with_products(asked, lists),
            lambda sight: _sorted(sight, selector, Path(folder)),
            without="what fails is not known",
        )
        parts = output.streamed(
            _Documents(found), form, columns=_COLUMNS, wide=_WIDE, document=lambda each: each
        )
        show_parts(parts)
    for note in notes:
        complain(note)


def finding_document(failed: Failed, controls: Controls) -> Document:
    """Return a finding as JSON: `{id, control, title, severity, account, region, resource, workflow, since}`.

    `control`: null for another product's; `resource`: the Id of the first, null where it names none; `since`:
    null where it is not known.
    """
    finding = failed.finding
    return {
        "id": finding.id,
        "control": controls.spelled(failed.pairs[0][1]) if failed.pairs else None,
        "title": finding.title,
        "severity": finding.severity.name,
        "account": finding.account_id,
        "region": finding.region,
        "resource": finding.resources[0].id if finding.resources else None,
        "workflow": finding.workflow.name,
        "since": None if finding.failing is None else since(finding.failing.since),
    }


async def _sorted(
    sight: Sight, selector: selectors.Selector | None, folder: Path
) -> tuple[SortedOnDisk, list[str]]:
    """Read them all at one moment, one after the other, into files."""
    controls = sight.hub.controls()
    selected = Selected(selector, controls, sight.found.evaluated.evaluation.groups)
    states, lines = sight.states(), SortedOnDisk(folder)

    def collect(known: FindingsView) -> None:
        for failed in failed_findings(known, states, selected):
            lines.add(f"{_order(failed)}{json.dumps(finding_document(failed, controls))}")

    await sight.read(collect)
    return lines, sight.notes()


_LAST = 10**19
_DIGITS = len(f"{_LAST}")


def _order(failed: Failed) -> str:
    """Return what sorts as findings are to be put right: by severity, then what fails for longest."""
    finding = failed.finding
    began = _LAST if finding.failing is None else min(max(finding.failing.since, 0), _LAST)
    return f"{Severity.CRITICAL - finding.severity}{began:0{_DIGITS}}"


class _Documents:
    """The findings, as often as they are gone through."""

    def __init__(self, lines: SortedOnDisk) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Document]:
        return (json.loads(line[1 + _DIGITS :]) for line in self._lines)


def _selector(lists: Lists) -> selectors.Selector | None:
    """Return the selector that was written, None where nothing was. Raises UsageError."""
    if not lists:
        return None
    try:
        return Selector.model_validate(lists).plain()
    except ValidationError as error:
        # Of each list the first: the others follow from it.
        problems = {str(path[0]): says for path, says in reversed(located_problems(error))}
        said = "; ".join(f"{option_of(name)}: {says}" for name, says in problems.items())
        raise click.UsageError(said) from None


def _with_products(asked: ReadingOptions, lists: Lists) -> ReadingOptions:
    """Have the products that are named read too, where no target of the cluster says which are."""
    named = [each for each in lists.get("products", ()) if not selectors.is_wild(each)]
    if asked.target is not None or not named:
        return asked
    return asked._replace(spec={**asked.spec, "products": list(dict.fromkeys([SECURITY_HUB, *named]))})

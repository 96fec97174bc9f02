"""Doing what `posture controls` asks for: the failing controls of a target, the worst first."""

from collections.abc import Sequence
from typing import Any

from posture.cli import output
from posture.cli.failing.failed import Selected, failed_findings
from posture.cli.reading.command import ReadingOptions
from posture.cli.reading.looking import Sight, look
from posture.cli.terminal import complain, show
from posture.domain.objectives.failed import FailedScope
from posture.domain.scoring.failing_controls import FailingControl, FailingControls
from posture.domain.time import text_of
from posture.sources.findings_view import FindingsView

_COLUMNS: output.Columns[FailingControl] = {
    "CONTROL": lambda each: each.control,
    "SEVERITY": lambda each: each.severity.name,
    "FAILED": lambda each: str(each.failed),
    "ACCOUNTS": lambda each: str(each.accounts),
    "OLDEST": lambda each: since(each.oldest) or "",
    "TITLE": lambda each: each.title,
}
_WIDE: output.Columns[FailingControl] = {**_COLUMNS, "STANDARDS": lambda each: " ".join(each.standards)}


def print_controls(asked: ReadingOptions, form: str) -> None:
    """Print them; ends with 1, 2 or 124 where that cannot be done."""
    controls, notes = look(asked, _told, without="what fails is not known")
    show(output.listed(controls, form, columns=_COLUMNS, wide=_WIDE, document=control_document))
    for note in notes:
        complain(note)


def control_document(control: FailingControl) -> dict[str, Any]:
    """Return a control as JSON: `{control, title, severity, standards[], failed, accounts, oldest}`."""
    return {
        **control._asdict(),
        "severity": control.severity.name,
        "standards": list(control.standards),
        "oldest": since(control.oldest),
    }


def since(instant: int | None) -> str | None:
    """Write since when something fails; None where that is not known."""
    return None if instant is None else text_of(instant)


async def failing_controls(sight: Sight) -> Sequence[FailingControl]:
    """Return the failing controls of a target, the worst first."""
    states, everything = sight.states(), Selected(None, sight.hub.controls(), {})
    failing, scope = FailingControls(sight.hub.controls()), FailedScope(sight.view())

    def count(known: FindingsView) -> None:
        for failed in failed_findings(known, states, everything):
            failing.add(*failed)
        for _, (check, account_id, region, _) in known.results.failed():
            failing.add_result(account_id, scope.spelled(scope.pairs(check, account_id, region)))

    await sight.read(count)
    return failing.worst_first()


async def _told(sight: Sight) -> tuple[Sequence[FailingControl], list[str]]:
    return await failing_controls(sight), sight.notes()

"""Doing what `posture score -o html` asks for: beside the score what to fix first, and the exceptions."""

from collections.abc import Iterator

from posture.cli.failing.controls import failing_controls
from posture.cli.reading.command import ReadingOptions
from posture.cli.reading.looking import Sight, look
from posture.cli.score.doing import WITHOUT, end, scored
from posture.cli.score.page import ScoreReport, page
from posture.cli.terminal import show
from posture.domain.findings import Compliance, Finding, RecordState, Workflow
from posture.domain.scoring.evaluation import View
from posture.kube.resources import name_of
from posture.sources.findings_view import FindingsView
from posture.suppression.declared import Declared, declare_policy
from posture.suppression.register import (
    MISSING,
    NOT_READ,
    Looked,
    RegisteredException,
    control_entries,
    entries,
)


def print_report(asked: ReadingOptions, minimum: float | None) -> None:
    """Score and print the report; ends as `print_score`."""
    report = look(asked, _report, without=WITHOUT)
    show(page(report))
    end(report.document, report.notes, minimum)


async def _report(sight: Sight) -> ScoreReport:
    target = "" if sight.target.document is None else name_of(sight.target.document)
    return ScoreReport(
        target, scored(sight), await failing_controls(sight), await _exceptions(sight, target), sight.notes()
    )


async def _exceptions(sight: Sight, target: str) -> list[RegisteredException]:
    """Return the exceptions of a target: suppressed findings, and controls that its policies turned off.

    Without a cluster no policy is read; what they wrote into the notes of findings tells reason and end.
    """
    looked_at, view, now = sight.target, sight.view(), sight.hub.now()
    policies: dict[str, Declared] = {}
    if looked_at.document is not None:
        admissions = {target: (looked_at.document, looked_at.admitted)}
        policies = {
            name_of(each): declare_policy(each, admissions, looked_at.config, now)
            for each in looked_at.policies
        }

    def suppressed(known: FindingsView) -> list[RegisteredException]:
        return entries(target, _suppressed(known, view), view, policies, now)

    found = await sight.read(suppressed)
    if looked_at.document is None:
        found = [each._replace(state=NOT_READ) if each.state == MISSING else each for each in found]
    return [*found, *control_entries(target, Looked((), ()), policies, now, view)]


def _suppressed(known: FindingsView, view: View) -> Iterator[Finding]:
    """Yield the suppressed findings that a target sees, without their resources: there may be many."""
    rows = known.rows
    checks = rows.checks()
    for check in checks:
        of_check = rows.surveyed_cells([check], RecordState.ACTIVE).get(check, {})
        cells = {
            key
            for account_id, by_region in of_check.items()
            if view.covers(check, account_id)
            for key in by_region.values()
        }
        for _, findings in rows.surveyed(cells, RecordState.ACTIVE):
            for finding in findings:
                if finding.workflow is Workflow.SUPPRESSED and finding.compliance is not Compliance.PASSED:
                    yield finding._replace(resources=())
    for finding in rows.passed_suppressed(checks):
        yield finding._replace(resources=())

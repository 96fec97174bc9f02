"""The status that a control has in one place when it is turned off."""

import pytest

from posture.domain.exceptions.control_status import statuses_of
from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import Controls, ControlStatus

PLACE = TurnedOff("fsbp/v/1.0.0", "S3.1", "111111111111", "eu-west-1")
CHECK = Check(
    "Security Hub",
    source=CheckSource.SECURITY_HUB,
    control="S3.1",
    numbered=False,
    standards=("fsbp/v/1.0.0",),
)
FAILED, PASSED, WARNING = Compliance.FAILED, Compliance.PASSED, Compliance.WARNING


def count(compliance: Compliance, workflow: Workflow = Workflow.NEW, *, fresh: bool = True) -> Count:
    return Count(Severity.HIGH, compliance, workflow, fresh, 1)


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ((), ControlStatus.NO_DATA),
        ((count(PASSED),), ControlStatus.PASSED),
        ((count(PASSED), count(WARNING)), ControlStatus.UNKNOWN),
        ((count(WARNING), count(FAILED), count(PASSED)), ControlStatus.FAILED),
        ((count(FAILED, fresh=False), count(PASSED)), ControlStatus.PASSED),
        ((count(FAILED, Workflow.SUPPRESSED), count(PASSED)), ControlStatus.FAILED),
    ],
)
def test_status_of_what_findings_say(counts: tuple[Count, ...], status: ControlStatus) -> None:
    cells = [Cell(CHECK, "111111111111", "eu-west-1", counts)]
    assert statuses_of(cells, Controls({}), [PLACE]) == {PLACE: status}


@pytest.mark.parametrize(
    "cell",
    [
        Cell(CHECK, "222222222222", "eu-west-1", (count(FAILED),)),
        Cell(CHECK, "111111111111", "us-east-1", (count(FAILED),)),
        Cell(CHECK._replace(source=None), "111111111111", "eu-west-1", (count(FAILED),)),
        Cell(CHECK._replace(standards=("cis/v/1.4.0",)), "111111111111", "eu-west-1", (count(FAILED),)),
        Cell(CHECK._replace(control="S3.2"), "111111111111", "eu-west-1", (count(FAILED),)),
    ],
)
def test_other_findings_say_nothing(cell: Cell) -> None:
    assert statuses_of([cell], Controls({}), [PLACE]) == {PLACE: ControlStatus.NO_DATA}

"""One rule a test: the status of a control, and what a score makes of it."""

import pytest

from posture.domain.findings import Cell, Count
from posture.domain.scoring.evaluation import AccountScope, evaluate
from posture.domain.scoring.scores import ControlCounts, Score, Scores
from posture.domain.standards import ControlStatus
from tests.support.scenes import (
    CIS,
    FAILED,
    FSBP,
    NOT_AVAILABLE,
    ONE,
    PASSED,
    STALE,
    SUPPRESSED,
    THREE,
    TWO,
    WARNING,
    cell,
    facts,
    foreign,
    look,
    view,
)


@pytest.mark.parametrize(
    ("looks", "status", "aws"),
    [
        ([PASSED], "passed", (1, 1)),
        ([PASSED, FAILED], "failed", (0, 1)),
        ([PASSED, WARNING], "unknown", (0, 1)),
        ([PASSED, NOT_AVAILABLE], "unknown", (0, 1)),
        ([NOT_AVAILABLE], "unknown", (0, 1)),
        ([FAILED, WARNING, NOT_AVAILABLE], "failed", (0, 1)),
        ([SUPPRESSED], "no_data", None),
        ([SUPPRESSED, PASSED], "passed", (1, 1)),
        ([SUPPRESSED, STALE], "no_data", None),
        ([STALE], "no_data", None),
        ([STALE, PASSED], "passed", (1, 1)),
        ([], "no_data", None),
        ([look("FAILED", "RESOLVED")], "failed", (0, 1)),
        ([look("FAILED", "NOTIFIED")], "failed", (0, 1)),
        ([look("PASSED", "NEW")], "passed", (1, 1)),
        ([look("NONE")], "unknown", (0, 1)),
    ],
)
def test_the_first_status_that_fits(looks: list[Count], status: str, aws: tuple[int, int] | None) -> None:
    evaluation = evaluate([cell("S3.1", *looks)], view(facts(on=("S3.1",))))
    assert evaluation.statuses == {(FSBP, "S3.1"): ControlStatus(status)}
    assert evaluation.target.aws == aws
    assert evaluation.standards[FSBP].aws == aws


def test_awss_own_example_is_sixty_percent() -> None:
    cells = [cell(f"S3.{n}", PASSED) for n in range(6)]
    cells += [cell(f"S3.{n}", FAILED) for n in range(6, 9)] + [cell("S3.9", WARNING)]
    controls = tuple(f"S3.{n}" for n in range(12))
    evaluation = evaluate(cells, view(facts(on=controls)))
    assert evaluation.target.aws == Score(6, 10)
    assert evaluation.target.aws.percent == 60
    assert evaluation.controls[FSBP] == ControlCounts(passed=6, failed=3, unknown=1, no_data=2, disabled=0)


def test_the_summary_score_counts_each_control_once() -> None:
    both = (FSBP, CIS)
    cells = [cell("IAM.9", PASSED, standards=both), cell("S3.1", FAILED), cell("EC2.2", PASSED)]
    evaluation = evaluate(cells, view(facts(on=("IAM.9", "S3.1", "EC2.2")), facts(CIS, on=("IAM.9",))))
    assert evaluation.standards[FSBP].aws == Score(2, 3)
    assert evaluation.standards[CIS].aws == Score(1, 1)
    assert evaluation.target.aws == Score(2, 3)
    assert evaluation.pooled == ControlCounts(passed=2, failed=1)


def test_both_formats_of_one_control_are_one_control() -> None:
    hub = facts(CIS, on=("CloudTrail.4",), numbers={"CloudTrail.4": ("3.2",)})
    classic = cell("3.2", PASSED, standards=(CIS,), numbered=True)
    consolidated = cell("cloudtrail.4", FAILED, standards=(CIS,))
    evaluation = evaluate([classic, consolidated], view(hub))
    assert evaluation.statuses == {(CIS, "CloudTrail.4"): ControlStatus.FAILED}
    assert evaluation.target == Scores(Score(0, 1), Score(0, 1), Score(0, 1))
    assert sum(evaluation.findings.values()) == 2


def test_bare_numbers_of_two_standards_are_two_controls() -> None:
    other = "cis-aws-foundations-benchmark/v/1.2.0"
    cells = [
        cell("1.10", PASSED, standards=(CIS,), numbered=True),
        cell("1.10", FAILED, standards=(other,), numbered=True),
    ]
    evaluation = evaluate(cells, view(chosen=(CIS, other)))
    assert evaluation.target.aws == Score(1, 2)
    assert evaluation.statuses == {(other, "1.10"): ControlStatus.FAILED, (CIS, "1.10"): ControlStatus.PASSED}


@pytest.mark.parametrize(
    "elsewhere",
    [cell("IAM.6", FAILED, region="us-east-1"), cell("IAM.6", FAILED, account=TWO)],
    ids=["a linked Region", "a member account"],
)
def test_a_control_that_is_off_at_home_counts_where_it_is_on(elsewhere: Cell) -> None:
    hub = facts(on=("S3.1",), off=("IAM.6",))
    left_at_home = cell("IAM.6", PASSED, SUPPRESSED)
    evaluation = evaluate([cell("S3.1", PASSED), left_at_home, elsewhere], view(hub))
    assert evaluation.statuses[FSBP, "IAM.6"] is ControlStatus.FAILED
    assert evaluation.target == Scores(Score(1, 2), Score(1, 2), Score(1, 2))
    assert evaluation.standards[FSBP] == evaluation.target
    assert evaluation.controls[FSBP] == evaluation.pooled == ControlCounts(passed=1, failed=1)
    assert {key.state.name: n for key, n in evaluation.findings.items()} == {
        "PASSED": 1,
        "DISABLED": 2,
        "FAILED": 1,
    }


def test_what_is_left_at_home_of_a_control_that_is_off_there_does_not_count() -> None:
    hub = facts(on=("S3.1",), off=("IAM.6",))
    cells = [
        cell("S3.1", PASSED),
        cell("IAM.6", FAILED),
        cell("IAM.6", PASSED, account=TWO),
        cell("IAM.6", PASSED, region="us-east-1"),
    ]
    assert evaluate(cells, view(hub)).target == Scores(Score(2, 2), Score(2, 2), Score(2, 2))


def test_a_control_that_is_off_at_home_is_disabled_in_every_scope_where_it_is_on_nowhere() -> None:
    hub = facts(on=("S3.1",), off=("IAM.6",))
    cells = [
        cell("S3.1", PASSED),
        cell("S3.1", PASSED, account=TWO),
        cell("IAM.6", STALE, account=TWO),
        cell("S3.1", PASSED, account=THREE),
        cell("IAM.6", SUPPRESSED, account=THREE),
    ]
    evaluation = evaluate(cells, view(hub))
    one, two, three = (evaluation.accounts[AccountScope(FSBP, each)] for each in (ONE, TWO, THREE))
    assert one == two == Scores(Score(1, 1), Score(1, 1), Score(1, 1))
    # Suppressed, it is on all the same: it has no data there, and is expected.
    assert three == Scores(Score(1, 1), Score(1, 2), Score(2, 2))
    assert evaluation.pooled == ControlCounts(passed=1, no_data=1)
    assert evaluate(cells[:3], view(hub)).pooled == ControlCounts(passed=1, disabled=1)


def test_off_at_home_in_one_standard_it_counts_there_by_what_is_elsewhere() -> None:
    hub = facts(off=("IAM.9",)), facts(CIS, on=("IAM.9",))
    both = (FSBP, CIS)
    cells = [
        cell("IAM.9", FAILED, standards=both),
        cell("IAM.9", PASSED, standards=both, region="us-east-1"),
    ]
    evaluation = evaluate(cells, view(*hub))
    assert evaluation.standards[FSBP].aws == Score(1, 1)
    assert evaluation.standards[CIS].aws == Score(0, 1)
    assert evaluation.target.aws == Score(0, 1)


def test_pooled_it_counts_where_it_is_on() -> None:
    hub = facts(off=("IAM.9",)), facts(CIS, on=("IAM.9",))
    evaluation = evaluate([cell("IAM.9", FAILED), cell("IAM.9", PASSED, standards=(CIS,))], view(*hub))
    assert evaluation.controls[FSBP] == ControlCounts(disabled=1)
    assert evaluation.pooled == ControlCounts(passed=1)
    assert evaluation.target.aws == Score(1, 1)


def test_pooled_without_findings_where_it_is_on_it_has_no_data() -> None:
    hub = facts(off=("IAM.9",)), facts(CIS, on=("IAM.9",))
    evaluation = evaluate([cell("IAM.9", FAILED)], view(*hub))
    assert evaluation.pooled == ControlCounts(no_data=1)


def test_a_control_of_a_standard_not_chosen_is_nothing() -> None:
    evaluation = evaluate(
        [cell("IAM.9", FAILED, standards=(CIS,))], view(facts(), facts(CIS), chosen=(FSBP,))
    )
    assert evaluation.target == Scores()
    assert evaluation.findings == {}
    assert evaluation.silent == (ONE,)


def test_a_control_unknown_to_the_hub_counts_while_it_has_findings() -> None:
    evaluation = evaluate([cell("NEW.1", PASSED), cell("OLD.1", STALE)], view(facts(on=("S3.1",))))
    assert evaluation.statuses == {
        (FSBP, "NEW.1"): ControlStatus.PASSED,
        (FSBP, "S3.1"): ControlStatus.NO_DATA,
    }


@pytest.mark.parametrize("product", ["Default", "Security Hub", "GuardDuty"])
def test_only_security_hubs_own_findings_score(product: str) -> None:
    forged = foreign(product, FAILED, control="S3.1")
    evaluation = evaluate([forged, cell("S3.1", PASSED)], view(facts(on=("S3.1",))))
    assert evaluation.target == Scores(Score(1, 1), Score(1, 1), Score(1, 1))
    assert sum(evaluation.findings.values()) == 1


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([FAILED], (1, 2)),
        ([WARNING], (1, 2)),
        ([look("FAILED", "NOTIFIED")], (1, 2)),
        ([NOT_AVAILABLE], (2, 2)),
        ([PASSED], (2, 2)),
        ([look("FAILED", "RESOLVED")], (2, 2)),
        ([SUPPRESSED], (2, 2)),
        ([STALE, PASSED], (2, 2)),
        ([STALE], None),
        ([], None),
    ],
)
def test_expected_controls_without_those_that_fail(
    looks: list[Count], expected: tuple[int, int] | None
) -> None:
    hub = facts(on=("S3.1", "S3.2"), off=("S3.3",))
    evaluation = evaluate([cell("S3.1", *looks), cell("S3.3", STALE)], view(hub, facts(CIS), chosen=(FSBP,)))
    assert evaluation.target.expected == expected
    assert evaluation.standards[FSBP].expected == expected


def test_expected_never_goes_below_what_is_expected() -> None:
    cells = [cell(f"NEW.{n}", FAILED) for n in range(5)]
    assert evaluate(cells, view(facts(on=("S3.1",)))).target.expected == Score(1, 1)


def test_expected_pools_unique_controls() -> None:
    hub = facts(on=("IAM.9", "S3.1")), facts(CIS, on=("IAM.9", "EC2.2"))
    evaluation = evaluate([cell("IAM.9", FAILED, standards=(CIS,)), cell("S3.1", PASSED)], view(*hub))
    assert evaluation.standards[FSBP].expected == Score(2, 2)
    assert evaluation.standards[CIS].expected == Score(1, 2)
    assert evaluation.target.expected == Score(2, 3)


def test_nothing_is_expected_of_a_standard_that_cannot_be_listed() -> None:
    hub = facts(on=("S3.1",)), facts(CIS, on=("IAM.9",), complete=False)
    cells = [cell("S3.1", PASSED), cell("IAM.9", FAILED, standards=(CIS,))]
    evaluation = evaluate(cells, view(*hub))
    assert evaluation.standards[FSBP].expected == Score(1, 1)
    assert evaluation.standards[CIS] == Scores(Score(0, 1), Score(0, 1), None)
    assert evaluation.target.expected is None
    assert evaluate(cells, view(chosen=(CIS,))).target == Scores(Score(0, 1), Score(0, 1), None)


@pytest.mark.parametrize("cells", [[], [cell("S3.1")], [cell("S3.1", STALE)], [foreign("GuardDuty", FAILED)]])
def test_what_is_unknown_has_no_score_by_either_method(cells: list[Cell]) -> None:
    evaluation = evaluate(cells, view(facts(on=("S3.1",)), products=("GuardDuty",), members=(ONE,)))
    assert evaluation.target == Scores()
    assert evaluation.standards == {FSBP: Scores()}
    assert evaluation.accounts == {}
    assert evaluation.workloads == {}
    assert evaluation.silent == (ONE,)
    assert evaluation.pooled == ControlCounts(no_data=1)


def test_unsuppressed_counts_what_is_suppressed_by_its_compliance() -> None:
    cells = [
        cell("S3.1", SUPPRESSED, PASSED),
        cell("S3.2", look("PASSED", "SUPPRESSED")),
        cell("S3.3", look("WARNING", "SUPPRESSED")),
        cell("S3.4", look("FAILED", "SUPPRESSED", fresh=False)),
    ]
    assert evaluate(cells, view()).target == Scores(Score(1, 1), Score(1, 3), None)

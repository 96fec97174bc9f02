"""Controls that a policy turned off: gone from the score where it says so, not from the unsuppressed one."""

import pytest

from posture.domain.scoring.evaluation import AccountScope, evaluate
from posture.domain.scoring.scores import FindingState, Score, Scores
from posture.domain.standards import ControlStatus
from tests.support.scenes import CIS, FAILED, FSBP, ONE, PASSED, STALE, TWO, cell, facts, view

HUB = facts(on=("S3.1", "S3.2"))


@pytest.mark.parametrize(
    ("then", "unsuppressed"),
    [("failed", (1, 2)), ("passed", (2, 2)), ("unknown", (1, 2)), ("no_data", (1, 1))],
)
def test_it_counts_with_the_status_it_had_not_with_the_findings_it_left(
    then: str, unsuppressed: tuple[int, int]
) -> None:
    off = {(FSBP, "S3.1", ONE, "eu-west-1"): then}
    evaluation = evaluate([cell("S3.1", FAILED), cell("S3.2", PASSED)], view(HUB, turned_off=off))
    assert evaluation.target == Scores(Score(1, 1), Score(*unsuppressed), Score(1, 1))
    assert evaluation.statuses[FSBP, "S3.1"] is ControlStatus.DISABLED
    assert {key.state for key in evaluation.findings} == {FindingState.DISABLED, FindingState.PASSED}


def test_it_is_off_in_one_account_and_region_only() -> None:
    off = {(FSBP, "S3.1", ONE, "eu-west-1"): "failed"}
    cells = [
        cell("S3.1", FAILED),
        cell("S3.1", PASSED, region="us-east-1"),
        cell("S3.1", PASSED, account=TWO),
    ]
    evaluation = evaluate(cells, view(HUB, turned_off=off))
    assert evaluation.target.aws == Score(1, 1)
    assert evaluation.accounts[AccountScope(FSBP, ONE)].aws == Score(1, 1)
    assert evaluation.accounts[AccountScope(FSBP, ONE)].unsuppressed == Score(0, 1)
    assert evaluation.accounts[AccountScope(FSBP, TWO)] == Scores(Score(1, 1), Score(1, 1), Score(2, 2))


def test_it_is_off_in_one_standard_only() -> None:
    off = {(FSBP, "S3.1", ONE, "eu-west-1"): "passed"}
    hub = facts(on=("S3.1",)), facts(CIS, on=("S3.1",))
    evaluation = evaluate([cell("S3.1", FAILED, standards=(FSBP, CIS))], view(*hub, turned_off=off))
    assert evaluation.standards[FSBP] == Scores(None, Score(1, 1), None)
    assert evaluation.standards[CIS].aws == Score(0, 1)
    assert evaluation.target.aws == Score(0, 1)
    assert [key.state for key in evaluation.findings] == [FindingState.FAILED]


def test_off_at_home_by_a_policy_is_not_off_elsewhere() -> None:
    hub = facts(on=("S3.2",), off=("S3.1",))
    off = {(FSBP, "S3.1", ONE, "eu-west-1"): "failed"}
    cells = [cell("S3.1", FAILED), cell("S3.1", PASSED, account=TWO)]
    evaluation = evaluate(cells, view(hub, turned_off=off))
    assert evaluation.statuses[FSBP, "S3.1"] is ControlStatus.PASSED
    assert evaluation.target == Scores(Score(1, 1), Score(0, 1), Score(2, 2))


def test_off_at_home_by_others_stays_off_although_a_policy_speaks_of_another_place() -> None:
    hub = facts(on=("S3.2",), off=("S3.1",))
    off = {(FSBP, "S3.1", TWO, "eu-west-1"): "failed"}
    cells = [cell("S3.1", FAILED), cell("S3.2", PASSED)]
    evaluation = evaluate(cells, view(hub, turned_off=off))
    assert evaluation.target == Scores(Score(1, 1), Score(1, 1), Score(1, 1))
    reporting = [*cells, cell("S3.2", PASSED, account=TWO), cell("S3.1", PASSED, account=TWO)]
    evaluation = evaluate(reporting, view(hub, turned_off=off))
    assert evaluation.target == Scores(Score(1, 1), Score(1, 2), Score(1, 1))
    assert evaluation.statuses[FSBP, "S3.1"] is ControlStatus.DISABLED
    assert evaluation.accounts[AccountScope(FSBP, ONE)].unsuppressed == Score(1, 1)


def test_off_at_home_and_by_a_policy_elsewhere_it_is_on_in_the_rest() -> None:
    hub = facts(on=("S3.2",), off=("S3.1",))
    off = {(FSBP, "S3.1", TWO, "eu-west-1"): "passed"}
    cells = [
        cell("S3.1", PASSED),
        cell("S3.1", PASSED, account=TWO),
        cell("S3.1", FAILED, account=TWO, region="us-east-1"),
        cell("S3.2", PASSED),
    ]
    evaluation = evaluate(cells, view(hub, turned_off=off))
    assert evaluation.statuses[FSBP, "S3.1"] is ControlStatus.FAILED
    assert evaluation.target == Scores(Score(1, 2), Score(1, 2), Score(1, 2))


def test_a_silent_account_keeps_nothing_of_what_was() -> None:
    off = {(FSBP, "S3.1", TWO, "eu-west-1"): "failed"}
    cells = [cell("S3.2", PASSED), cell("S3.1", STALE, account=TWO)]
    evaluation = evaluate(cells, view(HUB, turned_off=off, members=(TWO,)))
    assert evaluation.silent == (TWO,)
    assert evaluation.target.unsuppressed == Score(1, 1)
    assert AccountScope(FSBP, TWO) not in evaluation.accounts


def test_a_policy_for_a_standard_not_chosen_changes_nothing() -> None:
    off = {(CIS, "S3.1", ONE, "eu-west-1"): "passed"}
    cells = [cell("S3.1", FAILED)]
    assert evaluate(cells, view(HUB, turned_off=off)) == evaluate(cells, view(HUB))

"""Which accounts are in which scope, and how findings are counted."""

import re

import pytest

from posture.domain.findings import Count, Severity
from posture.domain.scoring.accounts import AccountFilter, Group, Grouping
from posture.domain.scoring.evaluation import AccountScope, WorkloadScope, evaluate
from posture.domain.scoring.scores import FindingKey, FindingState, Score, totals
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

GROUPING = Grouping(re.compile("acme-(?P<workload>.+)-(?P<environment>[^-]+)"))


def test_accounts_that_share_a_workload_and_environment_are_one() -> None:
    cells = [
        cell("S3.1", PASSED, account=ONE),
        cell("S3.2", PASSED, account=ONE),
        cell("S3.2", FAILED, account=TWO),
        cell("S3.1", PASSED, account=THREE),
    ]
    names = {ONE: "acme-shop-prod", TWO: "acme-shop-prod", THREE: "acme-shop-dev"}
    evaluation = evaluate(cells, view(grouping=GROUPING, names=names))
    assert {scope: found.aws for scope, found in evaluation.workloads.items()} == {
        WorkloadScope(FSBP, "shop", "dev"): Score(1, 1),
        WorkloadScope(FSBP, "shop", "prod"): Score(1, 2),
    }
    assert evaluation.accounts[AccountScope(FSBP, ONE)].aws == Score(2, 2)
    assert evaluation.accounts[AccountScope(FSBP, TWO)].aws == Score(0, 1)
    assert evaluation.names == names
    assert evaluation.unmatched == ()


def test_an_account_that_does_not_match_is_its_own_workload_and_is_named() -> None:
    cells = [cell("S3.1", PASSED, account=ONE), cell("S3.1", FAILED, account=TWO)]
    evaluation = evaluate(cells, view(grouping=GROUPING, names={ONE: "legacy", TWO: ""}))
    assert set(evaluation.workloads) == {
        WorkloadScope(FSBP, "legacy", "production"),
        WorkloadScope(FSBP, TWO, "production"),
    }
    assert evaluation.unmatched == (ONE, TWO)
    assert evaluation.groups[TWO] == Group(TWO, "production", matched=False)
    assert evaluation.names == {ONE: "legacy"}


def test_a_control_fails_if_it_fails_in_any_account_or_region() -> None:
    cells = [
        cell("S3.1", PASSED),
        cell("S3.1", PASSED, account=TWO),
        cell("S3.1", FAILED, region="us-east-1"),
    ]
    evaluation = evaluate(cells, view())
    assert evaluation.target.aws == Score(0, 1)
    assert evaluation.accounts[AccountScope(FSBP, ONE)].aws == Score(0, 1)
    assert evaluation.accounts[AccountScope(FSBP, TWO)].aws == Score(1, 1)


def test_an_account_has_no_score_by_a_standard_that_says_nothing_of_it() -> None:
    hub = facts(on=("S3.1",)), facts(CIS, on=("IAM.9",))
    evaluation = evaluate([cell("S3.1", PASSED)], view(*hub, members=(TWO,)))
    assert set(evaluation.accounts) == {AccountScope(FSBP, ONE)}
    assert evaluation.reporting == (ONE,)
    assert evaluation.silent == (TWO,)


def test_excluded_accounts_are_counted_as_such_and_invisible_ones_are_not_named() -> None:
    accounts = AccountFilter(granted=["1*", "2*"], exclude=["2*"])
    cells = [cell("S3.1", PASSED, account=a) for a in (ONE, TWO, THREE)]
    names = {ONE: "one", TWO: "two", THREE: "three"}
    evaluation = evaluate(
        cells, view(accounts=accounts, names=names, members=("222200000000", "333300000000"))
    )
    assert evaluation.reporting == (ONE,)
    assert evaluation.excluded == ("222200000000", TWO)
    assert evaluation.names == {ONE: "one"}
    assert set(evaluation.groups) == {ONE}
    assert {key.account_id for key in evaluation.findings} == {ONE}
    assert THREE not in repr(evaluation)
    assert "3333" not in repr(evaluation)


@pytest.mark.parametrize(
    ("counted", "state"),
    [
        (STALE, "STALE"),
        (look("FAILED", "SUPPRESSED", fresh=False), "STALE"),
        (SUPPRESSED, "SUPPRESSED"),
        (look("PASSED", "SUPPRESSED"), "SUPPRESSED"),
        (FAILED, "FAILED"),
        (look("FAILED", "RESOLVED"), "FAILED"),
        (WARNING, "WARNING"),
        (NOT_AVAILABLE, "NOT_AVAILABLE"),
        (PASSED, "PASSED"),
    ],
)
def test_a_finding_has_the_first_state_that_fits(counted: Count, state: str) -> None:
    evaluation = evaluate([cell("S3.1", counted._replace(n=7))], view())
    assert evaluation.findings == {FindingKey("Security Hub", ONE, Severity.MEDIUM, FindingState[state]): 7}


@pytest.mark.parametrize(
    ("counted", "state"), [(SUPPRESSED, "DISABLED"), (PASSED, "DISABLED"), (STALE, "STALE")]
)
def test_a_finding_of_a_disabled_control_is_disabled_unless_stale(counted: Count, state: str) -> None:
    evaluation = evaluate([cell("S3.1", counted)], view(facts(off=("S3.1",))))
    assert [key.state.name for key in evaluation.findings] == [state]


def test_a_finding_is_disabled_only_where_all_its_standards_have_it_off() -> None:
    hub = facts(off=("S3.1",)), facts(CIS, on=("S3.1",))
    evaluation = evaluate([cell("S3.1", FAILED, standards=(FSBP, CIS))], view(*hub))
    assert [key.state.name for key in evaluation.findings] == ["FAILED"]


@pytest.mark.parametrize(
    ("counted", "state"),
    [
        (look("NONE"), "FAILED"),
        (look("NONE", fresh=False), "FAILED"),
        (look("NONE", "SUPPRESSED", fresh=False), "SUPPRESSED"),
        (look("PASSED"), "PASSED"),
        (look("WARNING"), "WARNING"),
    ],
)
def test_another_products_findings_are_counted_by_its_name_and_never_stale(
    counted: Count, state: str
) -> None:
    cells = [foreign("GuardDuty", counted), foreign("Inspector", counted)]
    evaluation = evaluate(cells, view(facts(off=("S3.1",)), products=("Security Hub", "GuardDuty")))
    assert evaluation.findings == {FindingKey("GuardDuty", ONE, Severity.MEDIUM, FindingState[state]): 1}


def test_a_consolidated_finding_is_counted_once() -> None:
    evaluation = evaluate([cell("S3.1", FAILED, standards=(FSBP, CIS))], view(chosen=(FSBP, CIS)))
    assert list(evaluation.findings.values()) == [1]


def test_totals_add_up_over_accounts_and_products_worst_first() -> None:
    cells = [
        cell("S3.1", look("FAILED", severity="LOW", n=2), PASSED),
        cell("S3.1", look("FAILED", severity="CRITICAL"), SUPPRESSED, STALE, account=TWO),
        cell("S3.2", WARNING, NOT_AVAILABLE),
        foreign("GuardDuty", look("NONE", severity="HIGH", n=5)),
    ]
    evaluation = evaluate(cells, view(facts(off=("S3.3",)), products=("GuardDuty",)))
    added = totals(evaluation.findings)
    assert [(severity.name, n) for severity, n in added.failed.items()] == [
        ("CRITICAL", 1),
        ("HIGH", 5),
        ("MEDIUM", 0),
        ("LOW", 2),
        ("INFORMATIONAL", 0),
    ]
    assert added.failed_total == 8
    assert added[1:] == (1, 1, 1, 1, 0, 1)
    assert totals(evaluation.findings, ["Security Hub"]).failed_total == 3
    assert totals({}).failed_total == 0


def test_cells_are_read_once_and_results_are_sorted() -> None:
    cells = (cell("S3.1", PASSED, account=a, standards=(FSBP, CIS)) for a in (THREE, ONE, TWO))
    evaluation = evaluate(cells, view(chosen=(CIS, FSBP, CIS)))
    assert list(evaluation.standards) == [FSBP, CIS]
    assert list(evaluation.accounts) == sorted(evaluation.accounts)
    assert list(evaluation.workloads) == sorted(evaluation.workloads)
    assert list(evaluation.findings) == sorted(evaluation.findings)
    assert evaluation.reporting == (ONE, TWO, THREE)


def test_without_standards_everything_is_absent() -> None:
    evaluation = evaluate([cell("S3.1", PASSED)], view()._replace(standards=()))
    assert evaluation.standards == {}
    assert evaluation.target == (None, None, None)

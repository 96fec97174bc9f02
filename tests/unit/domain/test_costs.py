"""What Security Hub costs, against counting checks one by one."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.costs import MONTH, Prices, Tier, estimate, seen_costs
from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.scoring.accounts import AccountFilter
from posture.domain.standards import ControlAssociation, Controls, Standard
from posture.domain.time import HOUR
from tests.support.oracle.costs import Bill, Run

DAY = 24 * HOUR
FSBP, CIS, PCI, AZURE = "fsbp/v/1", "cis/v/1", "pci/v/1", "azure/v/1"
A, B = ("111122223333", "eu-west-1"), ("111122223333", "us-east-1")
STANDARDS = (FSBP, CIS, PCI)
CONTROLS = Controls(
    {
        CIS: Standard(CIS, "arn", {"S3.1": ControlAssociation("S3.1", enabled=True, numbers=("2.1",))}),
        AZURE: Standard(AZURE, "arn", {}, provider="Azure"),
    }
)
LIST = Prices((Tier(100_000, 0.0010), Tier(500_000, 0.0008), Tier(None, 0.0005)), 10_000, 0.00003)


def own(control: str, *standards: str, numbered: bool = False) -> Check:
    return Check("Security Hub", CheckSource.SECURITY_HUB, control, numbered, standards)


def cell(check: Check, n: int, place: tuple[str, str] = A, *, stale: int = 0) -> Cell:
    kinds = ((True, n), (False, stale))
    counts = (
        Count(Severity.HIGH, Compliance.PASSED, Workflow.SUPPRESSED, fresh=fresh, n=m) for fresh, m in kinds
    )
    return Cell(check, *place, tuple(each for each in counts if each.n))


def costs(*cells: Cell, prices: Prices = LIST, window: int = DAY, **accounts: tuple[str, ...]) -> Any:
    seen = seen_costs(cells, CONTROLS, AccountFilter(**accounts), frozenset({"GuardDuty"}))
    return estimate(seen, prices, window, ingests=True)


@pytest.mark.parametrize(
    ("checks", "dollars"),
    [
        (0, 0),
        (1, 0.001),
        (100_000, 100),
        (100_001, 100.0008),
        (500_000, 420),
        (500_001, 420.0005),
        (1_500_000, 920),
    ],
)
def test_checks_are_paid_in_tiers(checks: int, dollars: float) -> None:
    assert LIST.of_checks(checks) == pytest.approx(dollars)


@pytest.mark.parametrize(("events", "dollars"), [(0, 0), (10_000, 0), (10_001, 0.00003), (110_000, 3)])
def test_some_events_are_free(events: int, dollars: float) -> None:
    assert LIST.of_ingestion(events) == pytest.approx(dollars)


def test_a_check_of_several_standards_is_paid_once_and_not_saved_by_one_of_them() -> None:
    found = costs(cell(own("S3.1", FSBP, CIS), 100), cell(own("S3.2", FSBP), 10))
    month = MONTH / DAY
    assert found == (
        pytest.approx(110 * month * 0.001),
        0,
        {CIS: pytest.approx(0), FSBP: pytest.approx(10 * month * 0.001)},
    )


def test_findings_of_each_standard_of_the_same_resources_are_one_check() -> None:
    """Without consolidation each standard has a finding of its own, by its own number too."""
    one = costs(cell(own("S3.1", FSBP), 100), cell(own("2.1", CIS, numbered=True), 90))
    assert one == (
        pytest.approx(100 * MONTH / DAY * 0.001),
        0,
        {CIS: 0, FSBP: pytest.approx(10 * MONTH / DAY * 0.001)},
    )
    # A bare number that nobody ties to a control is a control of its own.
    two = costs(cell(own("S3.1", FSBP), 100), cell(own("9.9", CIS, numbered=True), 90))
    assert two[0] == pytest.approx(190 * MONTH / DAY * 0.001)


def test_tiers_are_of_one_account_and_region() -> None:
    apart = costs(cell(own("S3.1", FSBP), 20_000), cell(own("S3.1", FSBP), 20_000, B))
    together = costs(cell(own("S3.1", FSBP), 40_000))
    assert apart[0] == pytest.approx(2 * LIST.of_checks(20_000 * MONTH / DAY))
    assert together[0] == pytest.approx(LIST.of_checks(40_000 * MONTH / DAY))
    assert apart[0] > together[0]


def test_what_is_not_refreshed_not_ours_or_not_of_aws_is_not_checked() -> None:
    imported = own("S3.1", FSBP)._replace(source=None, product="Security Hub")
    nothing = costs(
        cell(own("S3.1", FSBP), 0, stale=9),
        cell(imported, 9),
        cell(own("AZ.1", AZURE), 9),
        cell(own("S3.1", FSBP), 9, ("999988887777", "eu-west-1")),
        cell(own("S3.1", FSBP)._replace(source=None, product="Inspector"), 9),
        cell(own("s3-rule", FSBP)._replace(source=CheckSource.CONFIG, product="GuardDuty"), 9),
        granted=("1*",),
    )
    assert nothing == (0, 0, {})
    # Security Hub says of no standard that it is of another cloud: it is one of AWS.
    assert costs(cell(own("AZ.1", AZURE, FSBP), 9))[0] == pytest.approx(9 * MONTH / DAY * 0.001)
    # Nor does it have to name one.
    assert costs(cell(own("S3.1"), 9)) == (pytest.approx(9 * MONTH / DAY * 0.001), 0, {})


def test_ingestion_is_what_was_updated_in_the_window_made_a_month() -> None:
    guard_duty = Check("GuardDuty", None, "", numbered=False, standards=())
    found = costs(cell(guard_duty, 5000, stale=100_000), cell(guard_duty, 100, B), window=30 * HOUR)
    assert found[1] == pytest.approx((5000 * MONTH / (30 * HOUR) - 10_000) * 0.00003)
    seen = seen_costs([], CONTROLS, AccountFilter(), frozenset())
    assert estimate(seen, LIST, DAY, ingests=False).ingestion is None


def test_checks_a_day_count_as_often() -> None:
    once, twice = (
        costs(cell(own("S3.1", FSBP), 100), prices=LIST._replace(checks_per_day=n))[0] for n in (1.0, 2.0)
    )
    assert twice == pytest.approx(2 * once)


RUNS = st.builds(
    Run,
    place=st.sampled_from([A, B]),
    control=st.sampled_from(["S3.1", "EC2.2", "IAM.3"]),
    resource=st.integers(0, 30),
)
ON = st.dictionaries(
    st.sampled_from(["S3.1", "EC2.2", "IAM.3"]), st.frozensets(st.sampled_from(STANDARDS), min_size=1)
)
TIERS = st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1)), max_size=3, unique_by=lambda each: each[0])


@given(
    runs=st.frozensets(RUNS, max_size=60),
    on=ON,
    consolidated=st.booleans(),
    tiers=TIERS,
    last=st.floats(0, 1),
)
def test_as_if_every_check_had_been_written_on_a_bill(
    runs: frozenset[Run],
    on: dict[str, frozenset[str]],
    consolidated: bool,
    tiers: list[tuple[int, float]],
    last: float,
) -> None:
    """Each control is in some standards; each of them, or all together, has a finding of each resource."""
    runs = frozenset(each for each in runs if each.control in on)
    bill = Bill(sorted(tiers), last, checks_a_month=30)
    cells = []
    for place, (control, standards) in product([A, B], on.items()):
        n = len({each.resource for each in runs if (each.place, each.control) == (place, control)})
        groups = [tuple(sorted(standards))] if consolidated else [(each,) for each in sorted(standards)]
        cells += [cell(own(control, *each), n, place) for each in groups if n]
    prices = Prices(
        (*(Tier(*each) for each in sorted(tiers)), Tier(None, last)), 0, 0.0, checks_per_day=30 * DAY / MONTH
    )
    seen = seen_costs(cells, Controls({}), AccountFilter(), frozenset())
    found = estimate(seen, prices, DAY, ingests=False)
    assert found.checks == pytest.approx(bill.dollars(runs))
    told = {standard for control, standards in on.items() for standard in standards
            if any(each.control == control for each in runs)}  # fmt: skip
    assert found.standards == {
        standard: pytest.approx(
            bill.dollars(runs) - bill.dollars(each for each in runs if on[each.control] - {standard}),
            abs=1e-9,
        )
        for standard in told
    }
    assert all(saved >= -1e-9 for saved in found.standards.values())

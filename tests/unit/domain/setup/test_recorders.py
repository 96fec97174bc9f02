"""Where AWS Config records, read from cells, against findings that are looked at one by one."""

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.scoring.accounts import AccountFilter
from posture.domain.setup.recorders import Recorders, recorders_of
from posture.domain.standards import Controls

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
OWN = Check("Security Hub", CheckSource.SECURITY_HUB, "CONFIG.1", numbered=False, standards=(FSBP,))
CLASSIC = OWN._replace(numbered=True)
OTHER_CONTROL = OWN._replace(control="CONFIG.10")
FORGED = OWN._replace(source=None)
SEEN, EXCLUDED, INVISIBLE = "111122223333", "444455556666", "999988887777"
ACCOUNTS = AccountFilter(granted=[SEEN, EXCLUDED], exclude=[EXCLUDED])

counts = st.builds(
    Count,
    severity=st.just(Severity.MEDIUM),
    compliance=st.sampled_from(Compliance),
    workflow=st.sampled_from(Workflow),
    fresh=st.booleans(),
    n=st.integers(1, 3),
)
cells = st.builds(
    Cell,
    st.sampled_from([OWN, CLASSIC, OTHER_CONTROL, FORGED]),
    st.sampled_from([SEEN, EXCLUDED, INVISIBLE]),
    st.sampled_from(["eu-west-1", "us-east-1"]),
    st.lists(counts, max_size=4).map(tuple),
)


@given(st.lists(cells, max_size=8))
def test_places_are_those_of_findings_that_count(found: list[Cell]) -> None:
    findings = [
        (cell.account_id, cell.region, count.compliance)
        for cell in found
        for count in cell.counts
        for _ in range(count.n)
        if cell.check in (OWN, CLASSIC)
        and cell.account_id == SEEN
        and count.fresh
        and count.workflow is not Workflow.SUPPRESSED
    ]
    failed = sorted(
        {(account, region) for account, region, status in findings if status == Compliance.FAILED}
    )
    passed = {(account, region) for account, region, status in findings if status == Compliance.PASSED}
    told = recorders_of(found, Controls({}), ACCOUNTS)
    assert told == Recorders(tuple(failed), len(passed.difference(failed)))

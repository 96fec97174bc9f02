"""What exceptions are planned from: cells to look at, and findings that bear somebody's words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from posture.domain.findings import Compliance, Finding, RecordState, Workflow
from posture.store import CustomerWrite, Read, Store
from tests.unit.store.making import EC2_2, S3_1, content, emptied, finding, key
from tests.unit.store.strategies import small_findings


def annotated(each: Finding) -> bool:
    return bool(each.note or each.user_fields)


@settings(max_examples=60, deadline=None)
@given(st.lists(small_findings(), max_size=9, unique_by=lambda each: each.id))
def test_only_what_did_not_pass_or_is_annotated_is_looked_at(
    shared_store: Store, findings: list[Finding]
) -> None:
    store = emptied(shared_store)
    store.write([Read(findings, 1)])
    stored = content(store).values()
    active = [each for each in stored if each.record_state is RecordState.ACTIVE]
    archived = [each for each in stored if each.record_state is RecordState.ARCHIVED]
    assert set(store.annotated_archived()) == {each for each in archived if annotated(each)}
    marked = {each for cell in store.annotated_cells() for each in store.findings_of([cell])}
    assert {each for each in active if annotated(each)} <= marked
    looked_at = [each for cell in store.cells_at() for each in store.unsettled(cell)]
    assert len(looked_at) == len(set(looked_at))
    assert set(looked_at) == {
        each for each in active if annotated(each) or each.compliance is not Compliance.PASSED
    }


def test_cells_are_found_by_check_account_and_region(shared_store: Store) -> None:
    store = emptied(shared_store)
    other = finding(2, check=EC2_2, account_id="444455556666", region="us-east-1")
    store.write([Read([finding(1), other], 1)])

    def found(**where: list[object]) -> set[str]:
        return {each.id for cell in store.cells_at(**where) for each in store.unsettled(cell)}  # type: ignore[arg-type]

    assert found() == {finding(1).id, other.id}
    assert found(checks=[S3_1]) == {finding(1).id}
    assert found(accounts=["444455556666"]) == {other.id}
    assert found(regions=["us-east-1"], checks=[EC2_2]) == {other.id}
    assert found(regions=["us-east-1"], checks=[S3_1]) == set()
    assert found(accounts=["999999999999"]) == set()


def test_a_write_is_unseen_until_a_read_shows_it(shared_store: Store) -> None:
    store = emptied(shared_store)
    store.write([Read([finding(1)], 1)])
    suppressed = CustomerWrite(key(finding(1)), Workflow.SUPPRESSED)
    store.record_writes([suppressed], written_at=5)
    assert store.unseen_writes() == {key(finding(1)): 5}
    store.write([Read([finding(1)], 6)])
    assert store.unseen_writes() == {key(finding(1)): 5}
    store.write([Read([finding(1, workflow=Workflow.SUPPRESSED)], 7)])
    assert store.unseen_writes() == {}

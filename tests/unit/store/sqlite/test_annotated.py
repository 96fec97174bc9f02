"""What exceptions are planned from: cells to look at, and findings that bear somebody's words."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import Check, Compliance, Finding, RecordState, Workflow
from posture.store.records import CellKey, CustomerWrite, Read
from posture.store.sqlite.changes import KEYS_A_QUERY
from posture.store.sqlite.store import Store
from tests.support.examples import examples
from tests.support.rows import EC2_2, S3_1, emptied, finding, key
from tests.support.strategies import small_findings

ACTIVE, ARCHIVED = RecordState.ACTIVE, RecordState.ARCHIVED


def opened(
    store: Store, checks: Collection[Check], state: RecordState = ACTIVE
) -> dict[CellKey, tuple[Check, str, str]]:
    return {
        key: (check, account, region)
        for check, by_account in store.surveyed_cells(checks, state).items()
        for account, by_region in by_account.items()
        for region, key in by_region.items()
    }


def annotated(each: Finding) -> bool:
    return bool(each.note or each.user_fields)


@examples(60)
@given(st.lists(small_findings(), max_size=9, unique_by=lambda each: each.id))
def test_only_what_did_not_pass_or_is_annotated_is_looked_at(
    shared_store: Store, findings: list[Finding]
) -> None:
    store = emptied(shared_store)
    store.write([Read(findings, 1)])
    stored = [each for state in RecordState for each in store.findings(state=state)]
    active = [each for each in stored if each.record_state is RecordState.ACTIVE]
    archived = [each for each in stored if each.record_state is RecordState.ARCHIVED]
    cells = store.annotated_cells(ARCHIVED)
    assert cells == opened(store, store.checks(), ARCHIVED).keys()
    # Neither do ACTIVE findings of a cell come with its archived ones, nor those without a word.
    ended = [
        each for _, those in store.surveyed(cells | store.annotated_cells(ACTIVE), ARCHIVED) for each in those
    ]
    assert sorted(ended) == sorted(each for each in archived if annotated(each))
    marked = {each for _, those in store.surveyed(store.annotated_cells(ACTIVE), ACTIVE) for each in those}
    assert {each for each in active if annotated(each)} <= marked
    everywhere = store.annotated_cells(ACTIVE) | opened(store, store.checks()).keys()
    looked_at = [each for _, those in store.surveyed(everywhere, ACTIVE) for each in those]
    assert len(looked_at) == len(set(looked_at))
    assert set(looked_at) == {
        each for each in active if annotated(each) or each.compliance is not Compliance.PASSED
    }


def test_open_cells_are_found_by_check(shared_store: Store) -> None:
    store = emptied(shared_store)
    other = finding(2, check=EC2_2, account_id="444455556666", region="us-east-1")
    store.write([Read([finding(1), other, finding(3, check=EC2_2, compliance=Compliance.PASSED)], 1)])

    def found(*checks: Check) -> set[str]:
        return {each.id for _, those in store.surveyed(opened(store, checks), ACTIVE) for each in those}

    assert found(S3_1, EC2_2) == {finding(1).id, other.id}
    assert found(S3_1) == {finding(1).id}
    assert list(opened(store, [EC2_2]).values()) == [(EC2_2, "444455556666", "us-east-1")]
    assert found() == found(S3_1._replace(control="S3.999")) == set()


def test_more_cells_than_one_statement_names_are_read_in_pages(shared_store: Store) -> None:
    store = emptied(shared_store)
    many = [finding(n, account_id=f"{n:012}") for n in range(2 * KEYS_A_QUERY + 1)]
    store.write([Read(many, 1)])
    read = [
        (key, [each.id for each in those])
        for key, those in store.surveyed(opened(store, [S3_1]).keys(), ACTIVE)
    ]
    assert len({key for key, _ in read}) == len(many)
    assert sorted(name for _, (name,) in read) == sorted(each.id for each in many)


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

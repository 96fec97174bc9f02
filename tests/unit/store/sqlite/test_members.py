"""Sets that are listed again: who is in them, and who has not been seen."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import Compliance, Finding, RecordState, Workflow
from posture.store.records import Members, Read
from posture.store.sqlite.store import Store
from tests.support.examples import examples
from tests.support.rows import GUARDDUTY, emptied, finding, key
from tests.support.strategies import small_findings


def active(each: Finding) -> bool:
    return each.record_state is RecordState.ACTIVE


def exceptional(each: Finding) -> bool:
    passed = each.compliance is Compliance.PASSED
    return active(each) and (
        each.workflow in {Workflow.SUPPRESSED, Workflow.NOTIFIED}
        or (each.workflow is Workflow.RESOLVED and not passed)
    )


IS_MEMBER: dict[Members, Callable[[Finding], bool]] = {
    Members.ALL: lambda _: True,
    Members.ACTIVE: active,
    Members.EXCEPTIONAL: exceptional,
    Members.NOT_PASSED: lambda each: active(each) and each.compliance is not Compliance.PASSED,
    Members.UNSUPPRESSED: lambda each: (
        active(each) and each.compliance is not Compliance.PASSED and each.workflow is not Workflow.SUPPRESSED
    ),
}


@examples(60)
@given(
    st.lists(small_findings(), max_size=9, unique_by=lambda each: each.id),
    st.lists(st.booleans(), min_size=9, max_size=9),
    st.none() | st.sets(st.sampled_from(["Security Hub", "GuardDuty", "Inspector"])),
)
def test_unread_members_are_those_not_seen_again(
    shared_store: Store,
    findings: list[Finding],
    again: list[bool],
    products: set[str] | None,
) -> None:
    store = emptied(shared_store)
    store.write([Read(findings, 1)])
    store.write([Read([each for each, seen in zip(findings, again, strict=False) if seen], 2)])
    for members, is_member in IS_MEMBER.items():
        expected = {
            (key(each), each.id, each.product_arn)
            for each, seen in zip(findings, again, strict=False)
            if not seen and is_member(each) and (products is None or each.check.product in products)
        }
        unread = list(store.unread(members, 2, products=products))
        assert len(unread) == len(set(unread))
        assert set(unread) == expected
        assert store.count(members, asked_before=2, products=products) == len(expected)
        assert list(store.unread(members, 1, products=products)) == []


@pytest.mark.parametrize("members", list(Members))
def test_every_look_of_a_finding_is_in_the_sets_it_belongs_to(store: Store, members: Members) -> None:
    looks = list(product(RecordState, Compliance, Workflow))
    findings = [
        finding(n, record_state=state, compliance=compliance, workflow=workflow)
        for n, (state, compliance, workflow) in enumerate(looks)
    ]
    store.write([Read(findings, 1)])
    expected = {each.id for each in findings if IS_MEMBER[members](each)}
    assert {ref.id for ref in store.unread(members, 2)} == expected
    assert store.count(members) == len(expected)


def test_what_has_left_the_exceptional_set_is_what_its_list_did_not_return(store: Store) -> None:
    suppressed = [finding(n, workflow=Workflow.SUPPRESSED) for n in range(3)]
    store.write([Read(suppressed, 1)])
    store.write([Read(suppressed[:1], 5)])
    assert {ref.id for ref in store.unread(Members.EXCEPTIONAL, 5)} == {each.id for each in suppressed[1:]}
    store.write([Read([suppressed[1]._replace(workflow=Workflow.NEW)], 6)])
    assert [ref.id for ref in store.unread(Members.EXCEPTIONAL, 5)] == [suppressed[2].id]


def test_a_stale_copy_does_not_count_as_seen(store: Store) -> None:
    store.write([Read([finding(updated_at=2_000)], 1)])
    store.write([Read([finding(updated_at=1_999)], 5)])
    assert len(list(store.unread(Members.ALL, 5))) == 1


@pytest.mark.parametrize("members", list(Members))
def test_more_than_a_page_may_be_removed_while_it_is_read(store: Store, members: Members) -> None:
    findings = [
        finding(
            n,
            workflow=Workflow.NEW if members is Members.UNSUPPRESSED else Workflow.SUPPRESSED,
            check=GUARDDUTY._replace(control=f"{n % 7}"),
        )
        for n in range(2_345)
    ]
    store.write([Read(findings, 1)])
    met = 0
    for ref in store.unread(members, 2):
        met += 1
        if met % 3:
            store.remove([ref.key], asked_at=2)
    assert met == 2_345
    assert store.count(members) == store.count() == 2_345 // 3

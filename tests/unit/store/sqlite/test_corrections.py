"""A sweep counts what the changes should have brought."""

from typing import Any

import pytest

from posture.domain.consistency import SETTLING
from posture.domain.findings import Compliance, RecordState, Severity, Workflow
from posture.store.records import CustomerWrite, Read
from posture.store.sqlite.store import Store
from tests.support.rows import EC2_2, finding, key

CURSOR = 5_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"updated_at": 2_000}, "missed_update"),
        ({"updated_at": 2_000, "record_state": RecordState.ARCHIVED}, "missed_update"),
        ({"compliance": Compliance.PASSED}, "missed_update"),
        ({"severity": Severity.LOW}, "missed_update"),
        ({"title": "Other"}, "missed_update"),
        ({"check": EC2_2}, "missed_update"),
        ({"record_state": RecordState.ARCHIVED}, "missed_archival"),
        ({"workflow": Workflow.NOTIFIED}, "missed_workflow"),
        ({"note": "accepted"}, "missed_workflow"),
    ],
)
def test_one_reason_for_each_corrected_row(store: Store, change: dict[str, Any], reason: str) -> None:
    store.write([Read([finding()], 1)])
    assert store.write([Read([finding(**change)], 2)], cursor=CURSOR).corrections == {reason: 1}


def test_a_finding_that_was_never_brought(store: Store) -> None:
    findings = [finding(1), finding(2, record_state=RecordState.ARCHIVED), finding(3, updated_at=CURSOR)]
    assert store.write([Read(findings, 1)], cursor=CURSOR).corrections == {"missed_finding": 1}


def test_what_is_as_stored_or_newer_than_the_cursor_is_none(store: Store) -> None:
    store.write([Read([finding(1), finding(2)], 1)])
    same_and_newer = [finding(1), finding(2, updated_at=CURSOR)]
    assert store.write([Read(same_and_newer, 2)], cursor=CURSOR).corrections == {}


def test_only_a_sweep_counts(store: Store) -> None:
    assert store.write([Read([finding()], 1)]).corrections == {}
    assert store.write([Read([finding(updated_at=2_000)], 2)]).corrections == {}


def test_an_old_copy_corrects_nothing(store: Store) -> None:
    store.write([Read([finding(updated_at=3_000)], 1)])
    stale = finding(updated_at=2_000, workflow=Workflow.NOTIFIED)
    assert store.write([Read([stale], 9)], cursor=CURSOR).corrections == {}


def test_what_our_own_write_hides_is_none(store: Store) -> None:
    store.write([Read([finding()], 1)])
    store.record_writes([CustomerWrite(key(finding()), workflow=Workflow.SUPPRESSED)], written_at=2)
    assert store.write([Read([finding()], SETTLING)], cursor=CURSOR).corrections == {}

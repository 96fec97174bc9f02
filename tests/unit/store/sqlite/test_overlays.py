"""Our own writes stay shown until a read shows them, 15 minutes at most."""

from pathlib import Path
from typing import Any

from posture.domain.consistency import SETTLING
from posture.domain.findings import Compliance, Finding, RecordState, Workflow
from posture.store.records import CustomerWrite, Members, Read
from posture.store.sqlite.store import Store
from tests.support.rows import as_read, finding, key, opened

NOW = 10**15
NEW = finding()
OURS: dict[str, Any] = {
    "workflow": Workflow.SUPPRESSED,
    "note": "ours",
    "user_fields": (("posture.dev/owner", "o"),),
}
WRITE = CustomerWrite(key(NEW), **OURS)
WRITTEN = NEW._replace(**OURS)


def only(store: Store) -> Finding:
    (row,) = store.read_findings([key(NEW)])
    return as_read(row)


def read(store: Store, copy: Finding, asked_at: int) -> Finding:
    store.write([Read([copy], asked_at)])
    return only(store)


def test_a_write_shows_at_once_and_counts_its_cell(store: Store) -> None:
    (cell,) = store.write([Read([NEW], NOW)]).cells
    written = store.record_writes([WRITE], written_at=NOW + 1)
    assert (written.changed, written.cells) == (1, {cell})
    assert only(store) == WRITTEN
    assert store.count(Members.EXCEPTIONAL) == 1


def test_it_is_held_against_reads_that_do_not_show_it(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([WRITE], written_at=NOW + 1)
    assert read(store, NEW, NOW + SETTLING) == WRITTEN
    newer = NEW._replace(updated_at=NEW.updated_at + 1, compliance=Compliance.WARNING)
    assert read(store, newer, NOW + SETTLING + 1) == newer._replace(**OURS)
    assert read(store, newer, NOW + SETTLING + 2) == newer


def test_once_seen_a_later_read_counts_again(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([WRITE], written_at=NOW + 1)
    seen = WRITTEN._replace(user_fields=(("posture.dev/owner", "o"), ("team", "a")))
    assert read(store, seen, NOW + 2) == seen
    assert read(store, NEW, NOW + 3) == NEW
    assert store.unconfirmed(NOW + 10 * SETTLING) == []


def test_an_older_copy_that_happens_to_show_it_ends_nothing(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([WRITE], written_at=NOW + 9)
    assert read(store, WRITTEN, NOW + 8) == WRITTEN
    assert read(store, WRITTEN._replace(updated_at=1), NOW + 10) == WRITTEN
    assert read(store, NEW, NOW + 11) == WRITTEN


def test_it_outlives_a_restart(path: Path) -> None:
    with opened(path) as store:
        store.write([Read([NEW], NOW)])
        store.record_writes([WRITE], written_at=NOW + 1)
    with opened(path) as store:
        assert read(store, NEW, NOW + 2) == WRITTEN


def test_what_was_never_seen_is_named_to_be_read_by_id(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([WRITE], written_at=NOW)
    assert store.unconfirmed(NOW + SETTLING) == []
    ((ref_key, finding_id, product_arn),) = store.unconfirmed(NOW + SETTLING + 1)
    assert (ref_key, finding_id, product_arn) == (key(NEW), NEW.id, NEW.product_arn)
    assert read(store, NEW, NOW + SETTLING + 1) == NEW
    assert store.unconfirmed(NOW + SETTLING + 1) == []


def test_fields_that_were_not_written_follow_the_reads(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([CustomerWrite(key(NEW), note="ours", note_by="us")], written_at=NOW + 1)
    copy = NEW._replace(workflow=Workflow.NOTIFIED, note="theirs", user_fields=(("a", "b"),), note_by="jira")
    assert read(store, copy, NOW + 2) == copy._replace(note="ours", note_by="us")


def test_a_note_that_somebody_writes_over_ours_before_it_was_shown_is_seen(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([WRITE], written_at=NOW + 1)
    over = WRITTEN._replace(note="theirs", note_by="jira")
    assert read(store, over, NOW + 2) == over
    # A write that changes the note alone is not told from what there was before it.
    store.record_writes([WRITE], written_at=NOW + 3)
    assert read(store, over, NOW + 4) == WRITTEN


def test_two_writes_are_held_together(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([WRITE], written_at=NOW + 1)
    store.record_writes(
        [CustomerWrite(key(NEW), note="more", note_by="a"), CustomerWrite(key(NEW), note="most")],
        written_at=NOW + 2,
    )
    assert only(store) == WRITTEN._replace(note="most")
    assert read(store, NEW._replace(note="most"), NOW + 3) == WRITTEN._replace(note="most")
    assert read(store, WRITTEN._replace(note="most"), NOW + 4) == WRITTEN._replace(note="most")
    assert read(store, NEW, NOW + 5) == NEW


def test_a_write_to_a_finding_that_is_not_stored_is_left_out(store: Store) -> None:
    assert store.record_writes([WRITE], written_at=NOW).changed == 0
    assert read(store, NEW, NOW + 1) == NEW


def test_it_goes_with_its_finding(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([WRITE], written_at=NOW + 1)
    store.remove([key(NEW)], asked_at=NOW + 2)
    assert read(store, NEW, NOW + 3) == NEW
    assert store.unconfirmed(NOW + 10 * SETTLING) == []


def test_an_archived_finding_keeps_its_overlay(store: Store) -> None:
    store.write([Read([NEW], NOW)])
    store.record_writes([WRITE], written_at=NOW + 1)
    archived = NEW._replace(record_state=RecordState.ARCHIVED)
    assert read(store, archived, NOW + 2) == archived._replace(**OURS)
    assert store.count(Members.EXCEPTIONAL) == 0


def test_many_are_held_at_once(store: Store) -> None:
    findings = [finding(n) for n in range(2_100)]
    store.write([Read(findings, NOW)])
    writes = [CustomerWrite(key(each), workflow=Workflow.SUPPRESSED) for each in findings]
    assert store.record_writes(writes, written_at=NOW + 1).changed == len(findings)
    assert store.write([Read(findings, NOW + 2)]).changed == 0
    assert store.count(Members.EXCEPTIONAL) == len(findings)
    assert store.write([Read(findings, NOW + SETTLING + 2)]).changed == len(findings)
    assert store.count(Members.EXCEPTIONAL) == 0

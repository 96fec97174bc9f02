"""What outputs are told of findings: by the transaction that changed them, whole, once for each change."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from posture.domain.exceptions.marks import Mark, marked, unmarked
from posture.domain.findings import Compliance, Finding, RecordState, Workflow
from posture.domain.outbox import ChangeKind, EventKind, OutboxEvent, Outlet, StatedChange
from posture.store.errors import StoreError
from posture.store.records import CustomerWrite, Read
from posture.store.sqlite import changes as row_changes
from posture.store.sqlite.store import Store
from tests.support.rows import GUARDDUTY, finding, key, opened

SOC = Outlet("soc", frozenset(EventKind))
OWN = ("Security Hub",)
MANY = 1 << 30


def whole(of: Finding, **fields: Any) -> dict[str, Any]:
    return {
        "Id": of.id,
        "UpdatedAt": of.updated_at,
        "Compliance": of.compliance.name,
        "Workflow": {"Status": of.workflow.name},
        **fields,
    }


def write(store: Store, *findings: Finding, at: int, cursor: int | None = None, **fields: Any) -> None:
    texts = {key(each): msgspec.json.encode(whole(each, **fields)) for each in findings}
    store.write([Read(list(findings), at, wholes=texts)], cursor=cursor)


def told(store: Store, name: str = "soc") -> list[OutboxEvent]:
    return store.outbox.first(name, MANY)


def short(events: list[OutboxEvent]) -> list[tuple[ChangeKind, str, tuple[str, ...]]]:
    return [(each.change, msgspec.json.decode(each.body)["Id"], each.fields) for each in events]


@pytest.fixture
def followed(store: Store) -> Store:
    store.outbox.follow({SOC}, OWN)
    return store


def test_new_changed_and_gone_are_told_in_order_and_whole(followed: Store) -> None:
    first, other = finding(1), finding(2)
    write(followed, first, other, at=2_000, Description="as given")
    passed = first._replace(compliance=Compliance.PASSED, updated_at=3_000)
    write(followed, passed, at=4_000, Description="as given")
    followed.remove([key(first)], asked_at=5_000)
    events = told(followed)
    assert short(events) == [
        (ChangeKind.NEW, first.id, ()),
        (ChangeKind.NEW, other.id, ()),
        (ChangeKind.CHANGED, first.id, ("Compliance",)),
        (ChangeKind.GONE, first.id, ()),
    ]
    assert [each.at for each in events] == [1_000, 1_000, 3_000, 5_000]
    assert msgspec.json.decode(events[-1].body) == whole(passed, Description="as given")
    assert {each.account_id for each in events} == {"111122223333"}
    assert {each.check for each in events} == {first.check}
    assert len({each.id for each in events}) == 4


def test_a_field_that_nobody_else_reads_is_a_change_and_a_daily_refresh_is_none(followed: Store) -> None:
    write(followed, finding(), at=2_000, Description="before")
    write(followed, finding(updated_at=1_500), at=3_000, Description="before", LastObservedAt="later")
    write(followed, finding(updated_at=1_500), at=4_000, Description="after", LastObservedAt="later")
    assert [each[::2] for each in short(told(followed))] == [
        (ChangeKind.NEW, ()),
        (ChangeKind.CHANGED, ("Description",)),
    ]


def test_an_old_copy_is_not_told(followed: Store) -> None:
    write(followed, finding(updated_at=2_000), at=3_000)
    write(followed, finding(updated_at=1_000, compliance=Compliance.PASSED), at=4_000)
    assert [each[0] for each in short(told(followed))] == [ChangeKind.NEW]


def test_nobody_is_told_and_nothing_is_kept_where_no_output_wants_findings(store: Store) -> None:
    store.outbox.follow({Outlet("soc", frozenset({EventKind.SCORE}))}, OWN)
    write(store, finding(), at=2_000)
    store.remove([key(finding())], asked_at=3_000)
    assert told(store) == []
    assert store._database.rows("SELECT * FROM whole") == []


def test_a_first_sweep_is_told_only_to_who_asks_for_it(store: Store) -> None:
    filled = SOC._replace(name="backfilled", backfill=True)
    store.outbox.follow({SOC, filled}, OWN)
    guard = finding("g", check=GUARDDUTY)
    write(store, guard, at=2_000)
    write(store, finding(), at=2_000)
    assert [each.first for each in told(store)] == [True, False]
    store.outbox.follow({SOC}, OWN)
    write(store, finding("h", check=GUARDDUTY), at=3_000)
    write(store, guard._replace(record_state=RecordState.ARCHIVED), at=3_500)
    assert len(told(store)) == 2
    store.outbox.follow({SOC}, (*OWN, "GuardDuty"))
    write(store, finding("i", check=GUARDDUTY), at=4_000)
    write(store, finding("h", check=GUARDDUTY), at=5_000, Description="new")
    assert [(each.change, each.first) for each in told(store)[2:]] == [
        (ChangeKind.NEW, False),
        (ChangeKind.CHANGED, False),
    ]


def test_what_was_stored_before_an_output_was_there_is_told_when_it_changes(store: Store) -> None:
    write(store, finding(1), finding(2), finding(3), at=2_000)
    store.outbox.follow({SOC}, OWN)
    write(store, finding(1), at=3_000)
    write(store, finding(2, compliance=Compliance.PASSED, updated_at=3_000), at=4_000)
    store.remove([key(finding(3))], asked_at=5_000)
    events = told(store)
    assert [each[0] for each in short(events)] == [ChangeKind.CHANGED, ChangeKind.GONE]
    last = msgspec.json.decode(events[-1].body)
    assert last["Id"] == finding(3).id
    assert last["Compliance"]["Status"] == "FAILED"


def test_an_output_that_was_added_with_backfill_is_told_of_each_once(store: Store) -> None:
    write(store, finding(1), at=2_000)
    store.outbox.follow({SOC._replace(backfill=True)}, OWN)
    write(store, finding(1), at=3_000)
    write(store, finding(1), at=4_000)
    assert [(each.change, each.first) for each in told(store)] == [(ChangeKind.NEW, True)]


def test_a_read_that_does_not_show_our_write_yet_is_no_change(followed: Store) -> None:
    write(followed, finding(), at=2_000)
    wrote = CustomerWrite(key(finding()), workflow=Workflow.SUPPRESSED)
    followed.record_writes([wrote], written_at=3_000)
    write(followed, finding(), at=4_000, Note="of before")
    shown = finding(workflow=Workflow.SUPPRESSED)
    write(followed, shown, at=5_000)
    assert [each[::2] for each in short(told(followed))] == [
        (ChangeKind.NEW, ()),
        (ChangeKind.CHANGED, ("Workflow",)),
    ]


def test_an_exception_is_told_when_it_is_made_and_when_it_ends(followed: Store) -> None:
    mark = Mark("prod", "security/s3", Workflow.NEW)
    fields = marked((), mark)
    assert fields is not None
    write(followed, finding(), at=2_000)
    wrote = CustomerWrite(key(finding()), Workflow.SUPPRESSED, "Suppressed", fields, "posture")
    followed.record_writes([wrote], written_at=3_000)
    shown = finding(workflow=Workflow.SUPPRESSED, user_fields=fields, note="Suppressed", note_by="posture")
    write(followed, shown, at=4_000)
    followed.record_writes(
        [CustomerWrite(key(finding()), Workflow.NEW, None, unmarked(fields))], written_at=5_000
    )
    events = [each for each in told(followed) if each.kind is EventKind.EXCEPTION]
    bodies = [msgspec.json.decode(each.body) for each in events]
    assert [(each.change, each.at) for each in events] == [(ChangeKind.NEW, 3_000), (ChangeKind.GONE, 5_000)]
    assert [(each["policy"], each["state"]) for each in bodies] == [
        ("security/s3", "Suppressed"),
        ("security/s3", "Ended"),
    ]


def test_an_exception_that_was_written_before_a_crash_is_told_when_it_is_read(followed: Store) -> None:
    fields = marked((), Mark("prod", "security/s3", Workflow.NEW))
    assert fields is not None
    write(followed, finding(), at=2_000)
    write(followed, finding(workflow=Workflow.SUPPRESSED, user_fields=fields), at=4_000)
    assert [each.kind for each in told(followed)] == [
        EventKind.FINDING,
        EventKind.EXCEPTION,
        EventKind.FINDING,
    ]


def test_what_waits_survives_and_its_ids_stay(path: Path) -> None:
    with opened(path) as store:
        store.outbox.follow({SOC}, OWN)
        write(store, finding(1), finding(2), at=2_000)
        before = told(store)
        store.outbox.settle("soc", before[0].number)
    with opened(path) as store:
        store.outbox.follow({SOC}, OWN)
        assert told(store) == before[1:]
        store.outbox.settle("soc", before[1].number)
        assert store._database.rows("SELECT count(*) FROM outbox") == [(0,)]
    with opened(path) as store:
        store.outbox.follow({SOC}, OWN)
        write(store, finding(3), at=3_000)
        (event,) = told(store)
        assert event.number > before[1].number


def test_what_fails_is_not_told(followed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    write(followed, finding(1), at=2_000)
    with monkeypatch.context() as patched:
        patched.setitem(row_changes._STATEMENTS, "new row", "INSERT INTO nowhere VALUES (?)")
        with pytest.raises((StoreError, Exception)):
            write(followed, finding(2), at=3_000)
    write(followed, finding(3), at=4_000)
    events = told(followed)
    assert [each[1] for each in short(events)] == [finding(1).id, finding(3).id]
    assert [each.number for each in events] == [events[0].number, events[0].number + 1]


def test_each_output_has_its_own_place_and_a_dead_one_keeps_what_it_lacks(store: Store) -> None:
    other = SOC._replace(name="other")
    store.outbox.follow({SOC, other}, OWN)
    write(store, finding(1), finding(2), finding(3), at=2_000)
    events = told(store)
    store.outbox.settle("soc", events[-1].number)
    assert told(store) == []
    assert told(store, "other") == events
    assert store.outbox.waiting("soc") == (0, None)
    assert store.outbox.waiting("other") == (3, 2_000)
    assert store.outbox.follow({SOC}, OWN) == 3
    assert store._database.rows("SELECT count(*) FROM outbox") == [(0,)]


def test_the_oldest_go_first_by_number_and_by_age(followed: Store) -> None:
    for number in range(6):
        write(followed, finding(number), at=2_000 + number)
    assert followed.outbox.drop("soc", most=10, written_before=2_000) == 0
    assert followed.outbox.drop("soc", most=4, written_before=2_000) == 2
    assert [each[1] for each in short(told(followed))] == [finding(number).id for number in range(2, 6)]
    assert followed.outbox.drop("soc", most=4, written_before=2_005) == 3
    assert [each[1] for each in short(told(followed))] == [finding(5).id]


def test_only_so_much_is_read_at_once(followed: Store) -> None:
    write(followed, *(finding(number) for number in range(5)), at=2_000, Description="x" * 1_000)
    assert len(followed.outbox.first("soc", 2_500)) == 3
    assert len(followed.outbox.first("soc", 1)) == 1


def test_a_statement_is_told_when_it_is_another_one(followed: Store) -> None:
    def state(body: bytes, *, gone: bool = False) -> int:
        said = StatedChange("score security/organization", EventKind.SCORE, "security/organization", body, 7)
        return followed.outbox.state([said._replace(gone=gone)], 7)

    assert [state(b"1"), state(b"1"), state(b"2"), state(b"2", gone=True), state(b"", gone=True)] == [
        1,
        0,
        1,
        1,
        0,
    ]
    assert [(each.change, each.body, each.audience) for each in told(followed)] == [
        (ChangeKind.NEW, b"1", "security/organization"),
        (ChangeKind.CHANGED, b"2", "security/organization"),
        (ChangeKind.GONE, b"2", "security/organization"),
    ]

"""Since when findings fail, over every history of copies: recounted one copy after the other."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from posture.domain.findings import Compliance, FailingSince, Finding, RecordState, Workflow
from posture.store.records import CustomerWrite, Read
from posture.store.sqlite.store import Store
from tests.support.examples import seeds
from tests.support.rows import finding, key, opened

FAILED, PASSED, WARNING = Compliance.FAILED, Compliance.PASSED, Compliance.WARNING
CREATED, OBSERVED = 1, 7


def since(store: Store, number: int = 1) -> FailingSince | None:
    (row,) = store.read_findings([key(finding(number))])
    return row.failing


def read(store: Store, *copies: Finding, asked_at: int = 1) -> FailingSince | None:
    store.write([Read(copies, asked_at)])
    return since(store)


def copy(updated_at: int, compliance: Compliance = FAILED, **fields: Any) -> Finding:
    return finding(updated_at=updated_at, compliance=compliance, **{"first_observed_at": OBSERVED, **fields})


def recounted(copies: list[tuple[int, Finding]]) -> FailingSince | None:
    """The slow truth: what is told of the copies that each came after all that counted before it."""
    counted: list[tuple[int, Finding]] = []
    for asked_at, each in copies:
        if all((each.updated_at, asked_at) >= (other.updated_at, at) for at, other in counted):
            counted.append((asked_at, each))
    fails = [each.compliance in {FAILED, Compliance.NONE} for _, each in counted]
    if not fails[-1]:
        return None
    first = max((n for n, failed in enumerate(fails) if not failed), default=-1) + 1
    begun = counted[first][1]
    if first > 0:
        return FailingSince(begun.updated_at, begun.updated_at)
    observed = begun.created_at if begun.first_observed_at is None else begun.first_observed_at
    return FailingSince(min(observed, begun.updated_at), begun.updated_at)


@seeds(150)
def test_it_is_what_a_recount_of_all_copies_says(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    path = tmp_path / "hub.db"
    store = Store.open(path, owner="hub").store
    known: dict[bytes, list[tuple[int, Finding]]] = {}
    latest, in_flight = 0, 1
    for _ in range(random.randrange(1, 14)):
        reads = []
        for _ in range(random.randrange(1, 4)):
            latest += 1
            # Late answers and repeats, of the same request or of one before.
            asked_at = random.choice((latest, latest, max(in_flight, latest - 3)))
            copies = [
                finding(
                    random.randrange(3),
                    updated_at=random.randrange(1, 3 + latest),
                    compliance=random.choice((FAILED, FAILED, FAILED, *Compliance)),
                    record_state=random.choice((RecordState.ACTIVE, *RecordState)),
                    workflow=random.choice(list(Workflow)),
                    created_at=random.randrange(8),
                    first_observed_at=random.choice((None, *range(8))),
                )
                for _ in range(random.randrange(4))
            ]
            copies += random.sample(copies, random.randrange(len(copies) + 1))
            reads.append(Read(copies, asked_at))
            for each in copies:
                known.setdefault(key(each), []).append((asked_at, each))
        store.write(reads)
        if random.random() < 0.3:
            writes = [CustomerWrite(each, workflow=random.choice(list(Workflow))) for each in known]
            store.record_writes(writes, written_at=latest)
        if random.random() < 0.2:
            store.close()
            store = Store.open(path, owner="hub").store
        if random.random() < 0.1 and known:
            one = random.choice(sorted(known))
            latest += 1
            store.remove([one], asked_at=latest)
            # What was asked for before does not bring it back: other tests see to that.
            in_flight = latest + 1
            del known[one]
        stored = {key(each): each.failing for s in RecordState for each in store.findings(state=s)}
        assert stored == {each: recounted(copies) for each, copies in known.items()}
    store.close()


def test_a_finding_that_fails_when_it_is_first_read_does_so_since_it_was_first_observed(store: Store) -> None:
    assert read(store, copy(50)) == (OBSERVED, 50)
    assert read(store, copy(60), asked_at=2) == (OBSERVED, 50)
    assert read(store, copy(60, first_observed_at=3), asked_at=3) == (OBSERVED, 50), "it is told once"


@pytest.mark.parametrize(("observed", "expected"), [(None, CREATED), (999, 50)])
def test_without_that_it_is_the_creation_and_never_after_the_update(
    store: Store, observed: int | None, expected: int
) -> None:
    assert read(store, copy(50, first_observed_at=observed)) == (expected, 50)


@pytest.mark.parametrize("before", [PASSED, WARNING, Compliance.NOT_AVAILABLE])
def test_a_turn_that_was_seen_counts(store: Store, before: Compliance) -> None:
    assert read(store, copy(50, before)) is None
    assert read(store, copy(60), asked_at=2) == (60, 60)
    assert read(store, copy(70, before), asked_at=3) is None
    assert read(store, copy(80), asked_at=4) == (80, 80)


def test_a_turn_counts_though_one_answer_holds_both_copies(store: Store) -> None:
    assert read(store, copy(50), asked_at=1) == (OBSERVED, 50)
    assert read(store, copy(60, PASSED), copy(70), asked_at=2) == (70, 70)
    assert read(store, copy(40, PASSED), copy(71), asked_at=3) == (70, 70), "an old copy changes nothing"


def test_without_compliance_it_fails_as_long_as_it_is_there(store: Store) -> None:
    assert read(store, copy(50, Compliance.NONE)) == (OBSERVED, 50)
    assert read(store, copy(60, Compliance.NONE), asked_at=2) == (OBSERVED, 50)


def test_what_customers_and_the_archive_do_changes_nothing(store: Store) -> None:
    read(store, copy(50))
    store.record_writes([CustomerWrite(key(finding()), workflow=Workflow.SUPPRESSED)], written_at=2)
    assert since(store) == (OBSERVED, 50)
    assert read(store, copy(50, workflow=Workflow.SUPPRESSED), asked_at=3) == (OBSERVED, 50)
    assert read(store, copy(60, record_state=RecordState.ARCHIVED), asked_at=4) == (OBSERVED, 50)
    assert read(store, copy(70), asked_at=5) == (OBSERVED, 50)


def test_rows_of_the_version_before_are_told_by_the_next_copy(store: Store) -> None:
    for number in (1, 2):
        store.write([Read([finding(number, updated_at=50, compliance=FAILED)], 1)])
    with store._database.transaction() as connection:
        connection.execute("UPDATE finding SET failing = NULL, seen = NULL")
    assert since(store) is None
    (cell,) = store.cells(None, cutoff=0)
    same = store.write([Read([finding(1, updated_at=50, first_observed_at=OBSERVED)], 2)])
    assert since(store) == (OBSERVED, 50)
    assert (same.changed, same.cells, same.news, same.corrections) == (0, {cell.key}, None, {})
    assert store.count(asked_before=2) == 1, "it was seen"
    store.write([Read([finding(2, updated_at=70, first_observed_at=OBSERVED)], 2)])
    assert since(store, 2) == (OBSERVED, 70)


def test_a_turn_from_a_row_of_the_version_before_is_a_turn(store: Store) -> None:
    store.write([Read([copy(50, PASSED), finding(2, updated_at=50)], 1)])
    with store._database.transaction() as connection:
        connection.execute("UPDATE finding SET failing = NULL, seen = NULL")
    assert read(store, copy(60), asked_at=2) == (60, 60)


def test_it_outlives_a_restart(path: Path) -> None:
    with opened(path) as store:
        read(store, copy(50, PASSED))
        read(store, copy(60), asked_at=2)
    with opened(path) as store:
        assert since(store) == (60, 60)
        assert read(store, copy(70), asked_at=3) == (60, 60)

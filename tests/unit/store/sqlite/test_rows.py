"""What goes in comes out: whole findings, and of many copies the one that counts."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import Compliance, Finding, RecordState, Resource, Severity, Workflow
from posture.store.records import Members, Read
from posture.store.sqlite.store import Store
from tests.support.examples import examples
from tests.support.rows import (
    EC2_2,
    GUARDDUTY,
    OWNER,
    S3_1,
    as_read,
    content,
    emptied,
    finding,
    key,
    opened,
    stored,
)
from tests.support.strategies import small_findings, whole_findings


@examples(25)
@given(st.lists(whole_findings(), max_size=6, unique_by=lambda each: (each.product_arn, each.id)))
def test_whole_findings_survive_a_restart(
    tmp_path_factory: pytest.TempPathFactory, findings: list[Finding]
) -> None:
    path = tmp_path_factory.mktemp("store") / "hub.db"
    with opened(path) as store:
        written = store.write([Read(findings, 7)])
        assert written.changed == len(findings)
        assert content(store) == {key(each): each for each in findings}
    with opened(path) as store:
        assert content(store) == {key(each): each for each in findings}
        assert store.write([Read(findings, 8)]).changed == 0
        assert set(store.checks()) >= {each.check for each in findings}


Answer = tuple[int, list[Finding]]
answers = st.tuples(st.integers(0, 6), st.lists(small_findings(), max_size=4))


def counts(answers: list[Answer]) -> dict[bytes, tuple[int, int, Finding]]:
    """The slow truth: the copy with the greatest (updated_at, asked_at), the later one of equals."""
    best: dict[bytes, tuple[int, int, Finding]] = {}
    for asked_at, findings in answers:
        for each in findings:
            known = best.get(key(each))
            if known is None or (each.updated_at, asked_at) >= known[:2]:
                best[key(each)] = (each.updated_at, asked_at, each)
    return best


@examples(100)
@given(st.lists(st.lists(answers, max_size=3), max_size=6))
def test_copies_in_any_grouping_give_what_counts(shared_store: Store, batches: list[list[Answer]]) -> None:
    store = emptied(shared_store)
    before: dict[bytes, Finding] = {}
    for batch in batches:
        written = store.write([Read(findings, asked_at) for asked_at, findings in batch])
        after = content(store)
        assert written.changed == sum(before.get(k) != v for k, v in after.items())
        before = after
    best = counts([answer for batch in batches for answer in batch])
    assert before == {k: each for k, (_, _, each) in best.items()}
    for asked_before in range(8):
        unread = {k for k, (_, asked_at, _) in best.items() if asked_at < asked_before}
        assert store.count(asked_before=asked_before) == len(unread)


def test_touched_cells_are_those_before_and_after(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.db") as store:
        (there,) = store.write([Read([finding()], 1)]).cells
        moved = store.write([Read([finding(check=EC2_2, updated_at=2_000)], 2)]).cells
        assert there in moved
        assert len(moved) == 2
        gone = store.write(
            [Read([finding(check=EC2_2, updated_at=2_000, record_state=RecordState.ARCHIVED)], 3)]
        )
        assert gone.cells == moved - {there}
        again = store.write(
            [Read([finding(check=EC2_2, updated_at=3_000, record_state=RecordState.ARCHIVED)], 4)]
        )
        assert (again.changed, again.cells) == (1, set())


def test_every_field_that_changes_is_a_change(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.db") as store:
        store.write([Read([finding()], 1)])
        changes: list[dict[str, Any]] = [
            {"title": "Another title"},
            {"severity": Severity.CRITICAL},
            {"compliance": Compliance.PASSED},
            {"record_state": RecordState.ARCHIVED},
            {"created_at": 5},
            {"updated_at": 1_001},
            {"resources": (Resource("AwsS3Bucket", "b", (("k", "v"),)),)},
            {"workflow": Workflow.SUPPRESSED},
            {"note": "why"},
            {"note_by": "somebody"},
            {"user_fields": (("k", "v"),)},
            {"region": "us-east-1"},
            {"account_id": "444455556666"},
            {"check": GUARDDUTY},
        ]
        current: dict[str, Any] = {}
        for asked_at, change in enumerate(changes, 2):
            current |= change
            assert store.write([Read([finding(**current)], asked_at)]).changed == 1, change
            assert stored(store, [finding()]) == [finding(**current)]
            assert store.write([Read([finding(**current)], asked_at)]).changed == 0


def test_news_is_the_oldest_update_that_was_not_known(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.db") as store:
        written = store.write([Read([finding(1, updated_at=50), finding(2, updated_at=40)], 1)])
        assert written.news == 40
        quiet = [finding(1, updated_at=50, workflow=Workflow.NOTIFIED), finding(2, updated_at=40)]
        assert store.write([Read(quiet, 2)]).news is None
        moved = [finding(1, updated_at=70), finding(2, updated_at=60), finding(3, updated_at=80)]
        assert store.write([Read(moved, 3)]).news == 60


def test_the_newest_finding_names_its_account(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with opened(path) as store:
        assert store.write([Read([finding(1, account_name="", updated_at=9)], 1)]).renamed is False
        assert store.account_names() == {}
        assert store.write([Read([finding(2, account_name="old", updated_at=10)], 2)]).renamed is True
        assert store.write([Read([finding(3, account_name="new", updated_at=20)], 3)]).renamed is True
        assert store.write([Read([finding(4, account_name="old", updated_at=15)], 4)]).renamed is False
        assert store.write([Read([finding(5, account_name="", updated_at=30)], 5)]).renamed is False
        assert store.account_names() == {"111122223333": "new"}
    with opened(path) as store:
        assert store.account_names() == {"111122223333": "new"}
        assert store.write([Read([finding(6, account_name="old", updated_at=15)], 6)]).renamed is False
        assert {each.account_name for each in content(store).values()} == {"new"}


def test_state_is_stored_with_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with opened(path) as store:
        store.write([Read([finding()], 1)], state={"cursor": "1", "sweep/a": "x", "sweep/b": "y"})
        store.put_state({"sweep/b": None, "other": "z"})
        store.remove([key(finding())], asked_at=2, state={"cursor": "2"})
    with opened(path) as store:
        assert (store.state("cursor"), store.state("sweep/b")) == ("2", None)
        assert store.states("sweep/") == {"sweep/a": "x"}
        assert store.states() == {"cursor": "2", "other": "z", "sweep/a": "x"}


def test_summary_counts_rows_by_product(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.db") as store:
        assert store.summary() == (0, 0, {}, None)
        store.write([Read([finding(1), finding(2, record_state=RecordState.ARCHIVED)], 5)])
        store.write([Read([finding(3, check=GUARDDUTY)], 3)])
        assert store.summary() == (3, 2, {"Security Hub": 2, "GuardDuty": 1}, 3)


def test_more_texts_than_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posture.store.sqlite.dimensions.MAX_WORDS", 3)
    findings = [finding(n, title=f"Title {n}", product_arn=f"arn:{n}") for n in range(10)]
    path = tmp_path / "hub.db"
    with opened(path) as store:
        store.write([Read(findings, 1)])
        assert stored(store, findings) == findings
    with opened(path) as store:
        assert store.write([Read(findings, 2)]).changed == 0
        assert {ref.product_arn for ref in store.unread(Members.ALL, 9)} == {f"arn:{n}" for n in range(10)}


def test_findings_by_check_account_and_region(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.db") as store:
        findings = [
            finding(n, check=check, account_id=account, region=region, account_name="")
            for n, (check, account, region) in enumerate(
                (check, account, region)
                for check in (S3_1, EC2_2)
                for account in ("1", "2")
                for region in ("eu", "us")
            )
        ]
        store.write([Read(findings, 1)])
        assert {each.check for each in store.findings(checks=[EC2_2, GUARDDUTY])} == {EC2_2}
        assert {each.account_id for each in store.findings(accounts=["2", "3"])} == {"2"}
        assert {each.region for each in store.findings(regions=["eu"])} == {"eu"}
        (one,) = store.findings(checks=[S3_1], accounts=["1"], regions=["us"])
        assert as_read(one) == findings[1]
        assert list(store.findings(checks=[])) == list(store.findings(accounts=["9"])) == []
        cells = store.write([Read([findings[1]._replace(note="n")], 2)]).cells
        assert [each.note for _, those in store.surveyed(cells, RecordState.ACTIVE) for each in those] == [
            "n"
        ]


def test_a_cell_larger_than_a_page_is_read_whole(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.db") as store:
        findings = [finding(n, severity=Severity(n % 5), account_name="") for n in range(2_500)]
        store.write([Read(findings, 1)])
        assert sorted(each.id for each in store.findings()) == sorted(each.id for each in findings)
        assert len(list(store.read_findings([key(each) for each in findings]))) == 2_500


def test_closing_twice_is_fine(tmp_path: Path) -> None:
    opened_store = Store.open(tmp_path / "deep" / "er" / "hub.db", owner=OWNER)
    assert opened_store.quarantined is None
    opened_store.store.close()
    opened_store.store.close()


def test_checks_are_stored_as_versions_before_stored_them(path: Path) -> None:
    """A store of before is opened, not swept again."""
    with opened(path) as store:
        store.write([Read([finding(1, check=S3_1), finding(2, check=GUARDDUTY)], 1)])
        blobs = [blob for (blob,) in store._database.rows("SELECT value FROM chk ORDER BY id")]
    assert {tuple(msgspec.msgpack.decode(blob)[:2]) for blob in blobs} == {
        ("Security Hub", True),
        ("GuardDuty", False),
    }

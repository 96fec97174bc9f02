"""No query sorts or reads more than it must: seconds at a million rows, whatever the machine of the test."""

import re

from posture.domain.findings import RecordState
from posture.domain.objectives.failed import ResolveLimits
from posture.store.records import CustomerWrite, FailedAsk, Members, Read
from posture.store.sqlite.store import Store
from tests.support.rows import EC2_2, S3_1, finding, key

SMALL = {"meta", "state", "rejected", "overlay"}
WHOLE = {
    "SELECT state, chk, count(*), min(asked) FROM finding GROUP BY state, chk",
    "SELECT count(*) FROM finding WHERE state >= 0",
    "SELECT count(*) FROM unreadable",
    "SELECT 1 FROM unreadable LIMIT 1",
    "SELECT id, product_arn, account, why FROM unreadable LIMIT 20",
}


def use_everything(store: Store) -> None:
    findings = [finding(n, check=(S3_1, EC2_2)[n % 2], account_id=str(n % 3)) for n in range(20)]
    cells = store.write([Read(findings, 1)], state={"a": "b"}).cells
    store.write([Read([each._replace(updated_at=2_000) for each in findings], 2)])
    store.record_writes([CustomerWrite(key(findings[0]), note="n")], written_at=3)
    store.unconfirmed(10**12)
    for members in Members:
        list(store.unread(members, 9))
        list(store.unread(members, 9, products=["Security Hub"]))
        store.count(members, asked_before=9)
        store.count(members)
    list(store.cells(None, cutoff=0))
    list(store.cells(cells, cutoff=0))
    ask = FailedAsk(9, ResolveLimits(medium=1), 5_000)
    list(store.failed_cells(None, ask))
    for row in store.failed_cells(cells, ask):
        store.overdue_findings(row.key, ask, most=3)
    list(store.read_findings(map(key, findings)))  # type: ignore[arg-type]  # any iterable would do
    list(store.findings(accounts=["1"]))
    list(store.findings(state=RecordState.ARCHIVED))
    for state in RecordState:
        store.surveyed_cells([S3_1, EC2_2], state)
        list(store.surveyed([*cells][:2], state))
        store.annotated_cells(state)
    list(store.passed_suppressed([S3_1, EC2_2]))
    store.put_moments({"a": {b"k": 1, b"l": None}, "b": {b"k": 1}}, subjects=["a"])
    store.moments("a")
    store.write([Read(findings, 4, {key(findings[0]): "odd"})])
    store.write([Read(findings, 5)])
    store.unreadable()
    store.count_unreadable()
    store.remove([key(findings[0])], asked_at=9)
    store.forget_archived(9)
    store.purge_products(set())
    store.summary()


def test_plans(store: Store) -> None:
    connection = store._database._connection
    assert connection
    statements: set[str] = set()
    connection.set_trace_callback(statements.add)
    use_everything(store)
    connection.set_trace_callback(None)
    plans = {
        statement: " | ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
        for statement in statements
        if re.match(r"(SELECT|UPDATE|DELETE)", statement)
    }
    assert len(plans) > 20
    for statement, plan in plans.items():
        assert "TEMP B-TREE" not in plan, (statement, plan)
        for table in re.findall(r"SCAN (?!\d+ CONSTANT ROW)(\w+)", plan):
            assert table in SMALL or statement in WHOLE, (statement, plan)

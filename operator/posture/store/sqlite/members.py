"""Sets of stored findings: how many there are, and which of them have not been seen since a moment."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from posture.domain.findings import RecordState
from posture.store.records import FindingRef, Members, Summary
from posture.store.sqlite import schema
from posture.store.sqlite.changes import ACTIVE
from posture.store.sqlite.database import Database
from posture.store.sqlite.dimensions import Dimensions
from posture.store.sqlite.encoding import decode_provider

# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound


ROWS_A_PAGE = 1000

_AFTER = schema.PLACE.removeprefix("state, ")
_FIRST = (*(-1,) * 6, b"")
_CONDITIONS = {
    Members.ALL: "state >= 0",
    Members.ACTIVE: f"state = {ACTIVE}",
    Members.EXCEPTIONAL: schema.EXCEPTIONAL,
    Members.NOT_PASSED: f"state = {ACTIVE} AND compliance <> 0",
    Members.UNSUPPRESSED: f"state = {ACTIVE} AND compliance <> 0 AND workflow <> 3",
}


def unread(
    database: Database,
    dimensions: Dimensions,
    members: Members,
    asked_before: int,
    products: Collection[str] | None,
) -> Iterator[FindingRef]:
    """Yield members that no request since `asked_before` has returned, page by page in the order of rows."""
    where, arguments = _where(dimensions, members, asked_before, products)
    for state in RecordState if members is Members.ALL else (RecordState.ACTIVE,):
        # With the state as a constant the rest of the key is searched, not scanned.
        page = (
            f"SELECT {_AFTER}, body.provider FROM {_table(members)} CROSS JOIN body ON body.id = body"
            f" WHERE {where} AND state = {int(state)} AND ({_AFTER}) > (?, ?, ?, ?, ?, ?, ?)"
            f" ORDER BY {_AFTER} LIMIT {ROWS_A_PAGE}"
        )
        position: tuple[Any, ...] = _FIRST
        while rows := database.rows(page, (*arguments, *position)):
            for row in rows:
                yield dimensions.reference(row[6], decode_provider(row[7]))
            position = rows[-1][:7]


def count(
    database: Database,
    dimensions: Dimensions,
    members: Members,
    asked_before: int | None,
    products: Collection[str] | None,
) -> int:
    """Count members; only those not seen since `asked_before`, when that is given."""
    where, arguments = _where(dimensions, members, asked_before, products)
    return int(database.rows(f"SELECT count(*) FROM {_table(members)} WHERE {where}", arguments)[0][0])


def _table(members: Members) -> str:
    return "finding INDEXED BY finding_exceptional" if members is Members.EXCEPTIONAL else "finding"


def _where(
    dimensions: Dimensions, members: Members, asked_before: int | None, products: Collection[str] | None
) -> tuple[str, tuple[Any, ...]]:
    where = _CONDITIONS[members]
    arguments: tuple[Any, ...] = ()
    if asked_before is not None:
        where, arguments = f"{where} AND asked < ?", (asked_before,)
    if products is not None:
        # The plus sign keeps the rows in their order: no search by check.
        checks = ",".join(map(str, dimensions.checks_of(products))) or "-1"
        where = f"{where} AND +chk IN ({checks})"
    return where, arguments


def summarize(database: Database, dimensions: Dimensions) -> Summary:
    """Count all rows; one pass over them."""
    products: Counter[str] = Counter()
    active = 0
    oldest: int | None = None
    for state, check, n, asked in database.rows(
        "SELECT state, chk, count(*), min(asked) FROM finding GROUP BY state, chk"
    ):
        products[dimensions.checks.values[check].product] += n
        active += n if state == ACTIVE else 0
        oldest = asked if oldest is None else min(oldest, asked)
    return Summary(products.total(), active, products, oldest)

"""Answering GetFindings from the store: which index to walk, from where, and what to check on the way.

A page is live: it continues behind a position (sort values, seq), wherever the findings are by then.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sandbox.securityhub.asff import Keys, decode
from sandbox.securityhub.filters import (
    Condition,
    DateCondition,
    FindingFilter,
    StringCondition,
    holds,
)
from sandbox.securityhub.ordering import Sorting, SortKey
from sandbox.securityhub.store import FindingClass, Store

_COLUMNS = {
    "Id": "id",
    "ProductArn": "product_arn",
    "AwsAccountId": "account",
    "Region": "region",
    "SeverityLabel": "severity",
    "GeneratorId": "generator",
    "ComplianceSecurityControlId": "control",
}
_TIMES = {"UpdatedAt": "updated", "NoteUpdatedAt": "noted"}
_CLASS_FIELDS: Mapping[str, Callable[[FindingClass], str | None]] = {
    "ProductName": lambda shared: shared.product_name,
    "RecordState": lambda shared: shared.record,
    "WorkflowStatus": lambda shared: shared.workflow,
    "ComplianceStatus": lambda shared: shared.compliance,
}
_FEW_ACCOUNTS = 20
_WORTH_AN_INDEX = 0.5


class View(NamedTuple):
    """Whose findings a caller sees: accounts and Regions; None: all of them."""

    accounts: frozenset[str] | None = None
    regions: frozenset[str] | None = None

    def shows(self, account: str | None, region: str | None) -> bool:
        """Say whether a finding of this account and Region is seen."""
        return (self.accounts is None or account in self.accounts) and (
            self.regions is None or region in self.regions
        )


@dataclass(frozen=True, slots=True)
class StaleCopy:
    """An older state of a finding that this read shows in place of the present one."""

    keys: Keys
    body: bytes


@dataclass(frozen=True, slots=True)
class Query:
    """One page's question. `after`: the position behind which it goes on; None: from the start.

    `stale`: findings to be shown in an older state; None: not at all yet.
    """

    filters: FindingFilter
    view: View
    sorting: Sorting
    limit: int
    after: SortKey | None = None
    stale: Mapping[int, StaleCopy | None] = field(default_factory=dict)


class Row(NamedTuple):
    """One finding of a page and its position."""

    position: SortKey
    seq: int
    body: bytes


class Page(NamedTuple):
    """A page of findings; `more`: others follow."""

    rows: list[Row]
    more: bool


@dataclass(slots=True)
class _Sql:
    """Conditions that SQLite checks, joined by AND, and their values."""

    clauses: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, clause: str, *values: object) -> None:
        self.clauses.append(clause)
        self.values.extend(values)

    def is_one_of(self, column: str, members: Sequence[object], *, negated: bool = False) -> None:
        marks = ",".join("?" * len(members))
        self.add(f"{column} {'NOT ' if negated else ''}IN ({marks})", *members)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What SQLite checks, what is left for the decoded finding, and the index ranges to merge."""

    where: _Sql
    rest: Mapping[str, Condition]
    ranges: Sequence[tuple[str, object]]


def fetch(store: Store, query: Query) -> Page:
    """Return one page of the findings that the query asks for."""
    plan = _plan(store, query)
    found = _walk(store, plan, query) if query.sorting.by_updated else _sort_all(store, plan, query)
    rows: list[Row] = []
    merged = heapq.merge(found, _stale_rows(query), key=lambda row: row.position) if query.stale else found
    more = False
    for row in merged:
        if len(rows) == query.limit:
            more = True
            break
        rows.append(row)
    unread = store.bodies([row.seq for row in rows if not row.body])
    return Page([row if row.body else row._replace(body=unread[row.seq]) for row in rows], more)


def count(store: Store, filters: FindingFilter, view: View) -> int:
    """Return how many findings match, by looking at all of them."""
    query = Query(filters, view, Sorting(()), limit=0)
    return sum(1 for _ in _walk(store, _plan(store, query), query))


def _plan(store: Store, query: Query) -> _Plan:
    where, rest = _Sql(), {}
    classes = set(store.classes)
    for attribute, condition in query.filters.conditions.items():
        if attribute in _CLASS_FIELDS:
            assert isinstance(condition, StringCondition)  # noqa: S101 - so the model declares these attributes
            classes &= _classes_that_pass(store, _CLASS_FIELDS[attribute], condition)
        elif attribute in _TIMES and isinstance(condition, DateCondition):
            column = _TIMES[attribute]
            windows = " OR ".join(f"{column} BETWEEN ? AND ?" for _ in condition.windows)
            where.add(f"({windows})", *(limit for window in condition.windows for limit in window))
            if column == "noted":
                where.add("noted IS NOT NULL")
            else:
                _bound(where, condition)
        elif attribute in _COLUMNS and isinstance(condition, StringCondition):
            _add_string_condition(where, _COLUMNS[attribute], condition)
        else:
            rest[attribute] = condition
    _limit_to_view(where, store, query.view)
    return _choose_ranges(store, query, _Plan(where, rest, ()), classes)


def _bound(where: _Sql, condition: DateCondition) -> None:
    """Say the outer bounds of several windows too: they are what the index can use."""
    if len(condition.windows) > 1:
        low = min(start for start, _ in condition.windows)
        high = max(end for _, end in condition.windows)
        where.add("updated BETWEEN ? AND ?", low, high)


def _classes_that_pass(
    store: Store, read: Callable[[FindingClass], str | None], condition: StringCondition
) -> set[int]:
    return {
        number
        for number, shared in store.classes.items()
        if condition.holds([value] if (value := read(shared)) is not None else [])
    }


def _add_string_condition(where: _Sql, column: str, condition: StringCondition) -> None:
    wanted = _Sql()
    if condition.equals:
        wanted.is_one_of(column, sorted(condition.equals))
    for prefix in condition.prefixes:
        wanted.add(f"substr({column}, 1, ?) = ?", len(prefix), prefix)
    if wanted.clauses:
        where.add(f"({' OR '.join(wanted.clauses)})", *wanted.values)
    unwanted = _Sql()
    if condition.not_equals:
        unwanted.is_one_of(column, sorted(condition.not_equals), negated=True)
    for prefix in condition.not_prefixes:
        unwanted.add(f"substr({column}, 1, ?) != ?", len(prefix), prefix)
    if unwanted.clauses:
        where.add(f"({column} IS NULL OR ({' AND '.join(unwanted.clauses)}))", *unwanted.values)


def _limit_to_view(where: _Sql, store: Store, view: View) -> None:
    # A finding without an account is in no view; it counts as hidden.
    if view.accounts is not None and store.account_counts.keys() - view.accounts:
        where.is_one_of("account", sorted(_accounts(store, view)))
    if view.regions is not None:
        where.is_one_of("region", sorted(view.regions))


def _choose_ranges(store: Store, query: Query, plan: _Plan, classes: set[int]) -> _Plan:
    """Pick the narrowest of: the Ids asked for, what is noted, a few accounts, the classes that pass, all."""
    ids = query.filters.conditions.get("Id")
    if isinstance(ids, StringCondition) and ids.only_equals:
        _limit_to_classes(plan.where, store, classes)
        return replace(plan, ranges=[("id", value) for value in sorted(ids.equals)])
    if "NoteUpdatedAt" in query.filters.conditions:
        _limit_to_classes(plan.where, store, classes)
        return replace(plan, ranges=[("noted", None)])
    accounts = _accounts_asked_for(store, query)
    in_accounts = sum(store.account_counts[account] for account in accounts)
    in_classes = sum(store.class_counts[number] for number in classes)
    if len(accounts) <= _FEW_ACCOUNTS and in_accounts <= in_classes and in_accounts < len(store):
        _limit_to_classes(plan.where, store, classes)
        return replace(plan, ranges=[("account", account) for account in accounts])
    if in_classes <= len(store) * _WORTH_AN_INDEX:
        filled = [number for number in sorted(classes) if store.class_counts[number]]
        return replace(plan, ranges=[("class", number) for number in filled])
    _limit_to_classes(plan.where, store, classes)
    return replace(plan, ranges=[("updated", None)])


def _limit_to_classes(where: _Sql, store: Store, classes: set[int]) -> None:
    if len(classes) < len(store.classes):
        where.is_one_of("class", sorted(classes))


def _accounts_asked_for(store: Store, query: Query) -> list[str]:
    known = _accounts(store, query.view)
    condition = query.filters.conditions.get("AwsAccountId")
    if isinstance(condition, StringCondition):
        known = {account for account in known if condition.holds([account])}
    return sorted(known)


def _accounts(store: Store, view: View) -> set[str]:
    """Return the accounts in view that have findings."""
    known = {account for account in store.account_counts if account is not None}
    return known if view.accounts is None else known & view.accounts


_INDEX_OF_RANGE = {
    "id": "by_id",
    "account": "by_account",
    "class": "by_class",
    "updated": "by_updated",
    "noted": "by_noted",
}


def _walk(store: Store, plan: _Plan, query: Query) -> Iterator[Row]:
    """Yield matching rows in the order of (UpdatedAt, seq), merged over the plan's index ranges.

    Bodies are left empty where no condition needs them.
    """
    cursors = [_range_cursor(store, plan, query, column, value) for column, value in plan.ranges]
    sign = -1 if query.sorting.descending else 1
    keyed = heapq.merge(*cursors, key=lambda row: (sign * row[1], sign * row[0]))
    for seq, updated in keyed:
        if seq in query.stale:
            continue
        body = store.body(seq) if plan.rest else b""
        if _passes(plan.rest, body):
            yield Row((sign * updated, sign * seq), seq, body)


def _range_cursor(
    store: Store, plan: _Plan, query: Query, column: str, value: object
) -> Iterator[tuple[int, int]]:
    where = _Sql(list(plan.where.clauses), list(plan.where.values))
    if value is not None:
        where.add(f"{column} = ?", value)
    down = query.sorting.descending
    if query.after is not None and query.sorting.by_updated:
        sign = -1 if down else 1
        where.add(f"(updated, seq) {'<' if down else '>'} (?, ?)", *(sign * part for part in query.after))
    condition = f" WHERE {' AND '.join(where.clauses)}" if where.clauses else ""
    direction = "DESC" if down else "ASC"
    order = f"updated {direction}, seq {direction}"
    index = _INDEX_OF_RANGE[column]
    sql = f"SELECT seq, updated FROM findings INDEXED BY {index}{condition} ORDER BY {order}"  # noqa: S608 - column names are this module's, values are bound
    return store.connection.execute(sql, where.values)


def _passes(rest: Mapping[str, Condition], body: bytes) -> bool:
    if not rest:
        return True
    finding = decode(body)
    return finding is not None and all(holds(finding, name, it) for name, it in rest.items())


def _sort_all(store: Store, plan: _Plan, query: Query) -> Iterator[Row]:
    """Yield matching rows in any other order: all of them are read and sorted for each page."""
    rows = []
    everything = replace(query, after=None, sorting=Sorting(()))
    for row in _walk(store, plan, everything):
        body = row.body or store.body(row.seq)
        position = query.sorting.position(0, body, row.seq)
        if query.after is None or position > query.after:
            rows.append(Row(position, row.seq, body))
    rows.sort(key=lambda row: row.position)
    yield from rows


def _stale_rows(query: Query) -> list[Row]:
    rows = []
    for seq, copy in query.stale.items():
        finding = decode(copy.body) if copy is not None else None
        if copy is None or finding is None or not query.filters.matches(finding):
            continue
        if query.view.shows(copy.keys.account, copy.keys.region):
            position = query.sorting.position(copy.keys.updated, copy.body, seq)
            if query.after is None or position > query.after:
                rows.append(Row(position, seq, copy.body))
    return sorted(rows, key=lambda row: row.position)

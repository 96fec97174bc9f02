"""The oracle's answer: every scope worked out for itself."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from tests.support.oracle.asff import microseconds
from tests.support.oracle.case import Case
from tests.support.oracle.scope import Scope


def scores(
    findings: Iterable[dict[str, Any]],
    spec: Mapping[str, Any],
    hub: Mapping[str, Any],
    now: datetime | int,
    turned_off: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Work out every number of one PostureTarget.

    `findings`: ASFF as AWS's JSON, whatever their state; malformed ones are passed over. `spec`: as in the
    PostureTarget's YAML; what is left out has its default. `now`: aware datetime, or microseconds since the
    epoch. `hub`: {"account", "region", "members": {id: name or None}, "granted": [globs], "standards": {name:
    {"complete": bool, "controls": [{"id", "enabled", "numbers": [...]}]}}}, `members` and `granted` optional;
    "enabled" is of the hub's own account and Region; a standard's "provider" is AWS unless it says otherwise.
    `turned_off`: what policies turned off, {"standard", "control", "account", "region", "status"} with the
    status it had then ("PASSED", …). `hub["organization"]`, optional: {"accounts": {id: {"name", "state"}},
    "tags": {id: {key: value}}}, of the accounts whose tags are known.

    Returns {"target": S, "standards": {standard: S}, "workloads": {(standard, workload, environment): S},
    "accounts": {(standard, id): S}, "controls": C, "standardControls": {standard: C}, "statuses": {(standard,
    control id): status}, "findings": {(product, account, severity, state): n}, "failedFindings": {(standard,
    account): n} of those whose control is on there in the standard, "reporting", "silent", "unusable",
    "ungrouped", "excluded", "unmatched": sorted ids, "groups": {id: (workload, environment)}, "owners": {id:
    owner}} where S is {"aws", "unsuppressed", "expected"}, each (passed, scored) or None, and
    C counts controls by status in lower case.
    Workloads and accounts without any score are left out.
    """
    case = Case(list(findings), spec, hub, microseconds(now), turned_off)
    accounts = {
        account for account in case.known_accounts if case.granted(account) and case.included(account)
    }
    reporting = case.reporting(accounts)
    told = {account: case.group(account) for account in sorted(accounts)}
    groups = {account: group for account, group in told.items() if group is not None}
    # Any of them may be in any workload.
    lost = any(case.speaks(account) for account in accounts - groups.keys())
    target = Scope(case, accounts, case.standards)
    by_standard = {standard: Scope(case, accounts, [standard]) for standard in case.standards}
    workloads = {
        (standard, workload, environment): Scope(
            case, {a for a, group in groups.items() if group[:2] == (workload, environment)}, [standard]
        ).scores()
        for standard in case.standards
        for workload, environment in ({group[:2] for group in groups.values()} if not lost else ())
    }
    by_account = {
        (standard, account): Scope(case, {account}, [standard]).scores()
        for standard in case.standards
        for account in accounts
    }
    return {
        "target": target.scores(),
        "standards": {standard: scope.scores() for standard, scope in by_standard.items()},
        "workloads": {key: found for key, found in workloads.items() if any(found.values())},
        "accounts": {key: found for key, found in by_account.items() if any(found.values())},
        "controls": target.counts(),
        "standardControls": {standard: scope.counts() for standard, scope in by_standard.items()},
        "statuses": {
            (standard, case.spelled(control)): status
            for standard, scope in by_standard.items()
            for control, status in scope.statuses().items()
        },
        "findings": dict(_findings(case, accounts)),
        "failedFindings": dict(_failed_findings(case, accounts)),
        "reporting": sorted(reporting),
        "silent": sorted(a for a in accounts - reporting if not case.unusable(a)),
        "unusable": sorted(a for a in accounts - reporting if case.unusable(a)),
        "ungrouped": sorted(accounts - groups.keys()),
        "owners": {a: owner for a in sorted(accounts) if (owner := case.owner(a))},
        "excluded": sorted(a for a in case.known_accounts - accounts if case.granted(a)),
        "unmatched": [account for account, group in groups.items() if not group[2]],
        "groups": {account: group[:2] for account, group in groups.items()},
    }


def _failed_findings(case: Case, accounts: set[str]) -> Counter[tuple[str, str]]:
    """Count failed findings by each standard in which their control is on there, and account."""
    counts: Counter[tuple[str, str]] = Counter()
    for entry in [entry for account in accounts for entry in case.by_account.get(account, [])]:
        if entry.seen.own and case.state(entry) == "failed":
            on = {pair[0] for pair in entry.pairs if case.on_here(pair, entry.place)}
            counts.update((standard, entry.seen.account) for standard in on)
    return counts


def percent(score: tuple[int, int]) -> int:
    """Round a score to whole percents, half up."""
    return math.floor(Fraction(100 * score[0], score[1]) + Fraction(1, 2))


def _findings(case: Case, accounts: set[str]) -> Counter[tuple[str, str, str, str]]:
    """Count findings by product, account, severity and state."""
    products = case.spec.get("products", ["Security Hub"])
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for entry in [entry for account in accounts for entry in case.by_account.get(account, [])]:
        seen = entry.seen
        if entry.pairs if seen.own else seen.product in products:
            counts[seen.product, seen.account, seen.severity, case.state(entry)] += 1
    return counts

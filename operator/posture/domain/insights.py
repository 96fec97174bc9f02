"""Insights of Security Hub: what one counts, and what of that a target may be told.

An insight counts findings by a value of one attribute (API reference, Insight and InsightResults). It counts
all findings that its hub sees. A target sees accounts only that its namespace is granted and its spec names;
what an insight says of others is not the target's to tell.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from posture.domain.scoring.accounts import AccountFilter, AccountStanding

MOST_VALUES = 100
"""Values that come of one insight at most: with so many there may be more (user guide, quotas)."""
_BY_ACCOUNT = "AwsAccountId"
_EVERY = "*"


class ValueCount(NamedTuple):
    """A value of the attribute, and how many findings have it."""

    value: str
    findings: int


class InsightResults(NamedTuple):
    """What an insight says at a moment."""

    name: str
    group_by: str
    """The attribute of findings whose values are counted."""
    accounts: frozenset[str] | None
    """The only accounts whose findings its filters let through; None: they do not say."""
    values: tuple[ValueCount, ...]
    """All that came."""


class SeenInsight(NamedTuple):
    """What a target may be told of an insight."""

    name: str
    values: tuple[ValueCount, ...]
    """Those with the most findings first."""
    capped: bool
    """There may be more values, with fewer findings."""

    @property
    def findings(self) -> int:
        """The sum over the values: a finding with several of them counts for each."""
        return sum(each.findings for each in self.values)


class SeenAccounts(NamedTuple):
    """Which accounts a target sees."""

    granted: Sequence[str]
    """Globs; so are the others."""
    include: Sequence[str]
    exclude: Sequence[str]

    @property
    def all(self) -> bool:
        """Whether those are all accounts, those too that join tomorrow."""
        return _EVERY in self.granted and _EVERY in self.include and not self.exclude


def confined_to(filters: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the accounts to which an insight's filters confine it, as the API spells them; None: to none.

    Values of one attribute are joined by OR, attributes by AND (API reference, AwsSecurityFindingFilters), so
    whole account ids that are asked for are the only ones. Anything but EQUALS may let others through.
    """
    asked = filters.get(_BY_ACCOUNT) or ()
    if not asked or any(each.get("Comparison") != "EQUALS" or not each.get("Value") for each in asked):
        return None
    return frozenset(each["Value"] for each in asked)


def seen_by(results: InsightResults, seen: SeenAccounts) -> SeenInsight | None:
    """Return what a target may be told of an insight; None: nothing, as it counts other accounts too.

    All is told where the target sees all accounts, or all to which the insight's own filters confine it. Of
    one that counts by account the target's own accounts are told.
    """
    accounts = AccountFilter(granted=seen.granted, include=seen.include, exclude=seen.exclude)

    def is_seen(account_id: str) -> bool:
        return accounts.standing(account_id) is AccountStanding.TARGETED

    values = results.values
    if not seen.all and not (results.accounts and all(map(is_seen, results.accounts))):
        if results.group_by != _BY_ACCOUNT:
            return None
        values = tuple(each for each in values if is_seen(each.value))
    largest_first = tuple(sorted(values, key=lambda each: (-each.findings, each.value)))
    return SeenInsight(results.name, largest_first, len(results.values) >= MOST_VALUES)

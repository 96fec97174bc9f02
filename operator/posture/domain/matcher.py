"""Which findings the selections of policies or rules select, all selections at once.

Each selector is one bit. What many findings share (the check, the account, the Region) is looked at once for
each value, to learn which selectors it leaves over; of a place that is a few lookups, and mostly none is
left. Only then a finding itself is looked at, and exceptions only when there is something to except from.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from posture.domain.controls import Controls, product_of
from posture.domain.findings import Check, Compliance, Finding
from posture.domain.globs import GlobLists, bits, indexes
from posture.domain.grouping import Group
from posture.domain.looks import Looks
from posture.domain.memory import Memory
from posture.domain.products import names_of
from posture.domain.selectors import Selection, Selector

Name = TypeVar("Name", bound=Hashable)
Place = TypeVar("Place")

_PASSED = Compliance.PASSED

Cells = Mapping[Check, Mapping[str, Mapping[str, Place]]]
"""What there is by check, account and Region."""


class Matcher(Generic[Name]):
    """Matches findings against named selections. Nothing is to be done about what passed: nothing selects it.

    `controls`: of the hub, to tie classic findings to their controls. `groups`: workload and environment by
    account id; an account that is not there is in none. Raises ValueError for a selector without any list: it
    would select everything.
    """

    def __init__(
        self, selections: Mapping[Name, Selection], controls: Controls, groups: Mapping[str, Group]
    ) -> None:
        selectors, self._owners, exceptional = _listed(selections)
        if not all(any(selector) for selector in selectors):
            raise ValueError("a selector needs at least one list: without any it would select every finding")
        self._matches = bits(index for index in range(len(selectors)) if index not in exceptional)
        self._exceptions = dict.fromkeys(selections, 0)
        for index in exceptional:
            self._exceptions[self._owners[index]] |= 1 << index
        self._checks = Memory(_fits_check(selectors, controls))
        self._accounts = Memory(_fits_account(selectors, groups))
        self._regions = Memory(GlobLists([each.regions for each in selectors]))
        self._looks = Looks(selectors).at
        self._named = Memory(self._whose)
        self._selecting = Memory(self._selected_by)

    def __call__(self, finding: Finding) -> tuple[Name, ...]:
        """Return the names of the selections that select a finding, in their order; none if it passed."""
        return self.at(finding.check, finding.account_id, finding.region)(finding)

    def at(self, check: Check, account_id: str, region: str) -> Callable[[Finding], tuple[Name, ...]]:
        """Return the matcher for findings of one check, account and Region, which share most of it."""
        return self._selecting[self._checks[check] & self._accounts[account_id] & self._regions[region]]

    def checks(self, checks: Iterable[Check], only: Collection[Name] | None = None) -> list[Check]:
        """Return those checks of which the selections of some names can select findings; None: of all."""
        wanted = self._wanted(only)
        return [check for check in checks if self._checks[check] & wanted]

    def places(
        self,
        cells: Cells[Place],
        covers: Callable[[Check, str], bool],
        only: Collection[Name] | None = None,
    ) -> Iterator[tuple[Place, Callable[[Finding], tuple[Name, ...]]]]:
        """Yield where selections can select anything, of what is covered, and `at` of there.

        `covers`: of a check and an account id. `only`: the selections of these names; None: all. What
        `exceptions` say does not narrow.
        """
        wanted = self._wanted(only)
        accounts, regions, selecting = self._accounts, self._regions, self._selecting
        for check, by_account in cells.items():
            of_check = self._checks[check]
            if of_check & wanted:
                for account_id, by_region in by_account.items():
                    of_account = of_check & accounts[account_id]
                    if of_account & wanted and covers(check, account_id):
                        for region, place in by_region.items():
                            left = of_account & regions[region]
                            if left & wanted:
                                yield place, selecting[left]

    def _wanted(self, only: Collection[Name] | None) -> int:
        if only is None:
            return self._matches
        return self._matches & bits(index for index, name in enumerate(self._owners) if name in only)

    def _selected_by(self, left: int) -> Callable[[Finding], tuple[Name, ...]]:
        """Return how findings are matched where the place leaves these selectors over."""
        matching = left & self._matches
        if not matching:
            return _nothing
        look, named, excepted = self._looks[matching], self._named, self._excepted

        def selected(finding: Finding) -> tuple[Name, ...]:
            if finding.compliance is _PASSED:
                return ()
            fitting = matching if look is None else look(finding)
            if not fitting:
                return ()
            names, exceptions = named[fitting]
            return excepted(names, exceptions & left, finding) if exceptions & left else names

        return selected

    def _excepted(self, names: tuple[Name, ...], exceptions: int, finding: Finding) -> tuple[Name, ...]:
        """Return those of the selections that are left when these exceptions are looked at."""
        look = self._looks[exceptions]
        excepting = exceptions if look is None else look(finding)
        excepted = {self._owners[index] for index in indexes(excepting)}
        return tuple(name for name in names if name not in excepted)

    def _whose(self, matching: int) -> tuple[tuple[Name, ...], int]:
        """Return whose these selectors are, and the exceptions of all of them."""
        # A dict keeps the order and drops what several selectors of one selection select.
        names = tuple(dict.fromkeys(self._owners[index] for index in indexes(matching)))
        exceptions = 0
        for name in names:
            exceptions |= self._exceptions[name]
        return names, exceptions


def _nothing(_: Finding) -> tuple[Any, ...]:
    return ()


def _listed(selections: Mapping[Name, Selection]) -> tuple[list[Selector], list[Name], set[int]]:
    """Return all selectors, whose each is, and which of them are exceptions."""
    selectors: list[Selector] = []
    owners: list[Name] = []
    exceptional: set[int] = set()
    for name, selection in selections.items():
        first = len(selectors) + len(selection.match)
        selectors += (*selection.match, *selection.exceptions)
        owners += [name] * (len(selectors) - len(owners))
        exceptional.update(range(first, len(selectors)))
    return selectors, owners, exceptional


def _fits_check(selectors: Sequence[Selector], controls: Controls) -> Callable[[Check], int]:
    """Look at control and standard of the same pair; another product's finding has neither."""
    products = GlobLists([each.products for each in selectors])
    standards = GlobLists([each.standards for each in selectors])
    ids = GlobLists([each.controls for each in selectors], ignore_case=True)
    unpaired = standards.free & ids.free

    def fitting(check: Check) -> int:
        product = product_of(check)
        paired = unpaired
        for standard, control in controls.of(check):
            paired |= standards(standard) & ids(control)
        named = products.free
        for name in names_of(product) if product else ():
            named |= products(name)
        return paired & named

    return fitting


def _fits_account(selectors: Sequence[Selector], groups: Mapping[str, Group]) -> Callable[[str], int]:
    ids = GlobLists([each.accounts for each in selectors])
    workloads = GlobLists([each.workloads for each in selectors])
    environments = GlobLists([each.environments for each in selectors])
    ungrouped = workloads.free & environments.free

    def fitting(account_id: str) -> int:
        group = groups.get(account_id)
        grouped = ungrouped if group is None else workloads(group.workload) & environments(group.environment)
        return grouped & ids(account_id)

    return fitting

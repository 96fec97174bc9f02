"""Which findings the selections of policies or rules select, all selections at once.

Each selector is one bit. What many findings share (the check, the account, the Region) is looked at once for
each value, to learn which selectors it leaves over; of a place that is a few lookups, and mostly none is
left. Only then a finding itself is looked at (its severity, its title, its resources), and exceptions only
when there is something to except from.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from posture.domain.findings import Check, Compliance, Finding, Resource, Severity, names_of
from posture.domain.scoring.accounts import Group
from posture.domain.selection.selectors import (
    GlobLists,
    Memory,
    Selection,
    Selector,
    bits,
    globs,
    indexes,
    is_wild,
)
from posture.domain.standards import Controls, product_of

Name = TypeVar("Name", bound=Hashable)
Place = TypeVar("Place")

_PASSED = Compliance.PASSED

Cells = Mapping[Check, Mapping[str, Mapping[str, Place]]]
"""What there is by check, account and Region."""


class Matcher(Generic[Name]):
    """Matches findings against named selections. Nothing is to be done about what passed: nothing selects it.

    `controls`: of the hub, to tie classic findings to their controls. `groups`: workload and environment by
    account id; an account that is not there is in none. None: they are not known, and only what asks for no
    workload or environment selects its findings, and an exception that asks for any excepts them; `doubtful`:
    the other way round, what may select them does. Raises ValueError for a selector without any list: it
    would select everything.
    """

    def __init__(
        self,
        selections: Mapping[Name, Selection],
        controls: Controls,
        groups: Mapping[str, Group | None],
        *,
        doubtful: bool = False,
    ) -> None:
        selectors, self._owners, exceptional = _listed(selections)
        if not all(any(selector) for selector in selectors):
            raise ValueError("a selector needs at least one list: without any it would select every finding")
        self._matches = bits(index for index in range(len(selectors)) if index not in exceptional)
        self._exceptions = dict.fromkeys(selections, 0)
        for index in exceptional:
            self._exceptions[self._owners[index]] |= 1 << index
        self._checks = Memory(_fits_check(selectors, controls))
        supposed = self._matches if doubtful else bits(exceptional)
        self._accounts = Memory(_fits_account(selectors, groups, supposed))
        self._regions = Memory(GlobLists([each.regions for each in selectors]))
        self._looks = FindingTests(selectors).at
        self._named = Memory(self._whose)
        self._selecting = Memory(self._selected_by)

    def __call__(self, finding: Finding) -> tuple[Name, ...]:
        """Return the names of the selections that select a finding, in their order; none if it passed."""
        return self.selected_at(finding.check, finding.account_id, finding.region)(finding)

    def selected_at(
        self, check: Check, account_id: str, region: str
    ) -> Callable[[Finding], tuple[Name, ...]]:
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
        for standard, control in controls.pairs_of(check):
            paired |= standards(standard) & ids(control)
        named = products.free
        for name in names_of(product) if product else ():
            named |= products(name)
        return paired & named

    return fitting


def _fits_account(
    selectors: Sequence[Selector], groups: Mapping[str, Group | None], supposed: int
) -> Callable[[str], int]:
    """`supposed`: selectors that are taken to fit a group that is not known."""
    ids = GlobLists([each.accounts for each in selectors])
    workloads = GlobLists([each.workloads for each in selectors])
    environments = GlobLists([each.environments for each in selectors])
    ungrouped = workloads.free & environments.free

    def fitting(account_id: str) -> int:
        group = groups.get(account_id)
        if group is not None:
            grouped = workloads(group.workload) & environments(group.environment)
        else:
            grouped = ungrouped | (supposed if account_id in groups else 0)
        return grouped & ids(account_id)

    return fitting


FindingTest = Callable[[Finding], int]


class _Tests(NamedTuple):
    """What some selectors ask of a resource, each with its bit: of the Id alone, of any field, of one tag."""

    of_ids: Sequence[tuple[int, Callable[[str], bool]]]
    of_resources: Sequence[tuple[int, Callable[[Resource], bool]]]
    of_tags: Mapping[tuple[str, str], int]

    def fitting(self, resources: Sequence[Resource]) -> int:
        """Return the selectors that any of the resources fits."""
        fitting = 0
        for resource in resources:
            resource_id = resource.id
            for bit, fits_id in self.of_ids:
                if fits_id(resource_id):
                    fitting |= bit
            for bit, fits in self.of_resources:
                if fits(resource):
                    fitting |= bit
            if self.of_tags:
                for tag in resource.tags:
                    fitting |= self.of_tags.get(tag, 0)
        return fitting


class FindingTests:
    """Compiles, for any set of selectors, how a finding is looked at to learn which of them it fits."""

    def __init__(self, selectors: Sequence[Selector]) -> None:
        self._selectors = selectors
        severities = GlobLists([each.severities for each in selectors])
        titles = GlobLists([each.titles for each in selectors])
        self._grading = ~severities.free
        self._severities = tuple(severities(severity.name) for severity in Severity)
        self._titling = ~titles.free
        self._titles = Memory(titles)
        self._asking = bits(
            i for i, s in enumerate(selectors) if s.resource_types or s.resource_ids or s.tags
        )
        self._tests = Memory(self._compiled)
        self.at = Memory(self._look)
        """By selectors: how to look; None when all of them fit every finding of the place."""

    def _look(self, selectors: int) -> FindingTest | None:
        asking = selectors & self._asking
        beside = selectors ^ asking
        if selectors & (self._grading | self._titling):
            return self._looking_at_all(selectors)
        if not asking:
            return None
        fitting = self._tests[asking].fitting
        return lambda finding: beside | fitting(finding.resources)

    def _looking_at_all(self, selectors: int) -> FindingTest:
        severities, titles = self._severities, self._titles
        titling, resourceful = selectors & self._titling, self._asking
        tests = self._tests

        def look(finding: Finding) -> int:
            left = selectors & severities[finding.severity]
            if left & titling:
                left &= titles[finding.title]
            asking = left & resourceful
            return left ^ asking | tests[asking].fitting(finding.resources) if asking else left

        return look

    def _compiled(self, selectors: int) -> _Tests:
        of_ids: list[tuple[int, Callable[[str], bool]]] = []
        of_resources: list[tuple[int, Callable[[Resource], bool]]] = []
        of_tags: dict[tuple[str, str], int] = {}
        for index in indexes(selectors):
            bit, selector = 1 << index, self._selectors[index]
            if selector.resource_ids and not selector.resource_types and not selector.tags:
                of_ids.append((bit, globs(selector.resource_ids)))
            elif tags := _exact_tags(selector):
                for tag in tags:
                    of_tags[tag] = of_tags.get(tag, 0) | bit
            else:
                of_resources.append((bit, _fits_resource(selector)))
        return _Tests(of_ids, of_resources, of_tags)


def _exact_tags(selector: Selector) -> list[tuple[str, str]]:
    """Return the tags of which any will do, where nothing else is asked of a resource."""
    if selector.resource_types or selector.resource_ids or len(selector.tags) != 1:
        return []
    ((key, values),) = selector.tags
    return [] if any(map(is_wild, values)) else [(key, value) for value in values]


def _fits_resource(selector: Selector) -> Callable[[Resource], bool]:
    types = globs(selector.resource_types) if selector.resource_types else None
    ids = globs(selector.resource_ids) if selector.resource_ids else None
    tags = [(key, globs(values)) for key, values in selector.tags]

    def fits(resource: Resource) -> bool:
        return (
            (types is None or types(resource.type))
            and (ids is None or ids(resource.id))
            and all(any(k == key and values(v) for k, v in resource.tags) for key, values in tags)
        )

    return fits

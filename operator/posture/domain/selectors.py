"""Which findings a selector selects. One matcher serves suppression policies and remediation rules.

A selector is an AND of lists, each an OR of globs over whole strings. The selectors of all policies are
matched at once: each is one bit, and what many findings share (the check, the account, the Region …) is
looked at once for each value, to learn which selectors it leaves over. For one finding that leaves a few
lookups.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from posture.domain.controls import Controls, product_of
from posture.domain.findings import Check, Finding, Resource, Severity
from posture.domain.globs import Globs
from posture.domain.grouping import Group

Name = TypeVar("Name", bound=Hashable)
Value = TypeVar("Value", bound=Hashable)

# Titles are some hundreds, but an importer can make up any number of them.
_REMEMBERED = 16_384


class Selector(NamedTuple):
    """An AND of lists of globs; an empty list asks for nothing. `tags`: values by key, AND over keys.

    Case-sensitive but for `controls`. `resource_types`, `resource_ids` and `tags` are to fit one same
    resource.
    """

    controls: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Selection(NamedTuple):
    """What any of `match` selects and none of `exceptions` does."""

    match: tuple[Selector, ...]
    exceptions: tuple[Selector, ...] = ()


class Candidates(NamedTuple):
    """Where all is that one selector can select; None: anywhere."""

    checks: frozenset[Check] | None
    accounts: frozenset[str] | None
    regions: frozenset[str] | None


class Matcher(Generic[Name]):
    """Matches findings against named selections.

    `controls`: of the hub, to tie classic findings to their controls. `groups`: workload and environment by
    account id; an account that is not there is in none. Raises ValueError for a selector without any list: it
    would select everything.
    """

    def __init__(
        self, selections: Mapping[Name, Selection], controls: Controls, groups: Mapping[str, Group]
    ) -> None:
        self._owners: list[tuple[Name, bool]] = []
        selectors: list[Selector] = []
        for name, selection in selections.items():
            for exceptional, listed in ((False, selection.match), (True, selection.exceptions)):
                self._owners += [(name, exceptional)] * len(listed)
                selectors += listed
        if not all(any(selector) for selector in selectors):
            raise ValueError("a selector needs at least one list: without any it would select every finding")
        self._matches = _bits(index for index, (_, exceptional) in enumerate(self._owners) if not exceptional)
        self._checks = _Dimension([_fits_check(selector, controls) for selector in selectors])
        self._accounts = _Dimension([_fits_account(selector, groups) for selector in selectors])
        self._regions = _Dimension([_fits_any(selector.regions) for selector in selectors])
        self._severities = _Dimension([_fits_severity(selector) for selector in selectors])
        self._titles = _Dimension([_fits_any(selector.titles) for selector in selectors])
        self._resources = _Dimension([_fits_resource(selector) for selector in selectors])

    def __call__(self, finding: Finding) -> tuple[Name, ...]:
        """Return the names of the selections that select a finding, in their order."""
        left = self._checks(finding.check) & self._accounts(finding.account_id)
        if left & self._matches:
            left &= self._regions(finding.region) & self._severities(finding.severity)
        if not left & self._matches:
            return ()
        if left & ~self._titles.free:
            left &= self._titles(finding.title)
        if left & ~self._resources.free:
            left &= self._resources.free | self._resources.any_of(finding.resources, left)
        return tuple(self._selected(left)) if left & self._matches else ()

    def _selected(self, left: int) -> Iterable[Name]:
        owners = [self._owners[index] for index in _indexes(left)]
        excepted = {name for name, exceptional in owners if exceptional}
        # A dict keeps the order and drops what several selectors of one selection select.
        return dict.fromkeys(name for name, exceptional in owners if not exceptional and name not in excepted)

    def candidates(
        self, checks: Iterable[Check], accounts: Iterable[str], regions: Iterable[str]
    ) -> list[Candidates]:
        """Say where to look, of all checks, accounts and Regions that there are: an OR of places.

        One for each selector of any `match`; none for one that nothing there can fit. What `exceptions` say
        does not narrow.
        """
        everywhere = list(checks), list(accounts), list(regions)
        found: dict[Candidates, None] = {}
        for index, (_, exceptional) in enumerate(self._owners):
            if not exceptional:
                place = Candidates(
                    self._checks.fitting(index, everywhere[0]),
                    self._accounts.fitting(index, everywhere[1]),
                    self._regions.fitting(index, everywhere[2]),
                )
                if all(narrowed is None or narrowed for narrowed in place):
                    found[place] = None
        return list(found)


class _Dimension(Generic[Value]):
    """One property of findings: which selectors a value of it leaves over, one bit each, remembered by value.

    `predicates`: by selector, None where it asks nothing of this property. `free`: the bits of these.
    """

    __slots__ = ("_memory", "_predicates", "free")

    def __init__(self, predicates: Sequence[Callable[[Value], bool] | None]) -> None:
        self._predicates = {index: fits for index, fits in enumerate(predicates) if fits is not None}
        self.free = _bits(index for index in range(len(predicates)) if index not in self._predicates)
        self._memory: dict[Value, int] = {}

    def __call__(self, value: Value) -> int:
        left = self._memory.get(value)
        if left is None:
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            left = self.free | _bits(index for index, fits in self._predicates.items() if fits(value))
            self._memory[value] = left
        return left

    def any_of(self, values: Sequence[Value], selectors: int) -> int:
        """Return those of the selectors that ask something here and that any of the values fits."""
        return _bits(
            index
            for index in _indexes(selectors & ~self.free)
            if any(self._predicates[index](value) for value in values)
        )

    def fitting(self, index: int, values: Iterable[Value]) -> frozenset[Value] | None:
        """Return the values that fit one selector, None where it asks nothing here."""
        fits = self._predicates.get(index)
        return None if fits is None else frozenset(value for value in values if fits(value))


def _bits(indexes: Iterable[int]) -> int:
    bits = 0
    for index in indexes:
        bits |= 1 << index
    return bits


def _indexes(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _fits_any(patterns: tuple[str, ...]) -> Globs | None:
    return Globs(patterns) if patterns else None


def _fits_check(selector: Selector, controls: Controls) -> Callable[[Check], bool] | None:
    """Look at control and standard of the same pair; another product's finding has neither."""
    products = _fits_any(selector.products)
    standards = _fits_any(selector.standards)
    ids = Globs(selector.controls, ignore_case=True) if selector.controls else None
    if products is standards is ids is None:
        return None

    def fits(check: Check) -> bool:
        if products is not None:
            product = product_of(check)
            if product is None or not products(product):
                return False
        if standards is ids is None:
            return True
        return any(
            (standards is None or standards(standard)) and (ids is None or ids(control))
            for standard, control in controls.of(check)
        )

    return fits


def _fits_account(selector: Selector, groups: Mapping[str, Group]) -> Callable[[str], bool] | None:
    ids = _fits_any(selector.accounts)
    workloads = _fits_any(selector.workloads)
    environments = _fits_any(selector.environments)
    if ids is workloads is environments is None:
        return None

    def fits(account_id: str) -> bool:
        if ids is not None and not ids(account_id):
            return False
        if workloads is environments is None:
            return True
        group = groups.get(account_id)
        return (
            group is not None
            and (workloads is None or workloads(group.workload))
            and (environments is None or environments(group.environment))
        )

    return fits


def _fits_severity(selector: Selector) -> Callable[[Severity], bool] | None:
    labels = _fits_any(selector.severities)
    return None if labels is None else lambda severity: labels(severity.name)


def _fits_resource(selector: Selector) -> Callable[[Resource], bool] | None:
    types = _fits_any(selector.resource_types)
    ids = _fits_any(selector.resource_ids)
    tags = [(key, Globs(values)) for key, values in selector.tags]
    if types is ids is None and not tags:
        return None

    def fits(resource: Resource) -> bool:
        return (
            (types is None or types(resource.type))
            and (ids is None or ids(resource.id))
            and all(any(k == key and values(v) for k, v in resource.tags) for key, values in tags)
        )

    return fits

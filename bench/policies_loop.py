"""The plain way to match: every finding with every policy, one list after the other, over compiled patterns.

It means what the operator's matcher means, and shares nothing with it. Each list of globs is one compiled
pattern; a finding that needs no exception ends a pair at once, and the first list that does not fit ends a
selector.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from posture.domain.findings import Compliance, Finding, RecordState
from posture.domain.scoring.accounts import Group
from posture.domain.selection.selectors import Selection, Selector

Fits = Callable[[str], Any]
_NO_GROUP = Group("", "")


class _Patterns(NamedTuple):
    controls: Fits | None
    standards: Fits | None
    accounts: Fits | None
    workloads: Fits | None
    environments: Fits | None
    regions: Fits | None
    resource_types: Fits | None
    resource_ids: Fits | None
    severities: Fits | None
    titles: Fits | None
    tags: tuple[tuple[str, Fits], ...]


class Loop:
    """Matches findings of Security Hub itself against selections by name; `products` are unknown to it."""

    def __init__(self, selections: Mapping[str, Selection], groups: Mapping[str, Group]) -> None:
        self._groups = groups
        self._compiled = [
            (
                name,
                [_patterns(each) for each in selection.match],
                [_patterns(each) for each in selection.exceptions],
            )
            for name, selection in selections.items()
        ]

    def __call__(self, findings: Iterable[Finding]) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return the policies that select each finding, by ProductArn and Id."""
        found = {}
        for finding in findings:
            group = self._groups.get(finding.account_id, _NO_GROUP)
            names = []
            for name, match, exceptions in self._compiled:
                if _any_selects(match, finding, group) and not _any_selects(exceptions, finding, group):
                    names.append(name)
            if names:
                found[finding.product_arn, finding.id] = tuple(names)
        return found


def _any_selects(selectors: Sequence[_Patterns], finding: Finding, group: Group) -> bool:
    if finding.compliance is Compliance.PASSED or finding.record_state is RecordState.ARCHIVED:
        return False
    for each in selectors:  # noqa: SIM110 -- a generator for each pair would slow the loop
        if _selects(each, finding, group):
            return True
    return False


def _selects(wanted: _Patterns, finding: Finding, group: Group) -> bool:
    check = finding.check
    return bool(
        (wanted.controls is None or wanted.controls(check.control))
        and (wanted.accounts is None or wanted.accounts(finding.account_id))
        and (wanted.standards is None or any(map(wanted.standards, check.standards)))
        and (wanted.workloads is None or wanted.workloads(group.workload))
        and (wanted.environments is None or wanted.environments(group.environment))
        and (wanted.regions is None or wanted.regions(finding.region))
        and (wanted.severities is None or wanted.severities(finding.severity.name))
        and (wanted.titles is None or wanted.titles(finding.title))
        and _selects_resource(wanted, finding)
    )


def _selects_resource(wanted: _Patterns, finding: Finding) -> bool:
    if wanted.resource_types is wanted.resource_ids is None and not wanted.tags:
        return True
    return any(
        (wanted.resource_types is None or wanted.resource_types(each.type))
        and (wanted.resource_ids is None or wanted.resource_ids(each.id))
        and all(any(key == name and fits(value) for key, value in each.tags) for name, fits in wanted.tags)
        for each in finding.resources
    )


def _patterns(selector: Selector) -> _Patterns:
    if selector.products:
        raise ValueError("this loop knows findings of one product only")
    lists = {
        name: _pattern(getattr(selector, name), ignore_case=name == "controls")
        for name in _Patterns._fields
        if name != "tags"
    }
    tags = tuple((key, fits) for key, values in selector.tags if (fits := _pattern(values)))
    return _Patterns(**lists, tags=tags)


def _pattern(globs: tuple[str, ...], *, ignore_case: bool = False) -> Fits | None:
    if not globs:
        return None
    written = ("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in glob) for glob in globs)
    return re.compile("|".join(written), re.DOTALL | (re.IGNORECASE if ignore_case else 0)).fullmatch

"""How Prowler's lists are said of its findings in Security Hub: checks as titles, resources as ARNs.

Security Hub's copies of the findings bear neither the name of a check nor the short id of a resource, which
is what Prowler looks at: titles and ARNs are looked up among findings of Prowler where those are given.
"""

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any

from posture.cli.importing.prowler_findings import KnownFindings
from posture.cli.importing.rules import CannotSayError, Selector, searched
from posture.domain.selection.selectors import is_wild

PRODUCT = "Prowler"


def starred(expression: str) -> str:
    """Return an expression as Prowler searches for it: every star stands for any text, after a dot too."""
    return expression.replace("*", ".*")


def found_in_all(expressions: Sequence[str]) -> bool:
    """Tell whether any of some expressions is found in every text that is not empty."""
    try:
        return bool({"*", "*?*"} & set(searched("", [starred(each) for each in expressions])))
    except CannotSayError:
        return False


def _asks_nothing(expressions: Sequence[str], *, every: bool) -> bool:
    """Tell whether every text fits a list: any, or `every` one, of its expressions is found anywhere."""
    asks: list[bool] = []
    for expression in expressions:
        try:
            asks.append(searched("", [starred(expression)]) != ("*",))
        except CannotSayError:
            return False
    return not (any(asks) if every else all(asks))


def _is_found(expressions: Sequence[str], text: str, *, every: bool = False) -> bool:
    """Tell whether any, or `every` one, of some expressions is found; what is no expression ends the look."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for expression in expressions:
            try:
                found = re.search(starred(expression), text) is not None
            except (re.error, RecursionError, OverflowError):
                return False
            if found != every:
                return found
    return every


class Depth(IntEnum):
    """By what findings of Prowler are told apart: not at all, by titles, or by titles and ARNs."""

    EVERY = 0
    TITLES = 1
    ARNS = 2


_TOLD: Mapping[Depth, tuple[str, ...]] = {
    Depth.EVERY: (),
    Depth.TITLES: (
        "its checks are said by titles, as the findings given have them: what comes later is not in it",
    ),
    Depth.ARNS: (
        "its resources are said by ARNs, as the findings given have them: what comes later is not in it",
    ),
}


class ProwlerWording:
    """Says checks as titles and resources as ARNs, by the findings that are known."""

    def __init__(self, known: KnownFindings | None) -> None:
        self._known = known

    def depth(self, check: str, resources: Sequence[str], tags: Sequence[str]) -> Depth:
        """Return how deep findings have to be looked into, to tell which are meant."""
        if not (_asks_nothing(resources, every=False) and _asks_nothing(tags, every=True)):
            return Depth.ARNS
        return Depth.EVERY if _is_every(check) else Depth.TITLES

    def told(self, depth: Depth) -> tuple[str, ...]:
        """Return what people are to know of selectors of a depth."""
        return _TOLD[depth]

    def overlap(self, check: str, other: str) -> bool:
        """Tell whether a finding may be of both."""
        if self._known is None or _is_every(check) or _is_every(other):
            return True
        return bool(self._checks(check) & self._checks(other))

    def selectors(
        self,
        check: str,
        common: Mapping[str, Any],
        resources: Sequence[str],
        tags: Sequence[str],
        depth: Depth,
    ) -> list[Selector]:
        """Return selectors of the findings of a check, or of the checks that a pattern finds."""
        of_prowler = {"products": [PRODUCT], **common}
        if depth is Depth.EVERY:
            return [of_prowler]
        if self._known is None:
            what = "the short id or the tags of a resource" if _is_every(check) else f"the check {check}"
            raise CannotSayError(
                f"findings in Security Hub do not bear {what} as Prowler looks at it: write '*' where all are"
                " meant, or give --findings FILE, Prowler's own CSV of findings, to look up titles and ARNs"
            )
        checks = self._checks(check)
        if depth is Depth.TITLES:
            titles = {title for each in checks for title in self._titles(each)}
            return [{**of_prowler, "titles": sorted(titles)}] if titles else []
        return self._of_resources(checks, of_prowler, resources, tags)

    def _of_resources(
        self,
        checks: Iterable[str],
        of_prowler: Mapping[str, Any],
        resources: Sequence[str],
        tags: Sequence[str],
    ) -> list[Selector]:
        by_arns: dict[tuple[str, ...], set[str]] = {}
        for check in sorted(checks):
            arns = self._arns(check, resources, tags)
            if arns:
                by_arns.setdefault(arns, set()).update(self._titles(check))
        return [
            {**of_prowler, "titles": sorted(titles), "resourceIds": arns} for arns, titles in by_arns.items()
        ]

    def _checks(self, pattern: str) -> set[str]:
        known = self._known.checks if self._known else {}
        return {each for each in known if pattern in {"*", each} or _is_found([pattern], each)}

    def _titles(self, check: str) -> set[str]:
        if self._known is None:
            raise RuntimeError("asked for only where findings are given")
        titles = {each.title for each in self._known.checks[check]}
        for title in titles:
            others = self._known.titled[title] - {check}
            if others:
                raise CannotSayError(
                    f"the title of {check} is that of {', '.join(sorted(others))} too: {title!r}"
                )
            if is_wild(title):
                raise CannotSayError(
                    f"the title of {check} holds a wildcard, which no glob says exactly: {title!r}; write a"
                    " policy by hand"
                )
        return titles

    def _arns(self, check: str, resources: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
        if self._known is None:
            raise RuntimeError("asked for only where findings are given")
        muted: set[str] = set()
        others: set[str] = set()
        for each in self._known.checks[check]:
            fits = _is_found(resources, each.name) and _is_found(tags, each.tags, every=True)
            (muted if fits else others).add(each.arn)
        odd = sorted((muted & others) | set(filter(is_wild, muted)))
        if odd:
            raise CannotSayError(
                f"{odd[0]!r} of {check} holds a wildcard, or stands for resources of which some are muted and"
                " some are not: write a policy by hand"
            )
        return tuple(sorted(muted))


def _is_every(check: str) -> bool:
    return found_in_all([check])

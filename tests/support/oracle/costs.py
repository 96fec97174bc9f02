"""A bill of security checks, written line by line: the slow way to what they cost."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Run(NamedTuple):
    """A control that is checked for a resource, in an account and Region."""

    place: tuple[str, str]
    control: str
    resource: int


class Bill:
    """The price of each check by how many came before it in the month. `tiers`: up to which, prices."""

    def __init__(self, tiers: Sequence[tuple[int, float]], last: float, *, checks_a_month: int) -> None:
        self._tiers = tiers
        self._last = last
        self._checks = checks_a_month

    def dollars(self, runs: Iterable[Run]) -> float:
        """Pay every check of a month, one after the other, in each account and Region."""
        total = 0.0
        for number in Counter(each.place for each in set(runs)).values():
            for before in range(number * self._checks):
                total += next((price for up_to, price in self._tiers if before < up_to), self._last)
        return total

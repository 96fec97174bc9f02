"""What the targets of a hub want of it, each for itself and all together."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from posture.domain.products import product_named

_MICROSECOND = timedelta(microseconds=1)


class Demand(NamedTuple):
    """One target's wishes: how often to poll and to sweep, products by name, and its evaluation window."""

    interval: timedelta
    full_sync_interval: timedelta
    products: frozenset[str]
    window: timedelta


class Wanted(NamedTuple):
    """What satisfies all targets; times in µs."""

    interval: int
    full_sync: int
    products: frozenset[str]
    windows: frozenset[int]


def together(demands: Iterable[Demand]) -> Wanted | None:
    """Return what satisfies all demands: the shortest intervals, all products; None without demands."""
    asked = list(demands)
    if not asked:
        return None
    return Wanted(
        min(microseconds(demand.interval) for demand in asked),
        min(microseconds(demand.full_sync_interval) for demand in asked),
        frozenset(product_named(name) for demand in asked for name in demand.products),
        frozenset(microseconds(demand.window) for demand in asked),
    )


def microseconds(duration: timedelta) -> int:
    """Return a duration in whole µs."""
    return duration // _MICROSECOND

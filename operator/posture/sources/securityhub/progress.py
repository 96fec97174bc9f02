"""How far a hub's sync has come, as it is stored beside the rows: one value for each kind of work.

A value is written in the transaction of the rows that it speaks of: after a crash both are of one moment.
Times are µs by AWS's clock, taken from the starts of requests.
"""

from collections.abc import Collection
from typing import TypeVar

import msgspec

from posture.sources.securityhub.windows import EPOCH, FUTURE, UpdateWindow, window

POLLS, SWEEP, RELIST, CHANGES, ROTATION = "sync", "sweep", "relist", "changes", "rotation"
LATEST = "latest request"

Parts = list[list[UpdateWindow]]
"""What is unread of each query of a listing."""


class Done(msgspec.Struct):
    """What has been completed. Moments are µs by AWS's clock."""

    polled: int | None = None
    """Start of the last complete poll."""
    swept: int | None = None
    """Start of the last complete sweep of all products."""
    sweep_took: int = 0
    """How long that took."""
    relisted: int | None = None
    """Start of the last re-list of what is not PASSED."""
    relist_took: int = 0
    """How long that took."""
    products: set[str] = msgspec.field(default_factory=set)
    """Those that a complete sweep has read."""
    late: list[tuple[int, int]] = msgspec.field(default_factory=list)
    """When findings were seen that had come late, and by how much."""
    suspicious: int | None = None
    """The start of what found too many rows gone; a sweep that starts later decides."""
    rotated: int | None = None
    """Start of the last complete re-list of the exceptional set."""


class Listing(msgspec.Struct):
    """A listing under way."""

    products: set[str]
    """Those that its queries name."""
    credited: set[str]
    """Products whose findings it has read all of, if it comes to its end; others were not wanted for a
    while."""
    parts: Parts
    """What is unread."""
    started: int | None = None
    """The start of its first request."""
    findings: int = 0
    """Read so far."""
    full: bool = False
    beside: bool = False
    """It leaves out what is SUPPRESSED, which polls read."""
    confirms: int | None = None
    """The start of the sweep whose missing rows this one confirms."""


def listing(products: Collection[str], queries: int, *, since: int = EPOCH) -> Listing:
    """Return a listing of which nothing has been read: findings updated since (µs), by so many queries."""
    return Listing(set(products), set(products), [[window(since, FUTURE)] for _ in range(queries)])


class SyncProgress:
    """The values in memory. They are changed in the event loop, and stored in the order of the changes.

    `latest`: the start of the last request whose answer was stored, when this was taken up.
    """

    def __init__(self, stored: dict[str, str]) -> None:
        """Take up what is stored; begin anew where another version of this program has stored it."""
        self.latest = int(stored.get(LATEST, 0))
        try:
            self._take_up(stored)
        except msgspec.DecodeError:
            self._take_up({})

    def _take_up(self, stored: dict[str, str]) -> None:
        self.done = _decode(stored.get(POLLS), Done) or Done()
        self.sweep = _decode(stored.get(SWEEP), Listing)
        self.relist = _decode(stored.get(RELIST), Listing)
        self.changes = _decode(stored.get(CHANGES), Listing)
        self.rotation = _decode(stored.get(ROTATION), Listing)

    def stored(self, *keys: str) -> dict[str, str | None]:
        """Return the values to store under these keys; None: there is none any more."""
        values = {
            POLLS: self.done,
            SWEEP: self.sweep,
            RELIST: self.relist,
            CHANGES: self.changes,
            ROTATION: self.rotation,
        }
        return {key: _encode(values[key]) for key in keys}

    def want(self, products: Collection[str]) -> bool:
        """Forget what was completed of products that nobody asks for; True when there was any."""
        dropped = self.done.products - set(products)
        self.done.products -= dropped
        for listing in (self.sweep, self.relist, self.rotation):
            if listing is not None:
                dropped |= listing.credited - set(products)
                listing.credited &= set(products)
        return bool(dropped)


_Value = TypeVar("_Value", Done, Listing)


def _decode(value: str | None, kind: type[_Value]) -> _Value | None:
    return None if value is None else msgspec.json.decode(value, type=kind)


def _encode(value: Done | Listing | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()

"""What is known of the snapshots of one hub: an index beside them, written last, and which of them fits.

A snapshot is a copy of a store in parts, each compressed by itself. Its parts are written under names of its
own, and then the index names it as the latest: what the index does not name does not exist. Everything in an
index was written by somebody else, and is checked.
"""

import re
from collections.abc import Sequence

import msgspec

from posture.domain.time import HOUR

INDEX = "latest.json"
PART_BYTES = 8 * 1024 * 1024
"""Of a copy, before it is compressed."""
MOST_PARTS = 100_000

_NAME = re.compile(r"[0-9]{1,20}-[0-9a-f]{8}", re.ASCII)


class Unusable(ValueError):  # noqa: N818 - says what is the case
    """What was stored as a snapshot is none, or not whole."""


class Part(msgspec.Struct, frozen=True):
    """One part as it is stored."""

    sha256: str
    bytes: int


class Snapshot(msgspec.Struct, frozen=True):
    """One snapshot. `taken`: the start of the last request whose answer is in it, µs by AWS's clock."""

    name: str
    hub: str
    owner: str
    """The hub and the account that its findings are of."""
    store_version: int
    taken: int
    bytes: int
    """Of the copy, before it is compressed."""
    parts: tuple[Part, ...]

    @property
    def stored_bytes(self) -> int:
        """Give how much is stored."""
        return sum(part.bytes for part in self.parts)

    def part_name(self, number: int) -> str:
        """Return under which name a part is stored."""
        return part_name(self.name, number)


class Index(msgspec.Struct, frozen=True):
    """The snapshots of a hub, the newest first."""

    snapshots: tuple[Snapshot, ...] = ()
    unfinished: str | None = None
    """The name of one that is being written, or was when its writer ended."""
    unfinished_parts: int = 0

    def encoded(self) -> bytes:
        """Return it as it is stored."""
        return msgspec.json.encode(self)


def part_name(snapshot: str, number: int) -> str:
    """Return under which name a part of a snapshot is stored."""
    return f"{snapshot}/{number:06}"


def decoded(body: bytes | None) -> Index:
    """Return an index as it was stored; an empty one where there is none. Raises Unusable."""
    if body is None:
        return Index()
    try:
        index = msgspec.json.decode(body, type=Index)
    except msgspec.DecodeError as error:
        raise Unusable(f"its index cannot be read ({error})") from error
    names = [each.name for each in index.snapshots] + [index.unfinished or "0-00000000"]
    if not all(map(_NAME.fullmatch, names)):
        raise Unusable("its index has names that this program does not give")
    parts = [len(each.parts) for each in index.snapshots] + [index.unfinished_parts]
    if not all(0 <= count <= MOST_PARTS for count in parts):
        raise Unusable("its index counts parts that cannot be")
    return index


def fitting(index: Index, *, owner: str, store_version: int, known: int | None) -> Sequence[Snapshot]:
    """Return the snapshots that are of use, the best first.

    `known`: up to when (µs) a whole store is there already; None: there is none. What is not an hour newer is
    not worth reading, and nothing that is newer is ever replaced.
    """
    usable = [
        each
        for each in index.snapshots
        if each.owner == owner
        and each.store_version == store_version
        and (known is None or each.taken > known + HOUR)
    ]
    return sorted(usable, key=lambda each: each.taken, reverse=True)


def with_new(index: Index, new: Snapshot, keep: int) -> tuple[Index, Sequence[Snapshot]]:
    """Return the index with a new snapshot as the latest, and those that are not kept any more.

    Raises Unusable where a newer one of the same hub is there: then somebody else holds the hub by now.
    """
    if any(each.taken > new.taken and each.owner == new.owner for each in index.snapshots):
        raise Unusable("a newer snapshot has been stored meanwhile")
    ordered = (new, *(each for each in index.snapshots if each.name != new.name))
    return Index(ordered[:keep]), ordered[keep:]

"""Stores a snapshot: a copy of the store is put away part by part, and named as the latest at the end.

Whatever ends this in between leaves the snapshots before it as they were. What was put away in vain is named
in the index before the first part is written, and deleted by whoever writes the next one.
"""

import asyncio
import hashlib
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from posture.hubs.snapshots.index import (
    INDEX,
    MOST_PARTS,
    PART_BYTES,
    Index,
    Part,
    Snapshot,
    Unusable,
    decoded,
    part_name,
    with_new,
)
from posture.hubs.snapshots.places import KeptSnapshots, SnapshotPlace

_LEVEL = 1


class NotLeading(Exception):  # noqa: N818 - says what is the case
    """The Lease is lost, or about to be: another replica writes the snapshots."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a store on this machine, and what it is of."""

    path: Path
    hub: str
    owner: str
    store_version: int
    taken: int


async def known_index(place: SnapshotPlace) -> Index:
    """Return the index of what is kept; an empty one where there is none, or none that can be read."""
    try:
        return decoded(await place.get(INDEX))
    except Unusable:
        return Index()


async def save(copy: Copy, kept: KeptSnapshots, leading: Callable[[], float]) -> Snapshot:
    """Put a copy away and name it as the latest; return what has been stored.

    `leading`: seconds for which this replica surely leads: nothing is begun to be written without. Raises
    NotLeading, Unusable where a newer snapshot is there, and `PlaceErrors`.
    """
    place = kept.place
    before = await known_index(place)
    size = (await asyncio.to_thread(copy.path.stat)).st_size
    count = -(-size // PART_BYTES)
    if count > MOST_PARTS:
        raise Unusable(f"the store is too large for a snapshot ({size} bytes)")
    name = f"{copy.taken}-{secrets.token_hex(4)}"
    await _forget(place, before.unfinished, before.unfinished_parts)
    announced = Index(before.snapshots, name, count)
    await place.put(INDEX, announced.encoded(), within=_within(leading))
    parts = []
    for number in range(count):
        part, body = await asyncio.to_thread(_part, copy.path, number)
        await place.put(part_name(name, number), body, within=_within(leading))
        parts.append(part)
    new = Snapshot(name, copy.hub, copy.owner, copy.store_version, copy.taken, size, tuple(parts))
    # Read again: whoever has taken the hub over since must not lose what it stored.
    index, dropped = with_new(await known_index(place), new, kept.keep)
    await place.put(INDEX, index.encoded(), within=_within(leading))
    for each in dropped:
        await _forget(place, each.name, len(each.parts))
    return new


def _within(leading: Callable[[], float]) -> float:
    left = leading()
    if left <= 0:
        raise NotLeading("the Lease is lost")
    return left


def _part(path: Path, number: int) -> tuple[Part, bytes]:
    with path.open("rb") as file:
        file.seek(number * PART_BYTES)
        body = zlib.compress(file.read(PART_BYTES), _LEVEL)
    return Part(hashlib.sha256(body).hexdigest(), len(body)), body


async def _forget(place: SnapshotPlace, snapshot: str | None, parts: int) -> None:
    if snapshot is not None:
        for number in range(parts):
            await place.delete(part_name(snapshot, number))

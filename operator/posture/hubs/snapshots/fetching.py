"""Fetches a snapshot into a file on this machine, and believes nothing of it that does not fit its index."""

import asyncio
import hashlib
import zlib
from pathlib import Path
from typing import BinaryIO

from posture.hubs.snapshots.index import PART_BYTES, Part, Snapshot, Unusable
from posture.hubs.snapshots.places import SnapshotPlace


async def fetch(place: SnapshotPlace, snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot to a path, in place of what is there.

    Raises Unusable where something of it is missing or is not what was stored, and `PlaceErrors`.
    """
    file = await asyncio.to_thread(path.open, "wb")
    try:
        size = 0
        for number, part in enumerate(snapshot.parts):
            body = await place.get(snapshot.part_name(number))
            size += await asyncio.to_thread(_append, file, body, part, number)
    finally:
        await asyncio.to_thread(file.close)
    if size != snapshot.bytes:
        raise Unusable(f"it has {size} bytes and not {snapshot.bytes}")


def _append(file: BinaryIO, body: bytes | None, part: Part, number: int) -> int:
    if body is None:
        raise Unusable(f"its part {number} is missing")
    if len(body) != part.bytes or hashlib.sha256(body).hexdigest() != part.sha256:
        raise Unusable(f"its part {number} is not what was stored")
    inflating = zlib.decompressobj()
    try:
        raw = inflating.decompress(body, PART_BYTES)
    except zlib.error as error:
        raise Unusable(f"its part {number} cannot be read ({error})") from error
    if not inflating.eof:
        raise Unusable(f"its part {number} is larger than a part may be")
    return file.write(raw)

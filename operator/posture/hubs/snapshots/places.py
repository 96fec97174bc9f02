"""Where snapshots are kept: a directory that replicas share, or a bucket. Files there are small and whole."""

import asyncio
import os
from pathlib import Path
from typing import NamedTuple, Protocol

from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.s3.client import S3Bucket
from posture.config.model import Snapshots

PlaceErrors = (AwsError, OSError)
"""What a place raises where it cannot be reached, read or written."""


class SnapshotPlace(Protocol):
    """Keeps files by name. Raises one of `PlaceErrors`."""

    async def put(self, name: str, body: bytes, *, within: float) -> None:
        """Write a file, whole or not at all; `within`: seconds after which nothing is begun any more."""
        ...

    async def get(self, name: str) -> bytes | None:
        """Return a file; None where there is none."""
        ...

    async def delete(self, name: str) -> None:
        """Delete a file; that there is none is no error."""
        ...


class Directory:
    """A directory of a volume that all replicas mount."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def put(self, name: str, body: bytes, *, within: float) -> None:
        """Write a file beside its place, and move it there."""
        del within
        await asyncio.to_thread(self._put, self._directory / name, body)

    async def get(self, name: str) -> bytes | None:
        """Return a file; None where there is none."""
        try:
            return await asyncio.to_thread((self._directory / name).read_bytes)
        except FileNotFoundError:
            return None

    async def delete(self, name: str) -> None:
        """Delete a file, and its directory with the last one."""
        await asyncio.to_thread(self._delete, self._directory / name)

    def _put(self, path: Path, body: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        with beside.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        if path.parent != self._directory and path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


class Prefix:
    """The keys of a bucket that begin with a prefix, which is empty or ends in a slash."""

    def __init__(self, bucket: S3Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    async def put(self, name: str, body: bytes, *, within: float) -> None:
        """Write an object."""
        await self._bucket.put(self._prefix + name, body, within=within)

    async def get(self, name: str) -> bytes | None:
        """Return an object; None where there is none."""
        return await self._bucket.get(self._prefix + name)

    async def delete(self, name: str) -> None:
        """Delete an object."""
        await self._bucket.delete(self._prefix + name)


class KeptSnapshots(NamedTuple):
    """Where the snapshots of one hub are kept, how many of them, and how many seconds apart."""

    place: SnapshotPlace
    every: float
    keep: int


Clients = tuple[Sessions, Limiters, Usage]


def kept_for(settings: Snapshots | None, hub: str, region: str, clients: Clients) -> KeptSnapshots | None:
    """Return how the snapshots of a hub are kept, each hub's apart; None: not at all. `region`: the hub's."""
    if settings is None:
        return None
    place: SnapshotPlace
    if settings.bucket is None:
        place = Directory(Path(settings.path) / hub)
    else:
        identity = Identity(settings.role_arn, None, settings.region or region)
        bucket = S3Bucket(clients, identity, settings.bucket, settings.kms_key_id)
        place = Prefix(bucket, f"{settings.path}/{hub}/".lstrip("/"))
    return KeptSnapshots(place, settings.every.total_seconds(), settings.keep)

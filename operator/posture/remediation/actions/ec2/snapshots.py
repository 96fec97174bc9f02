"""Snapshots of EBS volumes that everybody can restore."""

import asyncio
from typing import Any, NamedTuple

from posture.remediation.actions.contract import Reader, read_or_none
from posture.remediation.actions.ec2.described import tags_of
from posture.remediation.actions.setting import read_list

EVERYBODY = "all"
ATTRIBUTE = "createVolumePermission"
GONE = frozenset({"InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed"})
_AT_ONCE = 8
_PAGE = 1000


class PublicSnapshot(NamedTuple):
    """One of the account's own snapshots that everybody may restore, with its tags."""

    id: str
    tags: tuple[tuple[str, str], ...]


async def public_snapshots(reader: Reader) -> tuple[PublicSnapshot, ...]:
    """Return the account's public snapshots of the Region, by id.

    Each that the list calls public is asked itself. One that goes meanwhile is not there.
    """
    request = {"OwnerIds": [reader.account_id], "RestorableByUserIds": [EVERYBODY], "MaxResults": _PAGE}
    listed = await read_list(reader, "ec2", "DescribeSnapshots", request, member="Snapshots", gone=GONE)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(snapshot: dict[str, Any]) -> PublicSnapshot | None:
        async with turns:
            asked = {"SnapshotId": snapshot["SnapshotId"], "Attribute": ATTRIBUTE}
            body = await read_or_none(reader, "ec2", "DescribeSnapshotAttribute", asked, none=GONE)
        permissions = (body or {}).get("CreateVolumePermissions", [])
        if not any(each.get("Group") == EVERYBODY for each in permissions):
            return None
        return PublicSnapshot(snapshot["SnapshotId"], tags_of(snapshot))

    own = [each for each in listed if each.get("OwnerId") == reader.account_id]
    found = await asyncio.gather(*(one(each) for each in own))
    return tuple(sorted(each for each in found if each is not None))

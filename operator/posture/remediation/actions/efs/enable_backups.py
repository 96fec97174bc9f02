"""EFS.2: file systems that AWS Backup backs up every day."""

from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Tagged,
    Writer,
    name_after,
    read_or_none,
)
from posture.remediation.actions.setting import Setting, pairs, read_or_gone, the_one

_GONE = frozenset({"FileSystemNotFound"})
_NO_POLICY = frozenset({"PolicyNotFound"})
_AVAILABLE = "available"
_ENABLED, _DISABLED = "ENABLED", "DISABLED"
_UNDER_WAY = frozenset({"ENABLING", "DISABLING"})


class EnableBackups(Setting):
    """Automatic backups (EFS API, PutBackupPolicy). One in another plan of AWS Backup passes without them."""

    name = "efs-enable-backups"
    controls = frozenset({"EFS.2"})
    works_on = WorksOn(frozenset({"AwsEfsFileSystem"}))
    iam = Iam(
        read=("elasticfilesystem:DescribeBackupPolicy", "elasticfilesystem:DescribeFileSystems"),
        write=("elasticfilesystem:PutBackupPolicy",),
        undo=("elasticfilesystem:PutBackupPolicy",),
    )
    risk = "Nothing is cut off; backups are paid for by their size."
    undo_says = "No more backups are made; those that were made stay until they expire."
    part = "backups"
    right = _ENABLED
    summary = "Back the file system up every day"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return whether it is backed up, and whether it can be changed now."""
        described = await self._described(reader, resource)
        request = {"FileSystemId": described["FileSystemId"]}
        body = await read_or_none(reader, "efs", "DescribeBackupPolicy", request, none=_NO_POLICY)
        status = _DISABLED if body is None else body.get("BackupPolicy", {}).get("Status")
        if status in _UNDER_WAY:
            raise Refused(Reason.PENDING, f"Backups are {status}")
        if status not in {_ENABLED, _DISABLED}:
            raise Refused(Reason.UNREADABLE, f"EFS answered {status!r} for the state of backups")
        return LiveState({self.part: status}, {"lifeCycle": described.get("LifeCycleState")})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags, from the answer that proves that it is there."""
        described = await self._described(reader, resource)
        if "Tags" not in described:
            raise Refused(Reason.UNREADABLE, "EFS did not answer with the tags")
        return (Tagged(resource.id, pairs(described["Tags"])),)

    def check(self, state: LiveState) -> None:
        """Wait while the file system is being changed."""
        if state.about["lifeCycle"] != _AVAILABLE:
            raise Refused(Reason.PENDING, f"The file system is {state.about['lifeCycle']}")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Turn backups on or off."""
        request = {"FileSystemId": _name(resource), "BackupPolicy": {"Status": value}}
        await writer.write("efs", "PutBackupPolicy", request)

    async def _described(self, reader: Reader, resource: ResourceKey) -> dict[str, Any]:
        name = _name(resource)
        body = await read_or_gone(reader, "efs", "DescribeFileSystems", {"FileSystemId": name}, gone=_GONE)
        found = the_one(body, "FileSystems", "FileSystemId", name)
        if found.get("OwnerId") != resource.account_id:
            raise Refused(Reason.NOT_OWNER, f"{name} is of account {found.get('OwnerId')}")
        return found


def _name(resource: ResourceKey) -> str:
    return name_after(resource, "file-system/")


ACTION = EnableBackups()

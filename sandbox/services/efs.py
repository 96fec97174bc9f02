"""EFS: backup policies of file systems, which moto has only as they were created."""

from moto.backends import get_backend

from sandbox.services.call import Answer, Call, Places, Refusal, Service

SERVICE = Service("efs")
_ON, _OFF = "ENABLED", "DISABLED"
_UNDER_WAY = {_ON: "ENABLING", _OFF: "DISABLING"}
_WRITTEN: Places[dict[str, str]] = Places(dict)
"""What was written, by the id of the file system."""


@SERVICE.answers("DescribeBackupPolicy")
def describe_backup_policy(call: Call) -> Answer:
    """Say what was written; else what the file system was created with."""
    written = _WRITTEN.of(call).get(_file_system(call))
    return call.moto() if written is None else {"BackupPolicy": {"Status": written}}


@SERVICE.answers("PutBackupPolicy")
def put_backup_policy(call: Call) -> Answer:
    """Turn backups on or off; the answer is that it is under way."""
    status = call.parameters["BackupPolicy"]["Status"]
    if status not in _UNDER_WAY:
        raise Refusal("BadRequest", "Status is to be ENABLED or DISABLED")
    _WRITTEN.of(call)[_file_system(call)] = status
    return {"BackupPolicy": {"Status": _UNDER_WAY[status]}}


def _file_system(call: Call) -> str:
    name = str(call.parameters["FileSystemId"])
    if name not in get_backend("efs")[call.account][call.region].file_systems_by_id:
        raise Refusal("FileSystemNotFound", f"File system '{name}' does not exist.")
    return name

"""EFS.2: automatic backups of file systems."""

from typing import Any

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.efs.enable_backups import ACTION
from tests.support.actions import REGION, ActionTests, World, unique


class TestEnableBackups(ActionTests):
    action = ACTION
    writes = ("efs:PutBackupPolicy",)
    write_marker = "PUT /2015-02-01/file-systems/"
    tag_markers = ("GET /2015-02-01/file-systems?",)

    def make_wrong(self, world: World) -> ResourceKey:
        made = world.client("efs").create_file_system(CreationToken=unique("fs"), Encrypted=True)
        return ResourceKey(world.account, "aws", REGION, "AwsEfsFileSystem", made["FileSystemArn"])

    def settings(self, world: World, resource: ResourceKey) -> Any:
        """No policy, and one that says no, are the same to EFS."""
        efs, name = world.client("efs"), resource.id.rpartition("/")[2]
        described = efs.describe_file_systems(FileSystemId=name)["FileSystems"][0]
        try:
            status = efs.describe_backup_policy(FileSystemId=name)["BackupPolicy"]["Status"]
        except efs.exceptions.PolicyNotFound:
            status = "DISABLED"
        return {name: described[name] for name in ("Encrypted", "FileSystemArn", "Tags")}, status

    def fixed(self, settings: Any) -> Any:
        return settings[0], "ENABLED"

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("efs").tag_resource(ResourceId=resource.id.rpartition("/")[2], Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("efs").delete_file_system(FileSystemId=resource.id.rpartition("/")[2])

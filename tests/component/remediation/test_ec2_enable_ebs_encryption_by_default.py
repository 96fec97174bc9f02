"""EC2.7: default encryption of EBS, which each account and Region has for itself."""

from typing import Any

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.ec2.enable_ebs_encryption_by_default import ACTION
from tests.support.actions import ActionTests, World


class TestEnableEbsEncryptionByDefault(ActionTests):
    action = ACTION
    writes = ("ec2:EnableEbsEncryptionByDefault",)
    undo_writes = ("ec2:DisableEbsEncryptionByDefault",)
    write_marker = "Action=EnableEbsEncryptionByDefault"
    tag_markers = ("ListTagsForResource",)

    def make_wrong(self, world: World) -> ResourceKey:
        return world.account_resource()

    def settings(self, world: World, resource: ResourceKey) -> Any:
        del resource
        regions = (world.client("ec2", region) for region in ("eu-west-1", "us-east-1"))
        return [each.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] for each in regions]

    def fixed(self, settings: Any) -> Any:
        return [True, settings[1]]

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        del resource
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.organizations.tag_resource(ResourceId=world.account, Tags=tags)

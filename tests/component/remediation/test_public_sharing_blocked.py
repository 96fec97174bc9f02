"""EC2.182 and SSM.7: settings by which nothing more can be shared with everybody, in one Region."""

from typing import Any, ClassVar

import pytest
from aiohttp import ClientSession

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, Refused
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import REGION, ActionTests, World

ACTIONS = builtin_actions()
SETTING = "/ssm/documents/console/public-sharing-permission"


class _Settings(ActionTests):
    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        del resource
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.organizations.tag_resource(ResourceId=world.account, Tags=tags)


class TestBlockPublicSnapshots(_Settings):
    """One public snapshot, which is so again after the undo."""

    action: ClassVar[Action] = ACTIONS["ec2-snapshot-block-public-access"]
    writes = ("ec2:EnableSnapshotBlockPublicAccess",)
    undo_writes = ("ec2:DisableSnapshotBlockPublicAccess",)
    write_marker = "Action=EnableSnapshotBlockPublicAccess"
    tag_markers = ("ListTagsForResource", "Action=DescribeSnapshots&", "Action=DescribeSnapshotAttribute")

    def make_wrong(self, world: World) -> ResourceKey:
        ec2 = world.client("ec2")
        volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
        ec2.modify_snapshot_attribute(
            SnapshotId=ec2.create_snapshot(VolumeId=volume)["SnapshotId"],
            Attribute="createVolumePermission",
            OperationType="add",
            GroupNames=["all"],
        )
        return world.account_resource()

    def settings(self, world: World, resource: ResourceKey) -> Any:
        """How far it is blocked in two Regions, and how many snapshots everybody sees."""
        del resource
        clients = [world.client("ec2", region) for region in (REGION, "us-east-1")]
        states = [each.get_snapshot_block_public_access_state() for each in clients]
        public = clients[0].describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])
        return [each["State"] for each in states], len(public["Snapshots"])

    def fixed(self, settings: Any) -> Any:
        return ["block-all-sharing", settings[0][1]], 0

    def change(self, world: World, resource: ResourceKey) -> None:
        del resource
        world.client("ec2").enable_snapshot_block_public_access(State="block-new-sharing")

    async def test_a_tag_of_a_public_snapshot_counts(self, world: World) -> None:
        resource = self.make_wrong(world)
        ec2 = world.client("ec2")
        listed = ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])["Snapshots"]
        ec2.create_tags(Resources=[listed[0]["SnapshotId"]], Tags=[{"Key": "Keep", "Value": "Out"}])
        tags = {each.resource: each.tags for each in await self.action.tags(world.reader(), resource)}
        assert tags[listed[0]["SnapshotId"]] == (("Keep", "Out"),)

    async def test_what_was_blocked_in_part_is_so_again(self, world: World) -> None:
        resource = self.make_wrong(world)
        world.client("ec2").enable_snapshot_block_public_access(State="block-new-sharing")
        before = self.settings(world, resource)
        (wrong,) = await self.fix(world, resource)
        assert self.settings(world, resource) == self.fixed(before)
        await self.action.undo(world.writer(), resource, wrong)
        assert self.settings(world, resource) == before
        assert world.writes() == {"ec2:EnableSnapshotBlockPublicAccess": 2}

    async def test_a_finding_may_name_the_setting_itself(self, world: World) -> None:
        own = world.account
        resource = world.resource(
            "AwsEc2SnapshotBlockPublicAccess", "ec2", f"snapshotblockpublicaccess/{own}"
        )
        (wrong,) = await self.fix(world, resource)
        assert self.action.verified((await self.read(world, resource)).state, wrong)
        other = world.resource(resource.type, "ec2", "snapshotblockpublicaccess/999988887777")
        with pytest.raises(Refused) as refused:
            await self.action.read(world.reader(), other)
        assert refused.value.reason is Reason.ACCOUNT_MISMATCH

    async def test_what_a_declarative_policy_decides_is_left_to_it(self, world: World) -> None:
        script = {"account": world.account, "region": REGION, "managedBy": "declarative-policy"}
        url = f"{world.cloud.moto_url}/_control/services/ec2"
        async with ClientSession() as session, session.put(url, json=script) as answer:
            assert answer.status == 200
        with pytest.raises(Refused) as refused:
            await self.read(world, world.account_resource())
        assert refused.value.reason is Reason.MANAGED_BY_POLICY


class TestBlockPublicDocuments(_Settings):
    action: ClassVar[Action] = ACTIONS["ssm-block-public-documents"]
    writes = ("ssm:UpdateServiceSetting",)
    write_marker = "AmazonSSM.UpdateServiceSetting"
    tag_markers = ("ListTagsForResource",)

    def make_wrong(self, world: World) -> ResourceKey:
        world.client("ssm").update_service_setting(SettingId=SETTING, SettingValue="Enable")
        return world.account_resource()

    def settings(self, world: World, resource: ResourceKey) -> Any:
        del resource
        clients = (world.client("ssm", region) for region in (REGION, "us-east-1"))
        described = [each.get_service_setting(SettingId=SETTING)["ServiceSetting"] for each in clients]
        return [(each["SettingValue"], each["Status"]) for each in described]

    def fixed(self, settings: Any) -> Any:
        return [("Disable", "Customized"), settings[1]]

    def change(self, world: World, resource: ResourceKey) -> None:
        del resource
        world.client("ssm").reset_service_setting(SettingId=SETTING)

    async def test_where_nothing_was_written_amazons_default_is_back(self, world: World) -> None:
        resource = world.account_resource()
        before = self.settings(world, resource)
        assert before[0] == ("Enable", "Default")
        (wrong,) = await self.fix(world, resource)
        await self.action.undo(world.writer(), resource, wrong)
        assert self.settings(world, resource) == before
        assert world.writes() == {"ssm:UpdateServiceSetting": 1, "ssm:ResetServiceSetting": 1}

"""EC2.1: snapshots of EBS volumes that everybody can restore."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, Restored
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import REGION, ActionTests, World
from tests.support.wire import Fault

ACTIONS = builtin_actions()
FRIEND = "444455556666"


class TestMakeSnapshotsPrivate(ActionTests):
    """Two public snapshots, a private one, one that a friend has; and one in another Region."""

    action: ClassVar[Action] = ACTIONS["ec2-snapshots-make-private"]
    writes = ("ec2:ModifySnapshotAttribute",) * 2
    write_marker = "Action=ModifySnapshotAttribute"
    tag_markers = ("ListTagsForResource", "Action=DescribeSnapshots&", "Action=DescribeSnapshotAttribute")

    def make_wrong(self, world: World) -> ResourceKey:
        for public, shared, region in (
            (True, False, REGION),
            (True, True, REGION),
            (False, True, REGION),
            (False, False, REGION),
            (True, False, "us-east-1"),
        ):
            ec2 = world.client("ec2", region)
            volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=1)["VolumeId"]
            snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
            shares = {"GroupNames": ["all"] * public, "UserIds": [FRIEND] * shared}
            ec2.modify_snapshot_attribute(
                SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", **shares
            )
        return world.account_resource()

    def _own(self, world: World, region: str) -> list[str]:
        listed = world.client("ec2", region).describe_snapshots()["Snapshots"]
        return [each["SnapshotId"] for each in listed if each["OwnerId"] == world.account]

    def settings(self, world: World, resource: ResourceKey) -> Any:
        del resource
        found = {}
        for region in (REGION, "us-east-1"):
            ec2 = world.client("ec2", region)
            for snapshot in self._own(world, region):
                permissions = ec2.describe_snapshot_attribute(
                    SnapshotId=snapshot, Attribute="createVolumePermission"
                )["CreateVolumePermissions"]
                found[region, snapshot] = sorted(permissions, key=repr)
        return found

    def fixed(self, settings: Any) -> Any:
        return {
            (region, snapshot): [each for each in permissions if "Group" not in each or region != REGION]
            for (region, snapshot), permissions in settings.items()
        }

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        del resource
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.organizations.tag_resource(ResourceId=world.account, Tags=tags)

    async def test_a_tag_of_any_public_snapshot_counts(self, world: World) -> None:
        resource = self.make_wrong(world)
        wrong = (await self.read(world, resource)).verdict.wrong
        tags = [{"Key": "Keep", "Value": "a"}, {"Key": "keep", "Value": "b"}]
        world.client("ec2").create_tags(Resources=[wrong[1].name], Tags=tags)
        found = {each.resource: set(each.tags) for each in await self.action.tags(world.reader(), resource)}
        assert found[wrong[1].name] == {("Keep", "a"), ("keep", "b")}
        assert found.keys() == {resource.id, *(each.name for each in wrong)}

    async def test_what_was_done_before_a_failure_stays_done_and_is_undone(self, world: World) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        first, second = (await self.read(world, resource)).verdict.wrong
        await self.action.write(world.writer(), resource, first)
        world.wire.fail(self.write_marker, Fault.DENIED)
        with pytest.raises(Exception, match="ModifySnapshotAttribute"):
            await self.action.write(world.writer(), resource, second)
        world.wire.heal()
        assert (await self.read(world, resource)).verdict.wrong == (second,)
        assert await self.action.undo(world.writer(), resource, second) is Restored.ALREADY_BACK
        assert await self.action.undo(world.writer(), resource, first) is Restored.RESTORED
        assert self.settings(world, resource) == before

    async def test_a_snapshot_that_went_meanwhile_is_not_there(self, world: World) -> None:
        resource = self.make_wrong(world)
        (first, second) = (await self.read(world, resource)).verdict.wrong
        world.client("ec2").delete_snapshot(SnapshotId=first.name)
        assert (await self.read(world, resource)).verdict.wrong == (second,)

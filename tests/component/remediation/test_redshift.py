"""Redshift.1, 6 and 7: settings of clusters."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, LiveState, Refused
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import ActionTests, World, unique

ACTIONS = builtin_actions()
CREDENTIALS = {"MasterUsername": "root", "MasterUserPassword": unique("Password1")}


class _Clusters(ActionTests):
    member: ClassVar[str]
    right: ClassVar[int] = True
    writes = ("redshift:ModifyCluster",)
    write_marker = "Action=ModifyCluster"
    tag_markers = ("Action=DescribeClusters",)

    def wrong(self) -> int:
        return not self.right

    def make_wrong(self, world: World) -> ResourceKey:
        name = unique("cluster")
        world.client("redshift").create_cluster(
            **{
                "ClusterIdentifier": name,
                "NodeType": "ra3.large",
                "ClusterType": "single-node",
                "AutomatedSnapshotRetentionPeriod": 3,
                self.member: self.wrong(),
                **CREDENTIALS,
            }
        )
        return world.resource("AwsRedshiftCluster", "redshift", f"cluster:{name}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        name = resource.id.split(":")[-1]
        return world.client("redshift").describe_clusters(ClusterIdentifier=name)["Clusters"][0]

    def fixed(self, settings: Any) -> Any:
        return settings | {self.member: self.right}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("redshift").create_tags(ResourceName=resource.id, Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        name = resource.id.split(":")[-1]
        world.client("redshift").delete_cluster(ClusterIdentifier=name, SkipFinalClusterSnapshot=True)

    @pytest.mark.parametrize("status", ["modifying", "resizing", "paused", "creating"])
    async def test_one_that_is_being_changed_is_waited_for(self, world: World, status: str) -> None:
        state = await self.action.read(world.reader(), self.make_wrong(world))
        busy = LiveState(state.parts, {**state.about, "status": status})
        with pytest.raises(Refused, match=status) as refused:
            self.action.judge(busy, {}, self.situation())
        assert refused.value.reason is Reason.PENDING


class TestPublicAccess(_Clusters):
    action: ClassVar[Action] = ACTIONS["redshift-disable-public-access"]
    member = "PubliclyAccessible"
    right = False


class TestVersionUpgrades(_Clusters):
    action: ClassVar[Action] = ACTIONS["redshift-enable-version-upgrades"]
    member = "AllowVersionUpgrade"


class TestEnhancedVpcRouting(_Clusters):
    action: ClassVar[Action] = ACTIONS["redshift-enable-enhanced-vpc-routing"]
    member = "EnhancedVpcRouting"


class TestSnapshotRetention(_Clusters):
    action: ClassVar[Action] = ACTIONS["redshift-raise-snapshot-retention"]
    member = "AutomatedSnapshotRetentionPeriod"
    right = 7

    def wrong(self) -> int:
        return 1

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("redshift").modify_cluster(
            ClusterIdentifier=resource.id.split(":")[-1], AutomatedSnapshotRetentionPeriod=14
        )

    async def test_it_does_what_the_control_asks(self, world: World) -> None:
        resource = self.make_wrong(world)
        read = await self.read(world, resource, control_parameters={"MinRetentionPeriod": ["30"]})
        assert [each.after for each in read.verdict.wrong] == [30]

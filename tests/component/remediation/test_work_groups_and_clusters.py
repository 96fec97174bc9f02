"""Athena.4 and ECS.12: metrics of workgroups and of clusters of containers."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, Refused, Verdict
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import ActionTests, World, unique

ACTIONS = builtin_actions()


class TestWorkGroupMetrics(ActionTests):
    action: ClassVar[Action] = ACTIONS["athena-publish-metrics"]
    writes = ("athena:UpdateWorkGroup",)
    write_marker = ".UpdateWorkGroup"
    tag_markers = (".ListTagsForResource",)

    def make_wrong(self, world: World) -> ResourceKey:
        name = unique("group")
        results = {"OutputLocation": "s3://results/here/"}
        world.client("athena").create_work_group(
            Name=name,
            Description="of ours",
            Configuration={
                "ResultConfiguration": results,
                "BytesScannedCutoffPerQuery": 10_000_000,
                "PublishCloudWatchMetricsEnabled": False,
            },
        )
        return world.resource("AwsAthenaWorkGroup", "athena", f"workgroup/{name}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        name = resource.id.rpartition("/")[2]
        group = world.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
        return {member: value for member, value in group.items() if member != "CreationTime"}

    def fixed(self, settings: Any) -> Any:
        changed = settings["Configuration"] | {"PublishCloudWatchMetricsEnabled": True}
        return settings | {"Configuration": changed}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("athena").tag_resource(ResourceARN=resource.id, Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("athena").delete_work_group(WorkGroup=resource.id.rpartition("/")[2])


class TestContainerInsights(ActionTests):
    action: ClassVar[Action] = ACTIONS["ecs-cluster-enable-container-insights"]
    writes = ("ecs:UpdateClusterSettings",)
    write_marker = ".UpdateClusterSettings"
    tag_markers = (".DescribeClusters",)

    def make_wrong(self, world: World) -> ResourceKey:
        name = unique("cluster")
        world.client("ecs").create_cluster(clusterName=name, capacityProviders=["FARGATE"])
        return world.resource("AwsEcsCluster", "ecs", f"cluster/{name}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        answer = world.client("ecs").describe_clusters(
            clusters=[resource.id], include=["SETTINGS", "CONFIGURATIONS"]
        )
        return answer["clusters"][0]

    def fixed(self, settings: Any) -> Any:
        return settings | {"settings": [{"name": "containerInsights", "value": "enabled"}]}

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("ecs").update_cluster_settings(
            cluster=resource.id, settings=[{"name": "containerInsights", "value": "enhanced"}]
        )

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"key": tag[0], "value": tag[1]}]
        world.client("ecs").tag_resource(resourceArn=resource.id, tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        """ECS keeps it for a while, as INACTIVE."""
        world.client("ecs").delete_cluster(cluster=resource.id)

    async def test_enhanced_is_right_too(self, world: World) -> None:
        resource = self.make_wrong(world)
        self.change(world, resource)
        assert (await self.read(world, resource)).verdict == Verdict()

    async def test_one_that_ecs_has_forgotten_is_gone(self, world: World) -> None:
        resource = world.resource("AwsEcsCluster", "ecs", f"cluster/{unique('cluster')}")
        with pytest.raises(Refused) as refused:
            await self.action.read(world.reader(), resource)
        assert refused.value.reason is Reason.RESOURCE_GONE

"""RDS: flags of instances and clusters."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, LiveState, Refused, Verdict
from posture.remediation.actions.parameters import ParameterError
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import ActionTests, World, unique

CREDENTIALS = {"MasterUsername": "root", "MasterUserPassword": unique("password")}
ACTIONS = builtin_actions()


class _Databases(ActionTests):
    """`flag`: as it is created. `right`: as it is to be."""

    flag: ClassVar[str]
    shown: ClassVar[str] = ""
    right: ClassVar[int] = True

    def wrong(self) -> int:
        return not self.right

    def fixed(self, settings: Any) -> Any:
        return settings | {self.shown or self.flag: self.right}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("rds").add_tags_to_resource(ResourceName=resource.id, Tags=tags)

    async def test_one_that_is_being_changed_is_waited_for(self, world: World) -> None:
        resource = self.make_wrong(world)
        state = await self.action.read(world.reader(), resource)
        for about, reason in (
            ({"status": "modifying"}, Reason.PENDING),
            ({"engine": "custom-oracle-ee"}, Reason.NOT_SUPPORTED),
        ):
            busy = LiveState(state.parts, {**state.about, **about})
            with pytest.raises(Refused) as refused:
                self.action.judge(busy, self.action.configure(dict(self.parameters)), self.situation())
            assert refused.value.reason is reason


def _settled(described: dict[str, Any]) -> dict[str, Any]:
    """Leave out what changes by itself."""
    return {name: value for name, value in described.items() if not name.endswith("RestorableTime")}


class _Instances(_Databases):
    writes = ("rds:ModifyDBInstance",)
    write_marker = "Action=ModifyDBInstance"
    tag_markers = ("Action=DescribeDBInstances",)

    def make_wrong(self, world: World) -> ResourceKey:
        rds, name = world.client("rds"), unique("db")
        answer = rds.create_db_instance(
            **{
                "DBInstanceIdentifier": name,
                "DBInstanceClass": "db.t3.micro",
                "Engine": "postgres",
                "AllocatedStorage": 20,
                "BackupRetentionPeriod": 3,
                self.flag: self.wrong(),
                **CREDENTIALS,
            }
        )
        arn = answer["DBInstance"]["DBInstanceArn"]
        return ResourceKey(world.account, "aws", "eu-west-1", "AwsRdsDbInstance", arn)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        name = resource.id.split(":")[-1]
        answer = world.client("rds").describe_db_instances(DBInstanceIdentifier=name)
        return _settled(answer["DBInstances"][0])

    def remove(self, world: World, resource: ResourceKey) -> None:
        name = resource.id.split(":")[-1]
        world.client("rds").delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


class _Clusters(_Databases):
    writes = ("rds:ModifyDBCluster",)
    write_marker = "Action=ModifyDBCluster"
    tag_markers = ("Action=DescribeDBClusters",)

    def make_wrong(self, world: World) -> ResourceKey:
        rds, name = world.client("rds"), unique("cluster")
        answer = rds.create_db_cluster(
            DBClusterIdentifier=name, Engine="aurora-mysql", **{self.flag: self.wrong()}, **CREDENTIALS
        )
        arn = answer["DBCluster"]["DBClusterArn"]
        return ResourceKey(world.account, "aws", "eu-west-1", "AwsRdsDbCluster", arn)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        name = resource.id.split(":")[-1]
        answer = world.client("rds").describe_db_clusters(DBClusterIdentifier=name)
        return _settled(answer["DBClusters"][0])

    def remove(self, world: World, resource: ResourceKey) -> None:
        name = resource.id.split(":")[-1]
        world.client("rds").delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)


class TestInstanceDeletionProtection(_Instances):
    action: ClassVar[Action] = ACTIONS["rds-instance-enable-deletion-protection"]
    flag = "DeletionProtection"

    async def test_an_instance_of_a_cluster_has_it_from_there(self, world: World) -> None:
        resource = self.make_wrong(world)
        state = await self.action.read(world.reader(), resource)
        part = LiveState(state.parts, {**state.about, "cluster": "c"})
        with pytest.raises(Refused) as refused:
            self.action.judge(part, {}, self.situation())
        assert refused.value.reason is Reason.NOT_SUPPORTED


class TestInstanceMinorUpgrades(_Instances):
    action: ClassVar[Action] = ACTIONS["rds-instance-enable-automatic-minor-upgrades"]
    flag = "AutoMinorVersionUpgrade"


class TestInstanceCopyTags(_Instances):
    action: ClassVar[Action] = ACTIONS["rds-instance-copy-tags-to-snapshots"]
    flag = "CopyTagsToSnapshot"


class TestInstanceIamAuthentication(_Instances):
    action: ClassVar[Action] = ACTIONS["rds-instance-enable-iam-authentication"]
    flag = "EnableIAMDatabaseAuthentication"
    shown = "IAMDatabaseAuthenticationEnabled"


class TestInstanceEnhancedMonitoring(_Instances):
    action: ClassVar[Action] = ACTIONS["rds-instance-enable-enhanced-monitoring"]
    parameters = (("role", "rds-monitoring"), ("interval", "30"))
    flag = "MonitoringInterval"
    right = 30

    def wrong(self) -> int:
        return 0

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("rds").modify_db_instance(
            DBInstanceIdentifier=resource.id.split(":")[-1], MonitoringInterval=1
        )

    def fixed(self, settings: Any) -> Any:
        role = f"arn:aws:iam::{settings['DBInstanceArn'].split(':')[4]}:role/rds-monitoring"
        return super().fixed(settings) | {"MonitoringRoleArn": role}

    def restored(self, settings: Any) -> Any:
        return self.fixed(settings) | {"MonitoringInterval": 0}

    @pytest.mark.parametrize("given", [{}, {"role": "arn:aws:iam::111122223333:role/r"}, {"role": ""}])
    def test_it_needs_the_name_of_a_role(self, given: dict[str, str]) -> None:
        with pytest.raises(ParameterError, match="role"):
            self.action.configure(given)


class TestInstancePublicAccess(_Instances):
    action: ClassVar[Action] = ACTIONS["rds-instance-disable-public-access"]
    flag = "PubliclyAccessible"
    right = False


class TestClusterDeletionProtection(_Clusters):
    action: ClassVar[Action] = ACTIONS["rds-cluster-enable-deletion-protection"]
    flag = "DeletionProtection"


class TestClusterMinorUpgrades(_Clusters):
    action: ClassVar[Action] = ACTIONS["rds-cluster-enable-automatic-minor-upgrades"]
    flag = "AutoMinorVersionUpgrade"


class TestClusterCopyTags(_Clusters):
    action: ClassVar[Action] = ACTIONS["rds-cluster-copy-tags-to-snapshots"]
    flag = "CopyTagsToSnapshot"


class _BackupRetention(_Databases):
    """`asks`: the control's parameter."""

    asks: ClassVar[str]
    flag = "BackupRetentionPeriod"
    right = 7

    def wrong(self) -> int:
        return 3

    @pytest.mark.parametrize(("asked", "after"), [("7", 7), ("35", 35)])
    async def test_it_does_what_the_control_asks(self, world: World, asked: str, after: int) -> None:
        for name in (self.asks, self.asks.upper()):
            read = await self.read(world, self.make_wrong(world), control_parameters={name: [asked]})
            assert [each.after for each in read.verdict.wrong] == [after]

    async def test_it_never_lowers(self, world: World) -> None:
        resource = self.make_wrong(world)
        self.change(world, resource)
        assert (await self.read(world, resource)).verdict == Verdict()

    async def test_replicas_are_left(self, world: World) -> None:
        state = await self.action.read(world.reader(), self.make_wrong(world))
        replica = LiveState(state.parts, {**state.about, "replicaOf": "db"})
        with pytest.raises(Refused) as refused:
            self.action.judge(replica, {}, self.situation())
        assert refused.value.reason is Reason.NOT_SUPPORTED


class TestInstanceBackupRetention(_BackupRetention, _Instances):
    action: ClassVar[Action] = ACTIONS["rds-instance-raise-backup-retention"]
    asks = "backupRetentionMinimum"

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("rds").modify_db_instance(
            DBInstanceIdentifier=resource.id.split(":")[-1], BackupRetentionPeriod=14
        )


class TestClusterBackupRetention(_BackupRetention, _Clusters):
    action: ClassVar[Action] = ACTIONS["rds-cluster-raise-backup-retention"]
    asks = "minimumBackupRetentionPeriod"

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("rds").modify_db_cluster(
            DBClusterIdentifier=resource.id.split(":")[-1], BackupRetentionPeriod=14
        )

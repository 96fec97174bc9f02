"""RDS.1 and SSM.4: snapshots and documents that are shared with everybody."""

import json
from abc import abstractmethod
from typing import Any, ClassVar

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import REGION, ActionTests, World, unique

ACTIONS = builtin_actions()
FRIEND = "444455556666"
CREDENTIALS = {"MasterUsername": "root", "MasterUserPassword": unique("password")}


def _without_everybody(accounts: list[str]) -> list[str]:
    return [each for each in accounts if each != "all"]


class TestDocument(ActionTests):
    action: ClassVar[Action] = ACTIONS["ssm-document-make-private"]
    writes = ("ssm:ModifyDocumentPermission",)
    write_marker = "AmazonSSM.ModifyDocumentPermission"
    tag_markers = ("AmazonSSM.ListTagsForResource",)

    def make_wrong(self, world: World) -> ResourceKey:
        ssm, name = world.client("ssm"), unique("document")
        content = {"schemaVersion": "2.2", "description": "d", "mainSteps": []}
        ssm.create_document(Name=name, Content=json.dumps(content), DocumentType="Command")
        ssm.modify_document_permission(
            Name=name,
            PermissionType="Share",
            AccountIdsToAdd=["all"],
            SharedDocumentVersion="$LATEST",
        )
        return world.resource("AwsSsmDocument", "ssm", f"document/{name}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        ssm, name = world.client("ssm"), resource.id.rpartition("/")[2]
        shared = ssm.describe_document_permission(Name=name, PermissionType="Share")
        versions = {each["AccountId"]: each for each in shared["AccountSharingInfoList"]}
        return ssm.describe_document(Name=name)["Document"], sorted(shared["AccountIds"]), versions

    def fixed(self, settings: Any) -> Any:
        document, accounts, versions = settings
        kept = _without_everybody(accounts)
        return document, kept, {account: versions[account] for account in kept}

    def change(self, world: World, resource: ResourceKey) -> None:
        """Share it with everybody again, another version of it."""
        world.client("ssm").modify_document_permission(
            Name=resource.id.rpartition("/")[2],
            PermissionType="Share",
            AccountIdsToAdd=["all"],
            SharedDocumentVersion="$DEFAULT",
        )

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        world.client("ssm").add_tags_to_resource(
            ResourceType="Document",
            ResourceId=resource.id.rpartition("/")[2],
            Tags=[{"Key": tag[0], "Value": tag[1]}],
        )

    def remove(self, world: World, resource: ResourceKey) -> None:
        ssm, name = world.client("ssm"), resource.id.rpartition("/")[2]
        ssm.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToRemove=["all"])
        ssm.delete_document(Name=name)


class _Snapshots(ActionTests):
    """`kind`: as the API calls it."""

    action: ClassVar[Action] = ACTIONS["rds-snapshot-make-private"]
    kind: ClassVar[str]

    @abstractmethod
    def make_snapshot(self, rds: Any, name: str) -> str:
        """Make a snapshot of this name, and return its ARN."""

    def make_wrong(self, world: World) -> ResourceKey:
        rds, name = world.client("rds"), unique("snapshot")
        arn = self.make_snapshot(rds, name)
        self._call(rds, "modify", "_attribute", name, AttributeName="restore", ValuesToAdd=["all", FRIEND])
        return ResourceKey(world.account, "aws", REGION, f"AwsRds{self.kind.replace('DB', 'Db')}", arn)

    def _call(self, rds: Any, verb: str, what: str, name: str, **more: Any) -> Any:
        middle = {"DBSnapshot": "db_snapshot", "DBClusterSnapshot": "db_cluster_snapshot"}[self.kind]
        return getattr(rds, f"{verb}_{middle}{what}")(**{f"{self.kind}Identifier": name}, **more)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        rds, name = world.client("rds"), resource.id.rpartition(":")[2]
        attributes = self._call(rds, "describe", "_attributes", name)[f"{self.kind}AttributesResult"]
        (restore,) = attributes[f"{self.kind}Attributes"]
        described = self._call(rds, "describe", "s", name)[f"{self.kind}s"][0]
        return described, sorted(restore["AttributeValues"])

    def fixed(self, settings: Any) -> Any:
        described, accounts = settings
        return described, _without_everybody(accounts)

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("rds").add_tags_to_resource(ResourceName=resource.id, Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        self._call(world.client("rds"), "delete", "", resource.id.rpartition(":")[2])


class TestInstanceSnapshot(_Snapshots):
    kind = "DBSnapshot"
    writes = ("rds:ModifyDBSnapshotAttribute",)
    write_marker = "Action=ModifyDBSnapshotAttribute"
    tag_markers = ("Action=DescribeDBSnapshots",)

    def make_snapshot(self, rds: Any, name: str) -> str:
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            AllocatedStorage=20,
            **CREDENTIALS,
        )
        answer = rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=name)
        return str(answer["DBSnapshot"]["DBSnapshotArn"])


class TestClusterSnapshot(_Snapshots):
    kind = "DBClusterSnapshot"
    writes = ("rds:ModifyDBClusterSnapshotAttribute",)
    write_marker = "Action=ModifyDBClusterSnapshotAttribute"
    tag_markers = ("Action=DescribeDBClusterSnapshots",)

    def make_snapshot(self, rds: Any, name: str) -> str:
        rds.create_db_cluster(DBClusterIdentifier=name, Engine="aurora-mysql", **CREDENTIALS)
        answer = rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier=name)
        return str(answer["DBClusterSnapshot"]["DBClusterSnapshotArn"])

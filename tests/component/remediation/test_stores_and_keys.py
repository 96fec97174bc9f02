"""SQS.1, KMS.4, DynamoDB.2, 6, CloudTrail.2, 4, ECR.1, 2: one setting of a queue, key, table and so on."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, LiveState, Refused
from posture.remediation.actions.parameters import ParameterError
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import ActionTests, World, unique

ACTIONS = builtin_actions()
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class TestSqsEncryption(ActionTests):
    action: ClassVar[Action] = ACTIONS["sqs-enable-encryption"]
    writes = ("sqs:SetQueueAttributes",)
    write_marker = "AmazonSQS.SetQueueAttributes"
    tag_markers = ("AmazonSQS.ListQueueTags", "AmazonSQS.GetQueueUrl")

    def make_wrong(self, world: World) -> ResourceKey:
        name = unique("queue")
        attributes = {"SqsManagedSseEnabled": "false", "VisibilityTimeout": "77"}
        world.client("sqs").create_queue(QueueName=name, Attributes=attributes)
        return world.resource("AwsSqsQueue", "sqs", name)

    def _url(self, world: World, resource: ResourceKey) -> str:
        answer = world.client("sqs").get_queue_url(QueueName=resource.id.split(":")[-1])
        return str(answer["QueueUrl"])

    def settings(self, world: World, resource: ResourceKey) -> Any:
        url = self._url(world, resource)
        found = world.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return {name: value for name, value in found.items() if name != "LastModifiedTimestamp"}

    def fixed(self, settings: Any) -> Any:
        return settings | {"SqsManagedSseEnabled": "true"}

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("sqs").set_queue_attributes(
            QueueUrl=self._url(world, resource), Attributes={"KmsMasterKeyId": "alias/of-ours"}
        )

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        world.client("sqs").tag_queue(QueueUrl=self._url(world, resource), Tags=dict([tag]))

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("sqs").delete_queue(QueueUrl=self._url(world, resource))

    async def test_a_queue_with_a_key_is_right(self, world: World) -> None:
        resource = self.make_wrong(world)
        self.change(world, resource)
        assert (await self.read(world, resource)).verdict == ((), ())


class TestKeyRotation(ActionTests):
    action: ClassVar[Action] = ACTIONS["kms-enable-key-rotation"]
    writes = ("kms:EnableKeyRotation",)
    undo_writes = ("kms:DisableKeyRotation",)
    write_marker = "TrentService.EnableKeyRotation"
    tag_markers = ("TrentService.ListResourceTags",)

    def make_wrong(self, world: World) -> ResourceKey:
        arn = world.client("kms").create_key(Description="d")["KeyMetadata"]["Arn"]
        return ResourceKey(world.account, "aws", "eu-west-1", "AwsKmsKey", arn)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        kms = world.client("kms")
        rotated = kms.get_key_rotation_status(KeyId=resource.id)["KeyRotationEnabled"]
        return kms.describe_key(KeyId=resource.id)["KeyMetadata"] | {"rotated": rotated}

    def fixed(self, settings: Any) -> Any:
        return settings | {"rotated": True}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"TagKey": tag[0], "TagValue": tag[1]}]
        world.client("kms").tag_resource(KeyId=resource.id, Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        """Keys only go after days: nobody ever made this one."""

    async def test_it_is_gone(self, world: World) -> None:
        resource = self.make_wrong(world)
        never = resource._replace(id=resource.id.rpartition("/")[0] + "/11111111-2222-3333-4444-555555555555")
        with pytest.raises(Refused) as refused:
            await self.action.read(world.reader(), never)
        assert refused.value.reason is Reason.RESOURCE_GONE

    @pytest.mark.parametrize(
        ("member", "value", "reason"),
        [
            ("KeyManager", "AWS", Reason.MANAGED_BY_AWS),
            ("KeyState", "PendingDeletion", Reason.IN_USE),
            ("KeyState", "Disabled", Reason.NOT_SUPPORTED),
            ("KeySpec", "RSA_2048", Reason.NOT_SUPPORTED),
            ("Origin", "EXTERNAL", Reason.NOT_SUPPORTED),
            ("CustomKeyStoreId", "cks-1", Reason.NOT_SUPPORTED),
            ("MultiRegionKeyType", "REPLICA", Reason.NOT_SUPPORTED),
        ],
    )
    async def test_keys_that_it_leaves(self, world: World, member: str, value: str, reason: Reason) -> None:
        state = await self.action.read(world.reader(), self.make_wrong(world))
        for present in (False, None):
            other = LiveState({"keyRotation": present}, {**state.about, member: value})
            with pytest.raises(Refused) as refused:
                self.action.judge(other, {}, self.situation())
            assert refused.value.reason is reason


class _Tables(ActionTests):
    def make_wrong(self, world: World) -> ResourceKey:
        name = unique("table")
        answer = world.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        arn = answer["TableDescription"]["TableArn"]
        return ResourceKey(world.account, "aws", "eu-west-1", "AwsDynamoDbTable", arn)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        client, name = world.client("dynamodb"), resource.id.rpartition("/")[2]
        table = client.describe_table(TableName=name)["Table"]
        backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        return {"DeletionProtectionEnabled": False, **table, "recovery": recovery}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("dynamodb").tag_resource(ResourceArn=resource.id, Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("dynamodb").delete_table(TableName=resource.id.rpartition("/")[2])


class TestPointInTimeRecovery(_Tables):
    action: ClassVar[Action] = ACTIONS["dynamodb-enable-point-in-time-recovery"]
    writes = ("dynamodb:UpdateContinuousBackups",)
    write_marker = "UpdateContinuousBackups"
    tag_markers = ("ListTagsOfResource",)

    def fixed(self, settings: Any) -> Any:
        return settings | {"recovery": "ENABLED"}


class TestTableDeletionProtection(_Tables):
    action: ClassVar[Action] = ACTIONS["dynamodb-enable-deletion-protection"]
    writes = ("dynamodb:UpdateTable",)
    write_marker = ".UpdateTable"
    tag_markers = ("ListTagsOfResource",)

    def fixed(self, settings: Any) -> Any:
        return settings | {"DeletionProtectionEnabled": True}


class _Trails(ActionTests):
    writes = ("cloudtrail:UpdateTrail",)
    write_marker = ".UpdateTrail"
    tag_markers = (".ListTags", ".GetTrail")

    def make_wrong(self, world: World) -> ResourceKey:
        bucket, where = unique("trail"), {"LocationConstraint": "eu-west-1"}
        world.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        answer = world.client("cloudtrail").create_trail(
            Name=unique("trail"), S3BucketName=bucket, S3KeyPrefix="p", EnableLogFileValidation=False
        )
        return ResourceKey(world.account, "aws", "eu-west-1", "AwsCloudTrailTrail", answer["TrailARN"])

    def settings(self, world: World, resource: ResourceKey) -> Any:
        trail = world.client("cloudtrail").get_trail(Name=resource.id)["Trail"]
        return {**trail, "KmsKeyId": trail.get("KmsKeyId") or None}

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("cloudtrail").add_tags(ResourceId=resource.id, TagsList=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("cloudtrail").delete_trail(Name=resource.id.rpartition("/")[2])


class TestLogValidation(_Trails):
    action: ClassVar[Action] = ACTIONS["cloudtrail-enable-log-validation"]

    def fixed(self, settings: Any) -> Any:
        return settings | {"LogFileValidationEnabled": True}


class TestTrailEncryption(_Trails):
    action: ClassVar[Action] = ACTIONS["cloudtrail-enable-encryption"]
    parameters = (("key", KEY),)

    def fixed(self, settings: Any) -> Any:
        return settings | {"KmsKeyId": KEY}

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("cloudtrail").update_trail(Name=resource.id, KmsKeyId=KEY.replace("key/", "key/mrk-"))

    async def test_a_trail_with_any_key_is_right(self, world: World) -> None:
        resource = self.make_wrong(world)
        self.change(world, resource)
        assert (await self.read(world, resource)).verdict == ((), ())

    @pytest.mark.parametrize("given", [{}, {"key": "alias/trails"}, {"key": KEY.rpartition("/")[2]}], ids=str)
    def test_it_needs_the_arn_of_a_key(self, given: dict[str, str]) -> None:
        with pytest.raises(ParameterError, match="key"):
            self.action.configure(given)


class _Repositories(ActionTests):
    tag_markers = ("ListTagsForResource",)

    def make_wrong(self, world: World) -> ResourceKey:
        answer = world.client("ecr").create_repository(repositoryName=f"team/{unique('images')}")
        arn = answer["repository"]["repositoryArn"]
        return ResourceKey(world.account, "aws", "eu-west-1", "AwsEcrRepository", arn)

    def _name(self, resource: ResourceKey) -> str:
        return resource.id.partition("repository/")[2]

    def settings(self, world: World, resource: ResourceKey) -> Any:
        names = [self._name(resource)]
        return world.client("ecr").describe_repositories(repositoryNames=names)["repositories"][0]

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("ecr").tag_resource(resourceArn=resource.id, tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("ecr").delete_repository(repositoryName=self._name(resource))


class TestScanOnPush(_Repositories):
    action: ClassVar[Action] = ACTIONS["ecr-enable-scan-on-push"]
    writes = ("ecr:PutImageScanningConfiguration",)
    write_marker = ".PutImageScanningConfiguration"

    def fixed(self, settings: Any) -> Any:
        return settings | {"imageScanningConfiguration": {"scanOnPush": True}}

    async def test_where_the_registry_decides_it_does_not(self, world: World) -> None:
        resource = self.make_wrong(world)
        world.client("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        with pytest.raises(Refused) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.NOT_SUPPORTED


class TestTagImmutability(_Repositories):
    action: ClassVar[Action] = ACTIONS["ecr-enable-tag-immutability"]
    writes = ("ecr:PutImageTagMutability",)
    write_marker = ".PutImageTagMutability"

    def fixed(self, settings: Any) -> Any:
        return settings | {"imageTagMutability": "IMMUTABLE"}

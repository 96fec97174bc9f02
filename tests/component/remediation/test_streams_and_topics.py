"""Kinesis.1 and SNS.1: encryption with a key that a rule can choose, or must."""

from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, LiveState, Refused, Verdict
from posture.remediation.actions.parameters import ParameterError
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import ActionTests, World, unique

ACTIONS = builtin_actions()


class TestStreamEncryption(ActionTests):
    action: ClassVar[Action] = ACTIONS["kinesis-enable-encryption"]
    writes = ("kinesis:StartStreamEncryption",)
    undo_writes = ("kinesis:StopStreamEncryption",)
    write_marker = ".StartStreamEncryption"
    tag_markers = (".ListTagsForStream",)

    def make_wrong(self, world: World) -> ResourceKey:
        name = unique("stream")
        world.client("kinesis").create_stream(StreamName=name, ShardCount=1)
        return world.resource("AwsKinesisStream", "kinesis", f"stream/{name}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        name = resource.id.rpartition("/")[2]
        answer = world.client("kinesis").describe_stream_summary(StreamName=name)
        return {"KeyId": None, **answer["StreamDescriptionSummary"]}

    def fixed(self, settings: Any) -> Any:
        return settings | {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("kinesis").start_stream_encryption(
            StreamName=resource.id.rpartition("/")[2], EncryptionType="KMS", KeyId="alias/ours"
        )

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        name = resource.id.rpartition("/")[2]
        world.client("kinesis").add_tags_to_stream(StreamName=name, Tags=dict([tag]))

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("kinesis").delete_stream(StreamName=resource.id.rpartition("/")[2])

    async def test_a_stream_with_any_key_is_right(self, world: World) -> None:
        resource = self.make_wrong(world)
        self.change(world, resource)
        assert (await self.read(world, resource)).verdict == Verdict()

    async def test_a_rule_can_choose_the_key(self, world: World) -> None:
        state = (await self.read(world, self.make_wrong(world))).state
        values = self.action.configure({"key": "alias/ours"})
        (written,) = self.action.judge(state, values, self.situation()).wrong
        assert written.after == {"EncryptionType": "KMS", "KeyId": "alias/ours"}

    async def test_a_stream_that_is_being_changed_is_waited_for(self, world: World) -> None:
        state = (await self.read(world, self.make_wrong(world))).state
        busy = LiveState(state.parts, {"status": "UPDATING"})
        with pytest.raises(Refused) as refused:
            self.action.judge(busy, self.action.configure({}), self.situation())
        assert refused.value.reason is Reason.PENDING


class TestTopicEncryption(ActionTests):
    action: ClassVar[Action] = ACTIONS["sns-enable-encryption"]
    parameters = (("key", "alias/posture-tests"),)
    writes = ("sns:SetTopicAttributes",)
    write_marker = "Action=SetTopicAttributes"
    tag_markers = ("Action=ListTagsForResource",)

    def make_wrong(self, world: World) -> ResourceKey:
        kms = world.client("kms")
        if not [each for each in kms.list_aliases()["Aliases"] if each["AliasName"] == "alias/posture-tests"]:
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName="alias/posture-tests", TargetKeyId=key)
        name = unique("topic")
        world.client("sns").create_topic(Name=name, Attributes={"DisplayName": "shop"})
        return world.resource("AwsSnsTopic", "sns", name)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        answer = world.client("sns").get_topic_attributes(TopicArn=resource.id)
        return {"KmsMasterKeyId": "", **answer["Attributes"]}

    def fixed(self, settings: Any) -> Any:
        return settings | {"KmsMasterKeyId": "alias/posture-tests"}

    def change(self, world: World, resource: ResourceKey) -> None:
        world.client("sns").set_topic_attributes(
            TopicArn=resource.id, AttributeName="KmsMasterKeyId", AttributeValue="alias/ours"
        )

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("sns").tag_resource(ResourceArn=resource.id, Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("sns").delete_topic(TopicArn=resource.id)

    async def test_a_topic_with_any_key_is_right(self, world: World) -> None:
        resource = self.make_wrong(world)
        self.change(world, resource)
        assert (await self.read(world, resource)).verdict == Verdict()

    @pytest.mark.parametrize("state", ["disabled", "to be deleted"])
    async def test_a_key_that_does_not_work_is_not_set(self, world: World, state: str) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        kms = world.client("kms")
        key = kms.describe_key(KeyId="alias/posture-tests")["KeyMetadata"]["KeyId"]
        if state == "disabled":
            kms.disable_key(KeyId=key)
        else:
            kms.schedule_key_deletion(KeyId=key)
        with pytest.raises(Refused) as refused:
            await self.fix(world, resource)
        assert refused.value.reason is Reason.NOT_SUPPORTED
        assert self.settings(world, resource) == before
        assert not world.writes()

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"key": ""},
            {"key": "alias/aws/sns"},
            {"key": "arn:aws:kms:eu-west-1:111122223333:alias/aws/sns"},
            {"key": "arn:aws:kms:eu-west-1:111122223333:grant/1"},
            {"key": "alias/"},
            {"key": "my key"},
        ],
        ids=str,
    )
    def test_it_needs_a_key_that_services_can_be_let_use(self, given: dict[str, str]) -> None:
        with pytest.raises(ParameterError, match="key"):
            self.action.configure(given)

"""S3.8, S3.2, S3.3: a bucket's block public access."""

from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Refused
from posture.remediation.actions.s3.bucket_block_public_access import ACTION
from tests.support.actions import REGION, ActionTests, World, unique

FLAGS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


class TestBucketBlockPublicAccess(ActionTests):
    action = ACTION
    writes = ("s3:PutPublicAccessBlock",)
    write_marker = "<PublicAccessBlockConfiguration"
    tag_markers = ("?tagging",)

    def make_wrong(self, world: World) -> ResourceKey:
        bucket = unique("bucket")
        where: Any = {"LocationConstraint": REGION}
        world.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        self._put(world, bucket, "BlockPublicPolicy")
        return ResourceKey(world.account, "aws", REGION, "AwsS3Bucket", f"arn:aws:s3:::{bucket}")

    def _put(self, world: World, bucket: str, off: str) -> None:
        flags = {flag: flag != off for flag in FLAGS}
        world.client("s3").put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=flags)

    def settings(self, world: World, resource: ResourceKey) -> Any:
        answer = world.client("s3").get_public_access_block(Bucket=resource.id.split(":")[-1])
        return answer["PublicAccessBlockConfiguration"]

    def fixed(self, settings: Any) -> Any:
        return settings | {"BlockPublicPolicy": True}

    def change(self, world: World, resource: ResourceKey) -> None:
        self._put(world, resource.id.split(":")[-1], "IgnorePublicAcls")

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags: Any = {"TagSet": [{"Key": tag[0], "Value": tag[1]}]}
        world.client("s3").put_bucket_tagging(Bucket=resource.id.split(":")[-1], Tagging=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("s3").delete_bucket(Bucket=resource.id.split(":")[-1])

    async def test_a_bucket_without_a_configuration_has_none_again(self, world: World) -> None:
        resource = self.make_wrong(world)
        bucket = resource.id.split(":")[-1]
        world.client("s3").delete_public_access_block(Bucket=bucket)
        (wrong,) = await self.fix(world, resource)
        await self.action.undo(world.writer(), resource, wrong)
        assert (await self.action.read(world.reader(), resource)).parts == {wrong.name: None}
        assert world.writes() == {"s3:PutPublicAccessBlock": 1, "s3:DeletePublicAccessBlock": 1}

    async def test_a_website_is_left_alone_unless_the_rule_says_otherwise(self, world: World) -> None:
        resource = self.make_wrong(world)
        index: Any = {"IndexDocument": {"Suffix": "index.html"}}
        bucket = resource.id.split(":")[-1]
        world.client("s3").put_bucket_website(Bucket=bucket, WebsiteConfiguration=index)
        with pytest.raises(Refused) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.IN_USE
        state = await self.action.read(world.reader(), resource)
        blocking = self.action.configure({"websites": "Block"})
        assert self.action.judge(state, blocking, self.situation()).wrong

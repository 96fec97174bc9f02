"""S3.1: the account's block public access, which touches every bucket."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.s3.account_block_public_access import ACTION
from tests.support.actions import ActionTests, World, unique

FLAGS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


class TestAccountBlockPublicAccess(ActionTests):
    action = ACTION
    writes = ("s3control:PutPublicAccessBlock",)
    write_marker = "PUT /v20180820/configuration/publicAccessBlock"
    tag_markers = ("?tagging", "ListTagsForResource", "GET /?max-buckets")

    def make_wrong(self, world: World) -> ResourceKey:
        for region in ("eu-west-1", "us-east-1", "ap-south-1"):
            where = {} if region == "us-east-1" else {"LocationConstraint": region}
            options: Any = {"CreateBucketConfiguration": where} if where else {}
            world.client("s3", region).create_bucket(Bucket=unique("b"), **options)
        world.client("s3control").put_public_access_block(
            AccountId=world.account,
            PublicAccessBlockConfiguration={flag: flag != "BlockPublicPolicy" for flag in FLAGS},
        )
        return world.account_resource()

    def settings(self, world: World, resource: ResourceKey) -> Any:
        del resource
        answer = world.client("s3control").get_public_access_block(AccountId=world.account)
        return answer["PublicAccessBlockConfiguration"]

    def fixed(self, settings: Any) -> Any:
        return settings | {"BlockPublicPolicy": True}

    def change(self, world: World, resource: ResourceKey) -> None:
        del resource
        flags = {flag: flag != "IgnorePublicAcls" for flag in FLAGS}
        world.client("s3control").put_public_access_block(
            AccountId=world.account, PublicAccessBlockConfiguration=flags
        )

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        del resource
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.organizations.tag_resource(ResourceId=world.account, Tags=tags)

    async def test_a_tag_of_any_bucket_counts(self, world: World) -> None:
        resource = self.make_wrong(world)
        client = world.client("s3", "ap-south-1")
        bucket = client.list_buckets()["Buckets"][-1]["Name"]
        client.put_bucket_tagging(
            Bucket=bucket, Tagging={"TagSet": [{"Key": "Keep", "Value": "a"}, {"Key": "keep", "Value": "b"}]}
        )
        tags = {each.resource: each.tags for each in await self.action.tags(world.reader(), resource)}
        assert set(tags[bucket]) == {("Keep", "a"), ("keep", "b")}
        assert len(tags) == 4

    async def test_where_there_was_no_configuration_there_is_none_again(self, world: World) -> None:
        resource = world.account_resource()
        (wrong,) = await self.fix(world, resource)
        assert wrong.before is None
        await self.action.undo(world.writer(), resource, wrong)
        with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
            self.settings(world, resource)
        assert world.writes() == {"s3control:PutPublicAccessBlock": 1, "s3control:DeletePublicAccessBlock": 1}

"""S3.5: a statement in the bucket's policy that denies requests without TLS."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Refused, Restored
from posture.remediation.actions.s3.bucket_require_tls import ACTION
from tests.support.actions import REGION, ActionTests, World, unique
from tests.support.wire import Fault


class TestRequireTls(ActionTests):
    action = ACTION
    writes = ("s3:PutBucketPolicy",)
    write_marker = "PostureRequireTls"
    tag_markers = ("?tagging",)

    def make_wrong(self, world: World) -> ResourceKey:
        bucket = unique("bucket")
        where: Any = {"LocationConstraint": REGION}
        world.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        self._put(world, bucket, "s3:GetObject")
        return ResourceKey(world.account, "aws", REGION, "AwsS3Bucket", f"arn:aws:s3:::{bucket}")

    def _put(self, world: World, bucket: str, action: str) -> None:
        """Put a policy in a spelling of a person's own."""
        other = f"arn:aws:iam::{world.account}:root"
        statement = {"Effect": "Allow", "Principal": {"AWS": [other]}, "Action": action, "Sid": "Ours"}
        written = {"Statement": {**statement, "Resource": f"arn:aws:s3:::{bucket}/*"}, "Id": "of-a-person"}
        world.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(written, indent=4))

    def settings(self, world: World, resource: ResourceKey) -> Any:
        """The text, byte for byte."""
        return world.client("s3").get_bucket_policy(Bucket=_bucket(resource))["Policy"]

    def fixed(self, settings: Any) -> Any:
        before = json.loads(settings)
        arn = before["Statement"]["Resource"].removesuffix("/*")
        ours = {
            "Sid": "PostureRequireTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return json.dumps(before | {"Statement": [before["Statement"], ours]})

    def change(self, world: World, resource: ResourceKey) -> None:
        self._put(world, _bucket(resource), "s3:PutObject")

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags: Any = {"TagSet": [{"Key": tag[0], "Value": tag[1]}]}
        world.client("s3").put_bucket_tagging(Bucket=_bucket(resource), Tagging=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("s3").delete_bucket(Bucket=_bucket(resource))

    async def test_where_there_was_no_policy_there_is_none_again(self, world: World) -> None:
        resource = self.make_wrong(world)
        world.client("s3").delete_bucket_policy(Bucket=_bucket(resource))
        (wrong,) = await self.fix(world, resource)
        assert (await self.read(world, resource)).verdict == ((), ())
        assert await self.action.undo(world.writer(), resource, wrong) is Restored.RESTORED
        with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
            self.settings(world, resource)
        assert world.writes() == {"s3:PutBucketPolicy": 1, "s3:DeleteBucketPolicy": 1}

    async def test_another_spelling_of_what_was_written_is_no_change_of_a_person(self, world: World) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        (wrong,) = await self.fix(world, resource)
        said = json.loads(self.settings(world, resource))
        for each in said["Statement"]:
            each["Action"] = [each["Action"]]
        said["Statement"].reverse()
        world.client("s3").put_bucket_policy(Bucket=_bucket(resource), Policy=json.dumps(said))
        state = (await self.read(world, resource)).state
        assert self.action.verified(state, wrong)
        assert await self.action.undo(world.writer(), resource, wrong) is Restored.RESTORED
        assert self.settings(world, resource) == before

    async def test_a_website_is_left_alone_unless_the_rule_says_otherwise(self, world: World) -> None:
        resource = self.make_wrong(world)
        index: Any = {"IndexDocument": {"Suffix": "index.html"}}
        world.client("s3").put_bucket_website(Bucket=_bucket(resource), WebsiteConfiguration=index)
        with pytest.raises(Refused) as refused:
            await self.read(world, resource)
        assert refused.value.reason is Reason.IN_USE
        state = await self.action.read(world.reader(), resource)
        assert self.action.judge(state, self.action.configure({"websites": "Deny"}), self.situation()).wrong

    @pytest.mark.parametrize("fault", [Fault.DENIED, Fault.EMPTY, Fault.HTML, Fault.TRUNCATED])
    async def test_a_policy_that_cannot_be_read_is_not_replaced(self, world: World, fault: Fault) -> None:
        resource = self.make_wrong(world)
        world.wire.fail("?policy", fault)
        with pytest.raises(Exception, match=r"(?i)policy"):
            await self.read(world, resource)


def _bucket(resource: ResourceKey) -> str:
    return resource.id.rpartition(":")[2]

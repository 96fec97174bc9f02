"""S3.9: a bucket's requests logged in the bucket that the rule names."""

import json
from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Refused
from posture.remediation.actions.parameters import ParameterError
from posture.remediation.actions.s3.bucket_enable_access_logging import ACTION
from tests.support.actions import REGION, ActionTests, World, unique


class TestEnableAccessLogging(ActionTests):
    """The target lets S3 deliver logs; its name has the account and the Region in it."""

    action = ACTION
    parameters: ClassVar = (("targetBucket", "logs-{{ resource.accountId }}-{{resource.region}}"),)
    writes = ("s3:PutBucketLogging",)
    write_marker = "<BucketLoggingStatus"
    tag_markers = ("?tagging",)

    def make_wrong(self, world: World) -> ResourceKey:
        target = f"logs-{world.account}-{REGION}"
        self._bucket(world, target)
        delivery = {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{target}/*",
        }
        policy = {"Version": "2012-10-17", "Statement": [delivery]}
        world.client("s3").put_bucket_policy(Bucket=target, Policy=json.dumps(policy))
        return self._bucket(world, unique("bucket"))

    def _bucket(self, world: World, name: str, **options: Any) -> ResourceKey:
        where: Any = {"LocationConstraint": REGION}
        world.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where, **options)
        return ResourceKey(world.account, "aws", REGION, "AwsS3Bucket", f"arn:aws:s3:::{name}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        s3, name = world.client("s3"), _name(resource)
        return s3.get_bucket_logging(Bucket=name).get("LoggingEnabled"), s3.get_bucket_acl(Bucket=name)[
            "Owner"
        ]

    def fixed(self, settings: Any) -> Any:
        return self._logged, settings[1]

    _logged: Any = None

    async def fix(self, world: World, resource: ResourceKey) -> Any:
        target = f"logs-{world.account}-{REGION}"
        self._logged = {"TargetBucket": target, "TargetPrefix": f"{_name(resource)}/"}
        return await super().fix(world, resource)

    def change(self, world: World, resource: ResourceKey) -> None:
        status: Any = {"LoggingEnabled": {**self._logged, "TargetPrefix": "elsewhere/"}}
        world.client("s3").put_bucket_logging(Bucket=_name(resource), BucketLoggingStatus=status)

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags: Any = {"TagSet": [{"Key": tag[0], "Value": tag[1]}]}
        world.client("s3").put_bucket_tagging(Bucket=_name(resource), Tagging=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("s3").delete_bucket(Bucket=_name(resource))

    async def test_the_target_itself_is_not_logged(self, world: World) -> None:
        self.make_wrong(world)
        arn = f"arn:aws:s3:::logs-{world.account}-{REGION}"
        target = ResourceKey(world.account, "aws", REGION, "AwsS3Bucket", arn)
        with pytest.raises(Refused, match="suppress") as refused:
            await self.read(world, target)
        assert refused.value.reason is Reason.NOT_SUPPORTED

    async def test_a_target_that_locks_objects_takes_no_logs(self, world: World) -> None:
        resource = self._bucket(world, unique("bucket"))
        target = self._bucket(world, f"logs-{world.account}-{REGION}", ObjectLockEnabledForBucket=True)
        rule: Any = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
        world.client("s3").put_object_lock_configuration(
            Bucket=_name(target),
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
        )
        (wrong,) = (await self.read(world, resource)).verdict.wrong
        with pytest.raises(Refused, match="locks objects") as refused:
            await self.action.write(world.writer(), resource, wrong)
        assert refused.value.reason is Reason.NOT_SUPPORTED
        assert not world.writes()

    @pytest.mark.parametrize(
        "written",
        [
            None,
            "",
            "no",
            "Upper",
            "logs-{{ resource.id }}",
            "{{resource.accountId}}_logs",
            "a" * 60 + "{{ resource.region }}",
        ],
    )
    async def test_a_target_that_is_no_bucket_is_refused_early(self, written: str | None) -> None:
        with pytest.raises(ParameterError, match="targetBucket"):
            self.action.configure({} if written is None else {"targetBucket": written})


def _name(resource: ResourceKey) -> str:
    return resource.id.rpartition(":")[2]

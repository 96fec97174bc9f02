"""IAM.3, IAM.22 and IAM.8: access keys that are too old, or that nobody uses."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import instant_of
from posture.remediation.actions.contract import Action, Protected, Refused
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import ActionTests, World, unique
from tests.support.wire import Fault

ACTIONS = builtin_actions()


class _AccessKeys(ActionTests):
    """`days`: after which a key that was never used is wrong."""

    days: ClassVar[int]
    writes = ("iam:UpdateAccessKey",) * 2
    write_marker = "Action=UpdateAccessKey"
    tag_markers = ("Action=ListUserTags",)

    def make_wrong(self, world: World) -> ResourceKey:
        iam, user = world.client("iam"), unique("user")
        iam.create_user(UserName=user, Path="/team/", Tags=[{"Key": "team", "Value": "shop"}])
        for _ in range(2):
            iam.create_access_key(UserName=user)
        arn = f"arn:aws:iam::{world.account}:user/team/{user}"
        return ResourceKey(world.account, "aws", "us-east-1", "AwsIamUser", arn)

    async def read(self, world: World, resource: ResourceKey, **situation: Any) -> Any:
        """As on a day on which the keys, which are of today, have long been there."""
        later = instant_of(datetime.now(UTC) + timedelta(days=self.days + 1))
        return await super().read(world, resource, **{"now": later, **situation})

    def settings(self, world: World, resource: ResourceKey) -> Any:
        iam, user = world.client("iam"), resource.id.rpartition("/")[2]
        keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        tags = iam.list_user_tags(UserName=user)["Tags"]
        return {key["AccessKeyId"]: key for key in keys}, tags, iam.get_user(UserName=user)["User"]

    def fixed(self, settings: Any) -> Any:
        keys, tags, user = settings
        return {name: key | {"Status": "Inactive"} for name, key in keys.items()}, tags, user

    def change(self, world: World, resource: ResourceKey) -> None:
        """Delete the first key: nothing can make it again."""
        iam, user = world.client("iam"), resource.id.rpartition("/")[2]
        for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        user = resource.id.rpartition("/")[2]
        world.client("iam").tag_user(UserName=user, Tags=[{"Key": tag[0], "Value": tag[1]}])

    def remove(self, world: World, resource: ResourceKey) -> None:
        self.change(world, resource)
        world.client("iam").delete_user(UserName=resource.id.rpartition("/")[2])

    async def test_a_young_key_is_right(self, world: World) -> None:
        resource = self.make_wrong(world)
        young = instant_of(datetime.now(UTC) + timedelta(days=self.days - 1))
        assert (await self.read(world, resource, now=young)).verdict == ((), ())

    async def test_users_that_the_configuration_names_are_not_touched(self, world: World) -> None:
        resource = self.make_wrong(world)
        with pytest.raises(Refused, match="breakGlass") as refused:
            await self.read(world, resource, protected=Protected(iam_users=("break-glass", "USER-*")))
        assert refused.value.reason is Reason.EXCEPTED

    async def test_a_key_that_signs_for_the_operator_stays(self, world: World) -> None:
        resource = self.make_wrong(world)
        own, other = sorted(self.settings(world, resource)[0])
        verdict = (
            await self.read(world, resource, protected=Protected(access_keys=frozenset({own})))
        ).verdict
        assert [each.name for each in verdict.wrong] == [other]
        assert [(each.name, each.reason) for each in verdict.spared] == [(own, Reason.IN_USE)]


class TestDeactivateOldAccessKeys(_AccessKeys):
    action: ClassVar[Action] = ACTIONS["iam-deactivate-old-access-keys"]
    days = 90


class TestDeactivateUnusedCredentials(_AccessKeys):
    action: ClassVar[Action] = ACTIONS["iam-deactivate-unused-credentials"]
    days = 45

    async def test_the_control_of_the_finding_says_after_how_many_days(self, world: World) -> None:
        resource = self.make_wrong(world)
        later = instant_of(datetime.now(UTC) + timedelta(days=89))
        read = await self.read(world, resource, now=later, controls=frozenset({"IAM.8"}))
        assert read.verdict == ((), ())

    async def test_a_password_that_nobody_uses_is_told_and_stays(self, world: World) -> None:
        resource = self.make_wrong(world)
        iam, user = world.client("iam"), resource.id.rpartition("/")[2]
        iam.create_login_profile(UserName=user, Password=unique("Password-1"))
        before = iam.get_login_profile(UserName=user)["LoginProfile"]
        wrong = await self.fix(world, resource)
        assert len(wrong) == 2
        (spared,) = (await self.read(world, resource)).verdict.spared
        assert (spared.name, spared.reason) == ("password", Reason.NOT_SUPPORTED)
        assert iam.get_login_profile(UserName=user)["LoginProfile"] == before
        young = instant_of(datetime.now(UTC) + timedelta(days=44))
        assert not (await self.read(world, resource, now=young)).verdict.spared

    async def test_whether_there_is_a_password_has_to_be_known(self, world: World) -> None:
        resource = self.make_wrong(world)
        world.wire.fail("Action=GetLoginProfile", Fault.DENIED)
        with pytest.raises(Exception, match="GetLoginProfile"):
            await self.read(world, resource)

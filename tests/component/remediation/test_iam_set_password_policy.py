"""IAM.7 and IAM.10 to 17: the account's password policy."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.iam.set_password_policy import ACTION
from tests.support.actions import ActionTests, World, unique


class TestSetPasswordPolicy(ActionTests):
    action = ACTION
    writes = ("iam:UpdateAccountPasswordPolicy",)
    write_marker = "Action=UpdateAccountPasswordPolicy"
    tag_markers = ("ListTagsForResource", "Action=ListUsers&", "Action=ListUserTags")

    def make_wrong(self, world: World) -> ResourceKey:
        iam = world.client("iam")
        iam.update_account_password_policy(
            MinimumPasswordLength=20, RequireSymbols=True, MaxPasswordAge=30, AllowUsersToChangePassword=True
        )
        for _ in range(2):
            iam.create_user(UserName=unique("user"))
        return world.account_resource("us-east-1")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        del resource
        return world.client("iam").get_account_password_policy()["PasswordPolicy"]

    def fixed(self, settings: Any) -> Any:
        required = ("Lowercase", "Uppercase")
        return settings | {
            "PasswordReusePrevention": 24,
            "RequireNumbers": True,
            **{f"Require{each}Characters": True for each in required},
        }

    def change(self, world: World, resource: ResourceKey) -> None:
        del resource
        world.client("iam").update_account_password_policy(MinimumPasswordLength=30, RequireSymbols=True)

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        """Tag a user: the policy is the account's, and touches all of them."""
        del resource
        iam = world.client("iam")
        user = iam.list_users()["Users"][-1]["UserName"]
        iam.tag_user(UserName=user, Tags=[{"Key": tag[0], "Value": tag[1]}])

    async def test_where_there_was_no_policy_there_is_none_again(self, world: World) -> None:
        resource = world.account_resource("us-east-1")
        (wrong,) = await self.fix(world, resource)
        assert self.settings(world, resource)["MinimumPasswordLength"] == 14
        await self.action.undo(world.writer(), resource, wrong)
        with pytest.raises(ClientError, match="NoSuchEntity"):
            self.settings(world, resource)

"""Lambda.1: functions that everybody can call."""

import io
import json
import zipfile
from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import ChangedSince, Refused, Restored
from posture.remediation.actions.lambda_.remove_public_policy import ACTION
from tests.support.actions import REGION, ActionTests, World, unique
from tests.support.wire import Fault

FRIEND = "444455556666"


class TestRemovePublicPolicy(ActionTests):
    """Two public statements, one of a friend, and one of S3 that names this account."""

    action = ACTION
    writes = ("lambda:PutResourcePolicy",)
    write_marker = "PUT /2026-07-09/resource-policy/"
    tag_markers = ("/tags/",)

    def make_wrong(self, world: World) -> ResourceKey:
        resource = self._function(world)
        self._permit(world, resource, "public", Principal="*")
        self._permit(world, resource, "friend", Principal=FRIEND)
        self._permit(world, resource, "anyBucket", Principal="s3.amazonaws.com")
        ours = {"Principal": "s3.amazonaws.com", "SourceAccount": world.account}
        self._permit(world, resource, "ownBucket", SourceArn="arn:aws:s3:::b", **ours)
        return resource

    def _function(self, world: World) -> ResourceKey:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        policy = {"Version": "2012-10-17", "Statement": {**trust, "Action": "sts:AssumeRole"}}
        role = world.client("iam").create_role(
            RoleName=unique("role"), AssumeRolePolicyDocument=json.dumps(policy)
        )
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("a.py", "def handler(event, context): ...")
        made = world.client("lambda").create_function(
            FunctionName=unique("function"),
            Runtime="python3.12",
            Role=role["Role"]["Arn"],
            Handler="a.handler",
            Code={"ZipFile": archive.getvalue()},
        )
        return ResourceKey(world.account, "aws", REGION, "AwsLambdaFunction", made["FunctionArn"])

    def _permit(self, world: World, resource: ResourceKey, statement: str, **whom: Any) -> None:
        world.client("lambda").add_permission(
            FunctionName=_name(resource), StatementId=statement, Action="lambda:InvokeFunction", **whom
        )

    def settings(self, world: World, resource: ResourceKey) -> Any:
        function, client = _name(resource), world.client("lambda")
        policy = json.loads(client.get_policy(FunctionName=function)["Policy"])
        described = client.get_function_configuration(FunctionName=function)
        return policy, {key: value for key, value in described.items() if key != "ResponseMetadata"}

    def fixed(self, settings: Any) -> Any:
        policy, described = settings
        kept = [each for each in policy["Statement"] if each["Sid"] in {"friend", "ownBucket"}]
        return policy | {"Statement": kept}, described

    def change(self, world: World, resource: ResourceKey) -> None:
        self._permit(world, resource, "again", Principal="*")

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        world.client("lambda").tag_resource(Resource=resource.id, Tags=dict([tag]))

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("lambda").delete_function(FunctionName=_name(resource))

    async def test_where_all_was_public_there_is_no_policy_left(self, world: World) -> None:
        resource = self._function(world)
        self._permit(world, resource, "public", Principal="*")
        before = self.settings(world, resource)
        (wrong,) = await self.fix(world, resource)
        assert wrong.after is None
        assert (await self.read(world, resource)).verdict == ((), ())
        assert await self.action.undo(world.writer(), resource, wrong) is Restored.RESTORED
        assert self.settings(world, resource) == before
        assert world.writes() == {"lambda:DeleteResourcePolicy": 1, "lambda:PutResourcePolicy": 1}

    async def test_a_policy_that_was_changed_since_the_plan_is_judged_again(self, world: World) -> None:
        resource = self.make_wrong(world)
        (stale,) = (await self.read(world, resource)).verdict.wrong
        self.change(world, resource)
        before = self.settings(world, resource)
        with pytest.raises(Refused) as refused:
            await self.action.write(world.writer(), resource, stale)
        assert refused.value.reason is Reason.PENDING
        assert self.settings(world, resource) == before
        assert world.wire.sent(self.write_marker) == 1

    async def test_a_change_while_it_is_undone_is_not_written_over(self, world: World) -> None:
        resource = self.make_wrong(world)
        (wrong,) = await self.fix(world, resource)
        world.wire.fail(self.write_marker, "PreconditionFailedException")
        changed = self.settings(world, resource)
        with pytest.raises(ChangedSince):
            await self.action.undo(world.writer(), resource, wrong)
        assert self.settings(world, resource) == changed

    async def test_a_function_without_a_policy_is_right(self, world: World) -> None:
        assert (await self.read(world, self._function(world))).verdict == ((), ())

    async def test_the_url_of_a_function_goes_on_unless_the_rule_says_otherwise(self, world: World) -> None:
        resource = self._function(world)
        world.client("lambda").add_permission(
            FunctionName=_name(resource),
            StatementId="url",
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            FunctionUrlAuthType="NONE",
        )
        read = await self.read(world, resource)
        assert [(each.name, each.reason) for each in read.verdict.spared] == [("url", Reason.IN_USE)]
        assert not read.verdict.wrong
        removing = self.action.configure({"functionUrls": "Remove"})
        assert self.action.judge(read.state, removing, self.situation()).wrong

    @pytest.mark.parametrize("fault", [Fault.DENIED, Fault.EMPTY, Fault.HTML, Fault.TRUNCATED])
    async def test_a_policy_that_cannot_be_read_is_not_absent(self, world: World, fault: Fault) -> None:
        resource = self.make_wrong(world)
        world.wire.fail("GET /2026-07-09/resource-policy/", fault)
        with pytest.raises(Exception, match=r"(?i)policy"):
            await self.read(world, resource)


def _name(resource: ResourceKey) -> str:
    return resource.id.rpartition(":")[2]

"""CloudFront.3: which viewers a distribution answers, in a configuration that is sent back whole."""

from copy import deepcopy
from typing import Any, ClassVar

import pytest

from posture.aws.client.errors import AwsError
from posture.aws.client.unread import UNREAD
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, ChangedSince, LiveState, Refused, Verdict, Writer
from posture.remediation.actions.registry import builtin_actions
from tests.support.actions import ActionTests, World, unique

PATHS = {"/images/*": "allow-all", "/api/*": "https-only", "*": "redirect-to-https"}


def behaviour(policy: str) -> dict[str, Any]:
    return {
        "TargetOriginId": "shop",
        "ViewerProtocolPolicy": policy,
        "Compress": True,
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "LambdaFunctionAssociations": {
            "Quantity": 1,
            "Items": [
                {
                    "LambdaFunctionARN": "arn:aws:lambda:us-east-1:111122223333:function:edge:7",
                    "EventType": "viewer-request",
                    "IncludeBody": True,
                }
            ],
        },
    }


def configuration() -> dict[str, Any]:
    paths = [{"PathPattern": path, **behaviour(policy)} for path, policy in PATHS.items()]
    return {
        "CallerReference": unique("made"),
        "Comment": "shop & more",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "shop",
                    "DomainName": "shop.s3.amazonaws.com",
                    "S3OriginConfig": {"OriginAccessIdentity": "origin-access-identity/cloudfront/E1"},
                    "OriginAccessControlId": "E2",
                }
            ],
        },
        "DefaultCacheBehavior": behaviour("allow-all"),
        "CacheBehaviors": {"Quantity": len(paths), "Items": paths},
    }


class TestRedirectToHttps(ActionTests):
    action: ClassVar[Action] = builtin_actions()["cloudfront-redirect-to-https"]
    writes = ("cloudfront:UpdateDistribution",)
    write_marker = "PUT /2020-05-31/distribution/"
    tag_markers = ("/2020-05-31/tagging",)

    def make_wrong(self, world: World) -> ResourceKey:
        made = world.client("cloudfront").create_distribution(DistributionConfig=configuration())
        arn = made["Distribution"]["ARN"]
        return ResourceKey(world.account, "aws", "us-east-1", "AwsCloudFrontDistribution", arn)

    def _read(self, world: World, resource: ResourceKey) -> tuple[Any, str]:
        name = resource.id.rpartition("/")[2]
        answer = world.client("cloudfront").get_distribution_config(Id=name)
        return answer["DistributionConfig"], answer["ETag"]

    def settings(self, world: World, resource: ResourceKey) -> Any:
        return self._read(world, resource)[0]

    def fixed(self, settings: Any) -> Any:
        fixed = deepcopy(settings)
        fixed["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "redirect-to-https"
        fixed["CacheBehaviors"]["Items"][0]["ViewerProtocolPolicy"] = "redirect-to-https"
        return fixed

    def _set(self, world: World, resource: ResourceKey, **said: Any) -> None:
        present, version = self._read(world, resource)
        world.client("cloudfront").update_distribution(
            Id=resource.id.rpartition("/")[2], IfMatch=version, DistributionConfig=present | said
        )

    def change(self, world: World, resource: ResourceKey) -> None:
        self._set(world, resource, DefaultCacheBehavior=behaviour("https-only"))

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = {"Items": [{"Key": tag[0], "Value": tag[1]}]}
        world.client("cloudfront").tag_resource(Resource=resource.id, Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        self._set(world, resource, Enabled=False)
        _, version = self._read(world, resource)
        name = resource.id.rpartition("/")[2]
        world.client("cloudfront").delete_distribution(Id=name, IfMatch=version)

    async def test_what_else_a_person_changed_stays_with_an_undo(self, world: World) -> None:
        resource = self.make_wrong(world)
        (written,) = await self.fix(world, resource)
        self._set(world, resource, Comment="sale")
        await self.action.undo(world.writer(), resource, written)
        policies = (await self.read(world, resource)).state.parts
        assert policies == {"viewerProtocolPolicies": {"": "allow-all", **PATHS}}
        assert self.settings(world, resource)["Comment"] == "sale"

    async def test_what_was_changed_since_it_was_read_is_not_written_over(self, world: World) -> None:
        resource = self.make_wrong(world)
        (wrong,) = (await self.read(world, resource)).verdict.wrong
        self.change(world, resource)
        with pytest.raises(Refused) as refused:
            await self.action.write(world.writer(), resource, wrong)
        assert refused.value.reason is Reason.PENDING
        with pytest.raises(ChangedSince):
            await self.action.restore(world.writer(), resource, wrong)
        assert not world.writes()

    async def test_a_change_in_the_last_moment_stays(self, world: World) -> None:
        """Between the last read and the write: CloudFront refuses a version that is not the last."""
        resource = self.make_wrong(world)
        (wrong,) = (await self.read(world, resource)).verdict.wrong
        with pytest.raises(AwsError, match="PreconditionFailed"):
            await self.action.write(_Late(world, lambda: self.change(world, resource)), resource, wrong)
        assert self.settings(world, resource)["DefaultCacheBehavior"] == behaviour("https-only")

    async def test_settings_that_would_be_lost_are_not_sent(self, world: World) -> None:
        resource = self.make_wrong(world)
        state, verdict = await self.read(world, resource)
        with pytest.raises(Refused, match="TomorrowsSetting") as refused:
            self.action.judge(LiveState(state.parts, {"unread": ["TomorrowsSetting"]}), {}, self.situation())
        assert refused.value.reason is Reason.NOT_SUPPORTED
        with pytest.raises(Refused, match="TomorrowsSetting"):
            await self.action.write(_Tomorrow(world), resource, verdict.wrong[0])
        assert not world.writes()

    async def test_a_distribution_without_other_behaviours(self, world: World) -> None:
        made = configuration() | {"DefaultCacheBehavior": behaviour("https-only")}
        del made["CacheBehaviors"]
        answer = world.client("cloudfront").create_distribution(DistributionConfig=made)
        arn = answer["Distribution"]["ARN"]
        resource = ResourceKey(world.account, "aws", "us-east-1", "AwsCloudFrontDistribution", arn)
        assert (await self.read(world, resource)).verdict == Verdict()


class _Late:
    """A writer just before whose write a person changes something."""

    def __init__(self, world: World, before: Any) -> None:
        self._writer: Writer = world.writer()
        self._before = before
        self.account_id, self.region = self._writer.account_id, self._writer.region

    async def read(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        return await self._writer.read(*arguments, **options)

    async def account_tags(self) -> tuple[tuple[str, str], ...]:
        return await self._writer.account_tags()

    async def write(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        self._before()
        return await self._writer.write(*arguments, **options)


class _Tomorrow(_Late):
    """A writer whose configurations have what nobody knows yet."""

    def __init__(self, world: World) -> None:
        super().__init__(world, lambda: None)

    async def read(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        return {**await super().read(*arguments, **options), UNREAD: ["TomorrowsSetting"]}

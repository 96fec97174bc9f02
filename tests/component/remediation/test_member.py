"""AWS in a member account: reading is not writing, writes end in time, tags of accounts are known or not."""

from typing import Any

import pytest

from posture.aws.client.errors import AwsError
from posture.domain.remediation.reasons import Reason
from posture.remediation import member
from posture.remediation.actions.contract import Refused
from posture.remediation.member import Aws, MemberReader, OutOfTime, member_identity, own_access_keys
from tests.support.actions import REGION, World
from tests.support.wire import Fault


def tags_of(count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{number}", "Value": "v"} for number in range(count)]


@pytest.mark.parametrize("operation", ["PutPublicAccessBlock", "DeleteBucket", "getBucketTagging", "Get", ""])
async def test_a_reader_does_not_write(world: World, operation: str) -> None:
    reader = world.reader()
    assert not hasattr(reader, "write")
    with pytest.raises(ValueError, match="not known to only read"):
        await reader.read("s3", operation, {"Bucket": "b"})
    assert not world.wire.requests


async def test_nothing_is_sent_once_the_lease_is_about_to_end(world: World) -> None:
    world.seconds_left = 0.0
    with pytest.raises(OutOfTime):
        await world.writer().write("ec2", "EnableEbsEncryptionByDefault", {})
    assert not world.wire.requests


async def test_all_tags_of_an_account_are_read(world: World) -> None:
    assert await world.reader().account_tags() == ()
    world.organizations.tag_resource(ResourceId=world.account, Tags=tags_of(50))
    assert len(await world.reader().account_tags()) == 50


async def test_an_account_whose_tags_nobody_may_read_is_not_without_tags(world: World) -> None:
    reader = MemberReader(world.reader()._aws, world.account, world.identity)
    with pytest.raises(Refused) as refused:
        await reader.account_tags()
    assert refused.value.reason is Reason.UNREADABLE


async def test_an_account_of_another_organization_is_not_without_tags(world: World) -> None:
    stranger = MemberReader(
        world.reader()._aws, "999988887777", world.identity, organization=world.organization
    )
    with pytest.raises(AwsError, match="TargetNotFoundException"):
        await stranger.account_tags()


@pytest.mark.parametrize(("account", "known"), [("222233334444", True), ("999988887777", False)])
async def test_without_an_organization_only_the_own_account_has_no_tags(
    world: World, account: str, known: bool
) -> None:
    """`AWSOrganizationsNotInUseException` says something of whoever asks, and of nobody else.

    It is what AWS says; moto says that the account does not exist.
    """
    world.wire.fail("AWSOrganizationsV20161128.ListTagsForResource", "AWSOrganizationsNotInUseException")
    alone = member_identity("222233334444", REGION, "posture-organization", None)
    reader = MemberReader(world.reader()._aws, account, world.identity, organization=alone)
    if known:
        assert await reader.account_tags() == ()
    else:
        with pytest.raises(AwsError, match="AWSOrganizationsNotInUseException"):
            await reader.account_tags()


async def test_reads_are_repeated_after_what_passes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "PATIENCE", 60.0)
    world.wire.fail("Action=GetEbsEncryptionByDefault", Fault.BROKEN)
    with pytest.raises(AwsError):
        await world.reader().read("ec2", "GetEbsEncryptionByDefault")
    assert world.wire.sent("Action=GetEbsEncryptionByDefault") == 5


async def test_the_key_that_signs_for_the_operator_is_known(world: World) -> None:
    aws: Any = world.reader()._aws
    assert isinstance(aws, Aws)
    own = world.cloud.env_for(world.cloud.account)["AWS_ACCESS_KEY_ID"]
    assert await own_access_keys(aws.sessions, REGION) == {own}

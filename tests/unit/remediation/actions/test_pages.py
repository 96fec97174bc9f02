"""Lists that come in pages: all of them are read, and one that is not there is not an empty one."""

import asyncio
from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Refused
from posture.remediation.actions.ec2.security_group_revoke_public_ingress import ACTION
from posture.remediation.actions.iam.users import read_marked_pages
from posture.remediation.actions.kinesis.enable_encryption import ACTION as STREAM
from posture.remediation.actions.setting import read_list, the_one
from tests.support.scripted_reader import Script

ACCOUNT_ID, REGION = Script.account_id, Script.region
FIRST, SECOND = {"Key": "a", "Value": "v"}, {"Key": "b", "Value": "v"}
GROUP_ARN = f"arn:aws:ec2:{REGION}:{ACCOUNT_ID}:security-group/sg-1"


def rule(number: int, tag: str) -> dict[str, Any]:
    return {
        "SecurityGroupRuleId": f"sgr-{number}",
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "CidrIpv4": f"10.0.0.{number}/32",
        "Tags": [{"Key": tag, "Value": "v"}],
    }


def test_the_rules_of_a_group_and_their_tags_are_read_to_the_last_page() -> None:
    groups = {"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "g", "OwnerId": ACCOUNT_ID}]}
    reader = Script(
        {
            ("DescribeSecurityGroups", None): groups,
            ("DescribeSecurityGroupRules", None): {"SecurityGroupRules": [rule(1, "a")], "NextToken": "2"},
            ("DescribeSecurityGroupRules", "2"): {"SecurityGroupRules": [], "NextToken": "3"},
            ("DescribeSecurityGroupRules", "3"): {"SecurityGroupRules": [rule(2, "b")]},
        }
    )
    resource = ResourceKey(ACCOUNT_ID, "aws", REGION, "AwsEc2SecurityGroup", GROUP_ARN)
    assert len(asyncio.run(ACTION.read(reader, resource)).parts) == 2
    tags = asyncio.run(ACTION.tags(reader, resource))
    assert [each.tags for each in tags] == [(), (("a", "v"),), (("b", "v"),)]


def test_a_group_of_another_owner_is_left_to_it() -> None:
    groups = {"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "g", "OwnerId": "444455556666"}]}
    reader = Script({("DescribeSecurityGroups", None): groups})
    resource = ResourceKey(ACCOUNT_ID, "aws", REGION, "AwsEc2SecurityGroup", GROUP_ARN)
    with pytest.raises(Refused) as refused:
        asyncio.run(ACTION.read(reader, resource))
    assert refused.value.reason is Reason.NOT_OWNER


def test_tags_come_in_pages_by_token_and_by_marker() -> None:
    reader = Script(
        {
            ("ListTags", None): {"Tags": [FIRST], "NextToken": "2"},
            ("ListTags", "2"): {"Tags": [SECOND]},
            ("ListUserTags", None): {"Tags": [FIRST], "IsTruncated": True, "Marker": "2"},
            ("ListUserTags", "2"): {"Tags": [SECOND], "IsTruncated": False},
        }
    )
    assert asyncio.run(read_list(reader, "s", "ListTags", {}, member="Tags", gone=())) == [FIRST, SECOND]
    assert asyncio.run(read_marked_pages(reader, "ListUserTags", "Tags", {})) == [FIRST, SECOND]


@pytest.mark.parametrize("answer", [{}, {"IsTruncated": True, "Tags": []}])
def test_an_answer_without_the_list_or_its_rest_is_unreadable(answer: dict[str, Any]) -> None:
    reader = Script({("ListUserTags", None): answer, ("ListTags", None): {}})
    for call in (
        read_marked_pages(reader, "ListUserTags", "Tags", {}),
        read_list(reader, "s", "ListTags", {}, member="Tags", gone=()),
    ):
        with pytest.raises(Refused) as refused:
            asyncio.run(call)
        assert refused.value.reason is Reason.UNREADABLE


STREAM_ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT_ID}:stream/orders"


def test_tags_of_a_stream_come_in_pages_by_the_last_key() -> None:
    reader = Script(
        {
            ("ListTagsForStream", None): {"Tags": [FIRST], "HasMoreTags": True},
            ("ListTagsForStream", "a"): {"Tags": [SECOND], "HasMoreTags": False},
        }
    )
    resource = ResourceKey(ACCOUNT_ID, "aws", REGION, "AwsKinesisStream", STREAM_ARN)
    (tagged,) = asyncio.run(STREAM.tags(reader, resource))
    assert tagged.tags == (("a", "v"), ("b", "v"))


def test_a_stream_with_more_tags_that_it_does_not_give_is_unreadable() -> None:
    reader = Script({("ListTagsForStream", None): {"Tags": [], "HasMoreTags": True}})
    resource = ResourceKey(ACCOUNT_ID, "aws", REGION, "AwsKinesisStream", STREAM_ARN)
    with pytest.raises(Refused) as refused:
        asyncio.run(STREAM.tags(reader, resource))
    assert refused.value.reason is Reason.UNREADABLE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"Things": []}, Reason.RESOURCE_GONE),
        ({}, Reason.UNREADABLE),
        ({"Things": [{"Name": "other"}]}, Reason.UNREADABLE),
        ({"Things": [{}]}, Reason.UNREADABLE),
        ({"Things": [{"Name": "mine"}, {"Name": "other"}]}, Reason.UNREADABLE),
    ],
)
def test_a_list_without_the_one_that_was_asked_for_is_not_believed(
    answer: dict[str, Any], reason: Reason
) -> None:
    assert the_one({"Things": [{"Name": "mine", "a": 1}]}, "Things", "Name", "mine")["a"] == 1
    with pytest.raises(Refused, match="mine") as refused:
        the_one(answer, "Things", "Name", "mine")
    assert refused.value.reason is reason

"""AutoScaling.1: what of a group its target groups find unhealthy."""

import asyncio

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.autoscaling.use_load_balancer_health_checks import ACTION
from posture.remediation.actions.contract import Refused, Situation
from tests.support.scripted_reader import Script

# The name has what a group's ARN has before its name.
NAME = "a/autoScalingGroupName/b"
ARN = f"arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/{NAME}"
GROUP = {
    "AutoScalingGroupName": NAME,
    "AutoScalingGroupARN": ARN,
    "HealthCheckType": "EC2",
    "TargetGroupARNs": ["tg"],
    "Instances": [{"InstanceId": "i-1"}, {"InstanceId": "i-2"}],
    "Tags": [],
}


@pytest.mark.parametrize(
    ("instance", "state", "stays"),
    [
        ("i-1", "healthy", False),
        ("i-1", "initial", False),
        ("i-1", "draining", False),
        ("i-1", "unhealthy", True),
        ("i-2", "unhealthy.draining", True),
        ("i-of-another-group", "unhealthy", False),
    ],
)
def test_a_group_stays_whose_instances_would_be_replaced(instance: str, state: str, stays: bool) -> None:
    health = [{"Target": {"Id": instance}, "TargetHealth": {"State": state}}]
    reader = Script(
        {
            ("DescribeAutoScalingGroups", None): {"AutoScalingGroups": [GROUP]},
            ("DescribeTargetHealth", None): {"TargetHealthDescriptions": health},
        }
    )
    resource = ResourceKey("111122223333", "aws", "eu-west-1", "AwsAutoScalingAutoScalingGroup", ARN)
    read = asyncio.run(ACTION.read(reader, resource))
    situation = Situation(0, frozenset({"AutoScaling.1"}))
    if not stays:
        assert ACTION.judge(read, {}, situation).wrong
        return
    with pytest.raises(Refused, match=instance) as refused:
        ACTION.judge(read, {}, situation)
    assert refused.value.reason is Reason.IN_USE

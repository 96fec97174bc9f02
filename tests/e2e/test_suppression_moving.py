"""Whatever a target looks at later, what its policies did is undone where they did it."""

from collections.abc import Iterator

import pytest

from sandbox.cloud import Cloud
from sandbox.organization import Organization
from tests.e2e.exceptions import (
    OWNER,
    PLURAL,
    allow,
    failed,
    in_effect,
    policy,
    suppressed_by,
    workflows,
)
from tests.e2e.stage import READER, Stage

# An administrator that sees the findings of two Regions in the first.
TWO_REGIONS = Organization(account_count=4, regions=("eu-west-1", "us-east-1"), resources=1)
EVERYTHING = "?*"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """The Security Hub of an organization in two Regions."""
    with Cloud.start(organization=TWO_REGIONS) as started:
        yield started


def looking_at(stage: Stage, region: str, role: str = READER) -> None:
    stage.target(aws={"region": region, "roleArn": role})


def regions(cloud: Cloud, policy_name: str) -> set[str]:
    """The Regions in which findings are suppressed by a policy (namespace/name)."""
    held = suppressed_by(cloud, policy_name)
    return {each["Region"] for each in cloud.control.findings() if each["Id"] in held}


def test_a_policy_follows_its_target_to_another_region_and_back_and_leaves_nothing(
    stage: Stage, cloud: Cloud
) -> None:
    allow(stage)
    looking_at(stage, "eu-west-1")
    before = workflows(failed(cloud, EVERYTHING))
    name = f"{stage.namespace}/{policy(stage)}"
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    assert regions(cloud, name) == {"eu-west-1", "us-east-1"}

    # The linked Region alone.
    looking_at(stage, "us-east-1")
    operator.wait(lambda: regions(cloud, name) == {"us-east-1"}, "the move", seconds=60)
    operator.wait(lambda: in_effect(stage), "the policy to be in effect there", seconds=60)

    # Deleted right after another move: the Region before is cleaned up all the same.
    looking_at(stage, "eu-west-1")
    stage.kubectl("delete", "suppressionpolicy", "logs", "--wait=false")
    operator.wait(lambda: not stage.get("logs", PLURAL), "the policy to go", seconds=60)
    assert workflows(failed(cloud, EVERYTHING)) == before
    assert not [each for each in cloud.control.findings() if OWNER in str(each.get("UserDefinedFields"))]

"""Whatever a target looks at later, what its policies did is undone where they did it."""

import json
import shutil
from collections.abc import Iterator

import pytest

from sandbox.cloud import Cloud
from sandbox.organization import Organization
from tests.support.e2e.controls import accounts, is_off, marked
from tests.support.e2e.controls import policy as turning_off
from tests.support.e2e.exceptions import (
    OWNER,
    PLURAL,
    allow,
    failed,
    in_effect,
    in_hours,
    policy,
    reason,
    suppressed_by,
    workflows,
)
from tests.support.e2e.stage import CIS_1_4, READER, Stage

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


def test_without_its_target_a_policy_ends_when_it_expires_and_when_it_is_deleted(
    stage: Stage, cloud: Cloud
) -> None:
    allow(stage, grants=[grant(stage, [READER])])
    looking_at(stage, "eu-west-1")
    before = workflows(failed(cloud, EVERYTHING))
    policy(stage, "expiring", match=[{"controls": ["RDS.*"]}])
    policy(stage, "deleted", match=[{"controls": ["EC2.*"]}])
    where = accounts(cloud)
    turning_off(stage, "off", accounts=where)
    operator = stage.operator()
    names = ("expiring", "deleted", "off")
    operator.wait(lambda: all(in_effect(stage, each) for each in names), "all to be in effect", seconds=60)
    assert marked(cloud, where, "off", stage)

    stage.kubectl("delete", "posturetarget", "organization", "--wait=false")
    stage.kubectl(
        "patch", "posturetarget", "organization", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
    )
    operator.wait(
        lambda: all(reason(stage, name=each)[1] == "TargetNotFound" for each in names), "the loss to be told"
    )
    assert regions(cloud, f"{stage.namespace}/expiring"), "it is in force until it ends"

    policy(stage, "expiring", match=[{"controls": ["RDS.*"]}], expiresAt=in_hours(3 / 3600))
    stage.kubectl("delete", "suppressionpolicy", "deleted", "off", "--wait=false")
    operator.wait(lambda: not stage.get("deleted", PLURAL), "the deleted policy to go", seconds=120)
    operator.wait(lambda: not stage.get("off", PLURAL), "the policy of controls to go", seconds=120)
    operator.wait(
        lambda: workflows(failed(cloud, EVERYTHING)) == before, "the expired policy to end", seconds=120
    )
    assert not [account for account in where if is_off(cloud, account)]
    operator.wait(lambda: sites(stage, "expiring") == [], "nothing to be left to end")
    # Nobody has to be asked any more.
    stage.kubectl("delete", "suppressionpolicy", "expiring", "--wait=false")
    operator.wait(lambda: not stage.get("expiring", PLURAL), "the expired policy to go")


def test_a_security_hub_that_is_granted_no_longer_is_told_until_it_is_granted_again(
    stage: Stage, cloud: Cloud
) -> None:
    """The policy goes on where its target looks now, and waits for what it left behind when it is deleted."""
    member = next(each for each in accounts(cloud) if each not in READER)
    there = f"arn:aws:iam::{member}:role/posture-member"
    both = [READER, there]
    allow(stage, grants=[grant(stage, both)])
    looking_at(stage, "eu-west-1")
    before = workflows(failed(cloud, EVERYTHING))
    name = f"{stage.namespace}/{policy(stage, match=[{'products': ['Security Hub']}])}"
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)

    allow(stage, grants=[grant(stage, [there])])
    looking_at(stage, "eu-west-1", there)
    operator.wait(lambda: reason(stage)[1] == "LeftBehind", "what is left to be told", seconds=60)
    message = stage.condition("Ready", "logs", PLURAL)["message"]
    assert f"may not use role {READER}" in message
    assert "111122223333" in message
    held = suppressed_by(cloud, name)
    assert {member} < {each["AwsAccountId"] for each in cloud.control.findings() if each["Id"] in held}

    stage.kubectl("delete", "suppressionpolicy", "logs", "--wait=false")
    operator.wait(lambda: reason(stage)[1] == "Deleting", "the deletion to be told", seconds=60)
    operator.wait(
        lambda: f"may not use role {READER}" in stage.condition("Ready", "logs", PLURAL)["message"],
        "what the deletion waits for to be told",
        seconds=60,
    )
    assert stage.get("logs", PLURAL)
    allow(stage, grants=[grant(stage, both)])
    operator.wait(lambda: not stage.get("logs", PLURAL), "the policy to go", seconds=60)
    assert workflows(failed(cloud, EVERYTHING)) == before


def test_a_target_that_looks_at_less_leaves_nothing_suppressed_in_what_it_leaves_out(
    stage: Stage, cloud: Cloud
) -> None:
    allow(stage)
    looking_at(stage, "eu-west-1")
    name = f"{stage.namespace}/{policy(stage, match=[{'regions': ['*']}])}"
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)

    def held() -> list[dict[str, object]]:
        ids = suppressed_by(cloud, name)
        return [dict(each) for each in cloud.control.findings() if each["Id"] in ids]

    excluded = accounts(cloud)[-1]
    assert excluded in {each["AwsAccountId"] for each in held()}
    aws = {"region": "eu-west-1", "roleArn": READER}
    stage.target(aws=aws, accounts={"exclude": [excluded]})
    operator.wait(lambda: excluded not in {each["AwsAccountId"] for each in held()}, "the account to be left")
    assert held()

    stage.target(aws=aws, source={"securityStandards": {"standards": [CIS_1_4]}})
    operator.wait(
        lambda: held() and all(CIS_1_4 in str(each) for each in held()),
        "the standard to be left",
    )
    stage.kubectl("delete", "suppressionpolicy", "logs", "--wait=false")
    operator.wait(lambda: not stage.get("logs", PLURAL), "the policy to go", seconds=60)
    assert held() == []


def test_what_changes_while_nobody_runs_and_the_store_is_lost_leaves_nothing(
    stage: Stage, cloud: Cloud
) -> None:
    """The target looks at another account and Region, as another role; each policy ends in its own way."""
    member = next(each for each in accounts(cloud) if each not in READER)
    there = f"arn:aws:iam::{member}:role/posture-member"
    allow(stage, grants=[grant(stage, [READER, there])])
    looking_at(stage, "eu-west-1")
    before = workflows(failed(cloud, EVERYTHING))
    policy(stage, "deleted", match=[{"controls": ["RDS.*"]}])
    policy(stage, "expired", match=[{"controls": ["EC2.*"]}])
    where = accounts(cloud)
    turning_off(stage, "off", accounts=where)
    operator = stage.operator()
    names = ("deleted", "expired", "off")
    operator.wait(lambda: all(in_effect(stage, each) for each in names), "all to be in effect", seconds=60)
    assert workflows(failed(cloud, EVERYTHING)) != before

    operator.kill()
    shutil.rmtree(operator.data_dir)
    operator.data_dir.mkdir()
    looking_at(stage, "us-east-1", there)
    stage.kubectl("delete", "suppressionpolicy", "deleted", "off", "--wait=false")
    policy(stage, "expired", match=[{"controls": ["EC2.*"]}], expiresAt=in_hours(1 / 3600))
    operator.start()
    operator.wait(lambda: not stage.get("deleted", PLURAL), "the deleted policy to go", seconds=120)
    operator.wait(lambda: not stage.get("off", PLURAL), "the policy of controls to go", seconds=120)
    operator.wait(
        lambda: workflows(failed(cloud, EVERYTHING)) == before, "the expired policy to end", seconds=120
    )
    assert not [account for account in where if is_off(cloud, account)]
    assert not [each for each in cloud.control.findings() if OWNER in str(each.get("UserDefinedFields"))]

    # All at once: what is left of policies, and their target.
    stage.kubectl("delete", "posturetargets,suppressionpolicies", "--all", "--wait=false")
    operator.wait(lambda: not stage.get("expired", PLURAL) and not stage.get(), "all to go", seconds=60)


def grant(stage: Stage, roles: list[str]) -> dict[str, object]:
    """Let the test's namespace use some roles, and no others."""
    return {
        "namespaces": [stage.namespace],
        "roleArns": roles,
        "accounts": ["*"],
        "verbs": ["Score", "Suppress", "DisableControls"],
        "disableControls": {"roleNames": ["posture-controls"]},
    }


def sites(stage: Stage, name: str) -> object:
    """Where a policy is recorded to have written."""
    return json.loads(stage.get(name, PLURAL)["metadata"]["annotations"]["posture.dev/written-in"])

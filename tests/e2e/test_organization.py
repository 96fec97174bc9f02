"""Workloads, owners and states of accounts as AWS Organizations tells them."""

from typing import Any

import pytest

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import ORGANIZATION, PATTERN, READER, Stage
from tests.support.e2e.targets import SPEC
from tests.support.e2e.truth import expected_scores, shown_scores

TAGS = {
    "workloadKey": "Workload",
    "environmentKey": "Environment",
    "ownerKey": "Owner",
    "roleArn": READER.replace("reader", "organization"),
}
GROUPING: dict[str, Any] = {
    "accountNamePattern": PATTERN,
    "defaultEnvironment": "production",
    "organizationTags": TAGS,
}
SHOP = {"Workload": "shop", "Environment": "live", "Owner": "team-shop"}


def of_account(account: str) -> dict[str, Any]:
    return {"AwsAccountId": [{"Comparison": "EQUALS", "Value": account}]}


def read_again(stage: Stage, why: str) -> None:
    stage.kubectl("annotate", "--overwrite", "pt", "organization", f"posture.dev/requestedAt={why}")


@pytest.mark.timeout(180)
def test_tags_and_states_of_accounts(stage: Stage, cloud: Cloud) -> None:
    seed = ORGANIZATION.seed()["accounts"]
    ids = [each["id"] for each in seed]
    closed, quiet = ids[-2:]
    # One has no tag for a workload: its name tells. All others are the shop's.
    tags = dict.fromkeys(ids, SHOP) | {ids[5]: {"Owner": "team-five"}}
    cloud.join_organization([{**each, "tags": tags[each["id"]]} for each in seed])
    cloud.control.mutate(*({"op": "delete", "where": of_account(each)} for each in (closed, quiet)))
    cloud.meddle("denied", operation="ListTagsForResource", code="AccessDeniedException")
    name = stage.target(grouping=GROUPING)
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)

    # What cannot be read: no workload has a score, and whoever has to do something is told what.
    operator.wait(lambda: stage.condition("Grouped")["reason"] == "AccessDenied", "the denial to be told")
    said = stage.condition("Grouped")
    assert said["status"] == "False"
    assert "organizations:ListTagsForResource" in said["message"]
    assert "posture-organization" in said["message"]
    assert agree(stage, operator, tags, lost=True)
    assert operator.value("posture_account_info", target=name, account_id=ids[5], workload="", owner="") == 1
    assert stage.status(name)["accounts"]["ungrouped"] == len(ids)
    assert stage.status(name)["workloads"] == []

    cloud.lift("denied")
    read_again(stage, "lifted")
    operator.wait(lambda: stage.condition("Grouped")["status"] == "True", "tags to be known")
    operator.wait(lambda: agree(stage, operator, tags), "scores of workloads by tag")
    workloads = {each["workload"] for each in stage.status(name)["workloads"]}
    assert workloads == {"shop", seed[5]["name"].removeprefix("xebia-").rpartition("-")[0]}
    assert owner_of(operator, ids[0]) == "team-shop"
    assert owner_of(operator, ids[5]) == "team-five"

    # Whoever closes an account does not silence it.
    assert operator.value("posture_accounts", target=name, state="silent") == 2
    cloud.join_organization([{**seed[-2], "tags": SHOP, "state": "CLOSED"}])
    cloud.join_organization([{**seed[0], "tags": {**SHOP, "Owner": "team-tools"}}])
    read_again(stage, "closed")
    operator.wait(
        lambda: operator.value("posture_accounts", target=name, state="silent") == 1, "one silent account"
    )
    operator.wait(lambda: owner_of(operator, ids[0]) == "team-tools", "another owner")
    operator.wait(lambda: stage.status(name)["accounts"].get("unusable") == 1, "one that nobody can use")


def owner_of(operator: OperatorProcess, account: str) -> str:
    (info,) = operator.series("posture_account_info", account_id=account)
    return info.labels["owner"]


def agree(stage: Stage, operator: OperatorProcess, tags: dict[str, Any], *, lost: bool = False) -> bool:
    """Whether the page shows the oracle's scores. `lost`: no tags are known."""
    spec = {**SPEC, "grouping": GROUPING}
    expected = expected_scores(stage.cloud, ORGANIZATION, spec, {} if lost else tags)
    assert bool(expected["posture_workload_score_ratio"]) is not lost
    return shown_scores(operator, "organization", list(expected)) == expected

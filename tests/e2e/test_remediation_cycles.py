"""What one cycle may begin, what may go on at once, and an entry whose maker died before its first status."""

import json

import pytest

from sandbox.cloud import Cloud
from tests.support.e2e.remedied import Group, accounts, found, quiet, remediations, states, written
from tests.support.e2e.rules import INGRESS, allow, rule, status, totals
from tests.support.e2e.stage import Stage

REVOKE = "RevokeSecurityGroupIngress"


def two_groups(cloud: Cloud) -> list[Group]:
    quiet(cloud, "EC2.19")
    groups = [Group(cloud, accounts(cloud)[0], name) for name in ("first", "second")]
    for each in groups:
        found(cloud, each)
    return groups


@pytest.mark.timeout(180)
def test_a_cycle_begins_what_it_may_and_the_next_one_goes_on(stage: Stage, cloud: Cloud) -> None:
    groups = two_groups(cloud)
    allow(stage, max_mode="Enforce")
    stage.target(interval="1h")
    limits = {"percent": 100, "perCycle": 1}
    rule(stage, "one-a-cycle", INGRESS, ["EC2.19"], mode="Enforce", limits=limits)
    operator = stage.operator()

    def done() -> int:
        return sum(len(written(cloud, each)) for each in groups)

    def is_held_back() -> bool:
        return totals(stage, "one-a-cycle").get("CapReached") == 1 and done() == 1

    operator.wait(is_held_back, "the limit of the first cycle", seconds=90)
    condition = stage.condition("CapReached", "one-a-cycle", "remediationrules")
    assert condition["status"] == "True"
    assert "perCycle" in condition["message"]
    stage.kubectl("annotate", "rrule", "one-a-cycle", "posture.dev/requestedAt=next")
    operator.wait(lambda: done() == 2, "the next cycle", seconds=60)
    operator.wait(lambda: set(states(stage).values()) == {"Succeeded"}, "both to be verified")
    operator.wait(lambda: status(stage, "one-a-cycle").get("succeeded") == 2, "the rule to count them")
    assert stage.condition("CapReached", "one-a-cycle", "remediationrules")["status"] == "False"
    assert [each.ports for each in groups] == [[443], [443]]


@pytest.mark.timeout(180)
def test_what_goes_on_holds_the_next_one_back(stage: Stage, cloud: Cloud) -> None:
    groups = {each.id: each for each in two_groups(cloud)}
    allow(stage, max_mode="Enforce")
    stage.target()
    cloud.meddle("write", operation=REVOKE, count=1, hold="answer")
    limits = {"percent": 100, "perCycle": 100, "concurrent": 1}
    rule(stage, "one-at-once", INGRESS, ["EC2.19"], mode="Enforce", limits=limits)
    operator = stage.operator()
    operator.wait(lambda: cloud.holding("write"), "the first write", seconds=90)
    (first,) = (groups.pop(each["GroupId"]) for each in cloud.holding("write"))
    (second,) = groups.values()
    # Nobody can see any more whether it was done: it goes on.
    cloud.meddle("reads", operation="Describe*", mentions=first.id, code="InternalError", status=500)
    cloud.lift("write")

    def waits() -> bool:
        return states(stage) == {first.arn: "Running"} and totals(stage, "one-at-once").get("CapReached") == 1

    operator.wait(waits, "the second to wait for the first", seconds=60)
    assert "concurrent" in stage.condition("CapReached", "one-at-once", "remediationrules")["message"]
    assert written(cloud, second) == []
    cloud.lift("reads")
    both = {first.arn: "Succeeded", second.arn: "Succeeded"}
    operator.wait(lambda: states(stage) == both, "the first to be verified, and the second", seconds=120)
    assert written(cloud, first) == written(cloud, second) == [REVOKE]


@pytest.mark.timeout(180)
def test_an_entry_whose_maker_died_before_its_first_status_is_made_again(stage: Stage, cloud: Cloud) -> None:
    group, other = two_groups(cloud)
    allow(stage, max_mode="Enforce")
    stage.target(accounts={"include": [group.account]})
    cloud.meddle("write", operation=REVOKE, hold="call")
    match = [{"resourceIds": [group.arn]}]
    rule(stage, "open-ports", INGRESS, ["EC2.19"], mode="Enforce", match=match)
    operator = stage.operator()
    operator.wait(lambda: cloud.holding("write"), "the entry, and its first write", seconds=90)
    operator.kill()
    (entry,) = remediations(stage)
    # As it was made, and nothing after it.
    made = {
        "apiVersion": entry["apiVersion"],
        "kind": entry["kind"],
        "metadata": {key: entry["metadata"][key] for key in ("name", "namespace", "labels")},
        "spec": entry["spec"],
    }
    stage.kubectl("delete", "remediation", entry["metadata"]["name"])
    stage.plane.kubectl("create", "-f", "-", input=json.dumps(made))
    cloud.lift("write")
    fresh = stage.operator("replica-1")
    fresh.wait(lambda: states(stage) == {group.arn: "Succeeded"}, "the remediation", seconds=90)
    (again,) = remediations(stage)
    assert again["metadata"]["name"] == made["metadata"]["name"]
    assert again["metadata"]["uid"] != entry["metadata"]["uid"]
    assert written(cloud, group) == [REVOKE], "the call of who died was not made"
    assert written(cloud, other) == []

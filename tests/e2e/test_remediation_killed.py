"""kill -9 at each step of a remediation and of its undo, a Lease that goes, an API server that is away.

Whatever dies, each thing is written once, and the journal says what was done. The steps are hit at the same
time, each by a hub of its own: calls about its group are kept back at that step.
"""

from typing import Any

import pytest

from sandbox.cloud import Cloud
from tests.support.e2e.remedied import Group, accounts, found, quiet, remediations, states, written
from tests.support.e2e.rules import INGRESS, allow, rule
from tests.support.e2e.stage import Stage, holder

REVOKE, AUTHORIZE, LOOK = (
    "RevokeSecurityGroupIngress",
    "AuthorizeSecurityGroupIngress",
    "DescribeSecurityGroups",
)
# A group is read, and its tags are: for the plan, before the entry, and before the write; then to verify it.
STEPS: dict[str, dict[str, Any]] = {
    "before-the-entry": {"operation": LOOK, "after": 3, "count": 1, "hold": "call"},
    "before-the-write": {"operation": LOOK, "after": 5, "count": 1, "hold": "call"},
    "write-not-done": {"operation": REVOKE, "count": 1, "hold": "call"},
    "write-done-late": {"operation": REVOKE, "count": 1, "hold": "call", "late": True},
    "after-the-write": {"operation": REVOKE, "count": 1, "hold": "answer"},
    "before-it-is-verified": {"operation": LOOK, "after": 6, "count": 1, "hold": "call"},
}
UNDO_STEPS: dict[str, dict[str, Any]] = {
    "before-the-entry": {"operation": LOOK, "count": 1, "hold": "call"},
    "before-the-write": {"operation": LOOK, "after": 1, "count": 1, "hold": "call"},
    "write-not-done": {"operation": AUTHORIZE, "count": 1, "hold": "call"},
    "write-done-late": {"operation": AUTHORIZE, "count": 1, "hold": "call", "late": True},
    "after-the-write": {"operation": AUTHORIZE, "count": 1, "hold": "answer"},
    "before-it-is-verified": {"operation": LOOK, "after": 2, "count": 1, "hold": "call"},
}


def hold(cloud: Cloud, groups: dict[str, Group], steps: dict[str, dict[str, Any]]) -> None:
    """Keep back the calls about each group at its step."""
    for step, held in steps.items():
        cloud.meddle(step, mentions=groups[step].id, **held)


def missing(cloud: Cloud, steps: dict[str, dict[str, Any]]) -> list[str]:
    """Return the steps at which nothing is kept back yet."""
    return [step for step in steps if not cloud.holding(step)]


@pytest.mark.timeout(300)
def test_each_step_ends_as_if_nobody_had_died(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    account = accounts(cloud)[0]
    groups = {step: Group(cloud, account, step) for step in STEPS}
    hold(cloud, groups, STEPS)
    # A write is given no longer than the Lease lasts; and the hubs share one quota.
    lease = {"duration": "20s", "renewDeadline": "15s", "retry": "1s"}
    allow(stage, max_mode="Enforce", lease=lease)
    for step, group in groups.items():
        found(cloud, group)
        role = f"arn:aws:iam::111122223333:role/posture-{step}"
        stage.target(step, aws={"region": "eu-west-1", "roleArn": role}, interval="1h")
        match = [{"resourceIds": [group.arn]}]
        rule(stage, step, INGRESS, ["EC2.19"], mode="Enforce", match=match, targetRef={"name": step})
    operator = stage.operator()
    operator.wait(lambda: missing(cloud, STEPS) == [], "every step to be reached", seconds=90)
    assert states(stage) == {
        group.arn: "Running" for step, group in groups.items() if step != "before-the-entry"
    }
    operator.kill()
    for step in STEPS:
        cloud.lift(step)
    operator.start()
    operator.wait(
        lambda: states(stage) == {each.arn: "Succeeded" for each in groups.values()},
        "all to be put right",
        seconds=90,
    )
    assert [written(cloud, each) for each in groups.values()] == [[REVOKE]] * len(STEPS)
    assert [each.ports for each in groups.values()] == [[443]] * len(STEPS)

    hold(cloud, groups, UNDO_STEPS)
    for each in remediations(stage):
        patch = '{"spec":{"undo":true}}'
        stage.kubectl("patch", "rem", each["metadata"]["name"], "--type=merge", "-p", patch)
    operator.wait(lambda: missing(cloud, UNDO_STEPS) == [], "every step to be reached", seconds=60)
    operator.kill()
    for step in UNDO_STEPS:
        cloud.lift(step)
    operator.start()
    operator.wait(
        lambda: states(stage) == {each.arn: "Undone" for each in groups.values()},
        "all to be put back",
        seconds=90,
    )
    assert [written(cloud, each) for each in groups.values()] == [[REVOKE, AUTHORIZE]] * len(STEPS)
    assert [each.ports for each in groups.values()] == [[22, 443]] * len(STEPS)


@pytest.mark.timeout(180)
def test_a_lease_that_goes_and_an_api_server_that_is_away(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    account = accounts(cloud)[0]
    group = Group(cloud, account, "lease")
    found(cloud, group)
    cloud.meddle("write", operation=REVOKE, mentions=group.id, count=1, hold="call", late=True)
    allow(stage, max_mode="Enforce")
    stage.target()
    rule(stage, "open-ports", INGRESS, ["EC2.19"], mode="Enforce")
    first = stage.operator("replica-0")
    first.wait(lambda: cloud.holding("write"), "a write to be under way", seconds=60)
    second = stage.operator("replica-1")
    first.pause()
    second.wait(lambda: holder(stage) == "replica-1", "a takeover", seconds=30)
    # The new holder finds the entry, and waits for what may have been sent.
    second.wait(lambda: second.series("posture_remediations", state="running"), "it to see the entry")
    cloud.lift("write")
    second.wait(lambda: states(stage) == {group.arn: "Succeeded"}, "the entry's end", seconds=60)
    first.resume()
    first.wait(lambda: first.value("posture_leases_held") == 0, "the first to know that it lost")
    first.stop()
    assert written(cloud, group) == [REVOKE]

    away = Group(cloud, account, "away")
    cloud.meddle("answer", operation=REVOKE, mentions=away.id, count=1, hold="answer")
    found(cloud, away)
    second.wait(lambda: cloud.holding("answer"), "another write", seconds=60)
    stage.plane.stop_apiserver(grace_seconds=0)
    try:
        cloud.lift("answer")
        second.wait(lambda: second.value("posture_leases_held") == 0, "the lease to be over", seconds=30)
    finally:
        stage.plane.start_apiserver()
    second.wait(lambda: states(stage).get(away.arn) == "Succeeded", "the entry's end", seconds=90)
    assert written(cloud, away) == [REVOKE]
    assert [each["status"]["attempts"] for each in remediations(stage)] == [1, 1]

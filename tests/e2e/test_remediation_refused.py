"""Resources that must not be touched, and people who change what was written."""

from typing import Any

import pytest

from sandbox.cloud import Cloud
from tests.support.e2e.abandoned import events
from tests.support.e2e.exceptions import in_hours
from tests.support.e2e.remedied import (
    RDP,
    REGION,
    SSH,
    Group,
    accounts,
    finding,
    found,
    quiet,
    remediations,
    state,
    states,
    written,
)
from tests.support.e2e.rules import INGRESS, allow, ready, rule, status
from tests.support.e2e.stage import Stage

REVOKE, AUTHORIZE = "RevokeSecurityGroupIngress", "AuthorizeSecurityGroupIngress"


def plan(stage: Stage, name: str = "open-ports") -> dict[str, str]:
    """Return the reasons of a rule's plan by the ids of resources."""
    return {each["resourceId"]: each["reason"] for each in status(stage, name).get("plan", [])}


def undo(stage: Stage, of: Group) -> None:
    """Ask for the state before of what was done to a group."""
    for each in remediations(stage):
        if each["spec"]["resource"]["id"] == of.arn:
            patch = '{"spec":{"undo":true}}'
            stage.kubectl("patch", "rem", each["metadata"]["name"], "--type=merge", "-p", patch)


def message(stage: Stage, of: Group) -> str:
    """Return what the remediation of a group says of its state."""
    (entry,) = [each for each in remediations(stage) if each["spec"]["resource"]["id"] == of.arn]
    conditions = entry["status"]["conditions"]
    return str(next(each["message"] for each in conditions if each["type"] == "Complete"))


@pytest.mark.timeout(180)
def test_what_is_not_ours_to_touch_stays(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    account, other, denied = accounts(cloud)[:3]
    plain, owned = Group(cloud, account, "plain"), Group(cloud, account, "stack")
    owned.tag("aws:cloudformation:stack-name", "shop")
    firewall = Group(cloud, account, "FMManagedSecurityGroup-1")
    compliant = Group(cloud, account, "compliant", {**SSH, "FromPort": 443, "ToPort": 443})
    foreign, unreachable = Group(cloud, other, "foreign"), Group(cloud, denied, "unreachable")
    gone = Group(cloud, account, "gone")
    gone.ec2.delete_security_group(GroupId=gone.id)
    again = Group(cloud, account, "gone")
    for each in (plain, owned, firewall, compliant, unreachable, gone):
        found(cloud, each)
    # A finding of one account that speaks of a resource of another one, and one of another cloud.
    wrong = found(cloud, foreign.arn, account=account, Type="AwsEc2SecurityGroup")
    azure = "/subscriptions/1/resourceGroups/a/providers/Microsoft.Network/networkSecurityGroups/b"
    found(cloud, azure, account=account, Type="Microsoft.Network/networkSecurityGroups")
    cloud.refuse_roles(f"arn:aws:iam::{denied}:role/posture-remediation")
    allow(stage, max_mode="Enforce")
    stage.target()
    rule(stage, "open-ports", INGRESS, ["EC2.19"], mode="Enforce")
    operator = stage.operator()
    expected = {
        firewall.arn: "ManagedByPolicy",
        compliant.arn: "AlreadyCompliant",
        unreachable.arn: "AccessDenied",
        gone.arn: "ResourceGone",
        foreign.arn: "AccountMismatch",
        azure: "NotAws",
    }
    done = {plain.arn: "Succeeded", owned.arn: "Succeeded"}
    operator.wait(lambda: states(stage) == done, "the others to be put right", seconds=90)
    operator.wait(lambda: expected.keys() <= plan(stage).keys(), "why not, of each")
    assert {each: reason for each, reason in plan(stage).items() if each in expected} == expected
    assert [(each["operation"], each["account"]) for each in cloud.writes()] == [(REVOKE, account)] * 2
    assert {each.id: each.ports for each in (foreign, unreachable, again, firewall)} == {
        each.id: [22, 443] for each in (foreign, unreachable, again, firewall)
    }
    (entry,) = [each for each in remediations(stage) if each["spec"]["resource"]["id"] == owned.arn]
    assert entry["metadata"]["annotations"]["posture.dev/managed-by"] == "CloudFormation stack shop"
    assert finding(cloud, wrong)["Workflow"]["Status"] == "NEW"


@pytest.mark.timeout(240)
def test_what_people_change_after_a_write_is_theirs(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    account = accounts(cloud)[0]
    changed, partly, reverted = (
        Group(cloud, account, "changed"),
        Group(cloud, account, "partly", SSH, RDP),
        Group(cloud, account, "reverted"),
    )
    made = {each: found(cloud, each) for each in (changed, partly, reverted)}
    allow(stage, max_mode="Enforce")
    stage.target()
    limits = {"percent": 100, "perCycle": 100, "perResource": {"max": 2, "per": "720h"}}
    rule(stage, "open-ports", INGRESS, ["EC2.19"], mode="Enforce", limits=limits)
    operator = stage.operator()
    every = (changed, partly, reverted)
    operator.wait(
        lambda: states(stage) == {each.arn: "Succeeded" for each in every}, "all to be put right", seconds=60
    )
    operator.wait(
        lambda: finding(cloud, made[reverted])["Workflow"]["Status"] == "RESOLVED", "the findings to say so"
    )

    # Somebody sets it back, and it fails again: NEW, told, put right again, and then left to people.
    def fail_again() -> None:
        reverted.open(SSH)
        update: dict[str, Any] = {
            "op": "update",
            "id": made[reverted]["Id"],
            "set": {"UpdatedAt": in_hours(0)},
        }
        cloud.control.mutate(update)

    fail_again()
    operator.wait(lambda: "Reverted" in events(stage), "it to be told", seconds=60)
    operator.wait(lambda: written(cloud, reverted) == [REVOKE] * 2, "it to be put right again", seconds=60)
    operator.wait(lambda: len(remediations(stage)) == 4, "a remediation of its own")
    operator.wait(
        lambda: all(state(each) == "Succeeded" for each in remediations(stage)), "it to be verified"
    )
    fail_again()
    operator.wait(lambda: plan(stage).get(reverted.arn) == "CapReached", "the tug-of-war to end", seconds=60)
    assert reverted.ports == [22, 443]

    # An undo that is cut in the middle goes on, and one that meets a person's change does nothing.
    cloud.meddle("second", operation=AUTHORIZE, mentions=partly.id, after=1, count=1, hold="call")
    undo(stage, partly)
    operator.wait(lambda: cloud.holding("second"), "the second half of the undo", seconds=60)
    operator.kill()
    cloud.lift("second")
    changed.ec2.authorize_security_group_ingress(
        GroupId=changed.id,
        IpPermissions=[{**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "by hand"}]}],
    )
    undo(stage, changed)
    operator.start()
    operator.wait(
        lambda: (states(stage)[partly.arn], states(stage)[changed.arn]) == ("Undone", "Failed"),
        "both undos to end",
        seconds=90,
    )
    assert written(cloud, partly) == [REVOKE, REVOKE, AUTHORIZE, AUTHORIZE]
    assert sorted(partly.ports) == [22, 3389]
    assert written(cloud, changed) == [REVOKE]
    assert "by hand" in message(stage, changed)
    assert ready(stage, "open-ports") == ("True", "Enforcing")
    assert REGION in changed.arn

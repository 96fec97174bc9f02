"""A rule that waits for people, the operator itself under the chart's admission policy, and the commands."""

import json
from pathlib import Path
from typing import Any

from sandbox.cloud import Cloud
from sandbox.waiting import wait_until
from tests.support.e2e.commands import command
from tests.support.e2e.journal import Journal
from tests.support.e2e.remedied import Group, accounts, found, quiet, remediations, state, states
from tests.support.e2e.rules import INGRESS, allow, rule, totals
from tests.support.e2e.stage import Stage

APPROVER = "posture-posture-operator-remediation-approver"


def writes(stage: Stage, kubeconfig: Path, *arguments: str) -> list[dict[str, Any]]:
    answer = command(stage, kubeconfig, "remediations", *arguments, "-o", "json")
    assert (answer.returncode, answer.stderr) == (0, "")
    listed = json.loads(answer.stdout)
    assert isinstance(listed, list)
    return listed


def test_people_approve_undo_and_forget_what_the_operator_alone_makes(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    group = Group(cloud, accounts(cloud)[0], "open")
    found(cloud, group)
    journal = Journal(stage.plane, stage.namespace)
    stage.plane.kubectl("create", "serviceaccount", "approver", "-n", stage.namespace)
    approver = f"system:serviceaccount:{stage.namespace}:approver"
    journal.bind(approver, "Role", APPROVER)
    journal.grant("keeper", verbs=["get", "delete", "forget"])
    theirs = stage.plane.kubeconfig_for("approver", stage.namespace)
    allow(stage, max_mode="Enforce")
    stage.target()
    rule(stage, "open-ports", INGRESS, ["EC2.19"], mode="Enforce", approval="Required")
    operator = stage.operator()
    operator.wait(lambda: states(stage) == {group.arn: "AwaitingApproval"}, "the plan to wait", seconds=60)
    assert group.ports == [22, 443]

    (waiting,) = writes(stage, theirs, "--state", "AwaitingApproval", "--rule", "open-ports")
    assert (waiting["resource"], waiting["action"], waiting["approvedBy"]) == (group.arn, INGRESS, None)
    name = waiting["name"]
    # In anybody else's name, or by somebody without the verb, nothing is approved.
    spec = {"approval": {"by": "security@example.com", "planHash": waiting["planHash"]}}
    assert journal.patch(name, approver, spec=spec).returncode != 0
    assert journal.approve(name, "keeper").returncode != 0
    assert group.ports == [22, 443]

    answer = command(stage, theirs, "approve", name)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert group.arn in answer.stdout
    assert all(each["summary"] in answer.stdout for each in waiting["writes"])
    operator.wait(lambda: states(stage) == {group.arn: "Succeeded"}, "the remediation", seconds=60)
    assert group.ports == [443]
    assert writes(stage, theirs)[0]["approvedBy"] == approver

    answer = command(stage, theirs, "undo", name)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "becomes" in answer.stdout
    assert '"FromPort": 22' in answer.stdout
    operator.wait(lambda: state(remediations(stage)[0]) == "Undone", "the undo", seconds=60)
    assert group.ports == [22, 443]
    operator.wait(lambda: totals(stage, "open-ports").get("AlreadyHandled") == 1, "it not to be done again")

    # Whoever deletes it has the rule ask again.
    assert journal.delete(name, approver).returncode != 0
    assert journal.delete(name, "keeper").returncode == 0
    wait_until(lambda: states(stage) == {group.arn: "AwaitingApproval"}, "it to be asked again", seconds=60)
    assert group.ports == [22, 443]

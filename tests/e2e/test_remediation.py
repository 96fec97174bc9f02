"""RemediationRules that enforce: what they write, what is journalled of it, and how it is taken back."""

from sandbox.cloud import Cloud
from tests.support.e2e.remedied import (
    Group,
    accounts,
    finding,
    found,
    quiet,
    remediations,
    state,
    states,
)
from tests.support.e2e.rules import INGRESS, allow, ready, rule, status, totals
from tests.support.e2e.stage import Stage


def test_a_group_is_put_right_journalled_and_undone(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    first, other = accounts(cloud)[:2]
    group, spared = Group(cloud, first, "open"), Group(cloud, other, "tagged")
    spared.tag("allowpublicaccess", "TRUE")
    made = found(cloud, group)
    found(cloud, spared)
    allow(stage, max_mode="Enforce")
    stage.target()
    opt_out = {"tags": [{"key": "AllowPublicAccess", "values": ["true"]}]}
    rule(stage, "open-ports", INGRESS, ["EC2.19"], mode="Enforce", optOut=opt_out)
    operator = stage.operator()
    operator.wait(lambda: states(stage) == {group.arn: "Succeeded"}, "the remediation", seconds=60)
    assert group.ports == [443]
    assert spared.ports == [22, 443], "it was opted out by a live tag, in another case"
    operator.wait(lambda: totals(stage, "open-ports").get("OptedOut") == 1, "the plan to say so")
    assert ready(stage, "open-ports") == ("True", "Enforcing")

    (entry,) = remediations(stage)
    assert entry["spec"]["finding"]["id"] == made["Id"]
    assert entry["status"]["attempts"] == 1
    assert entry["status"]["before"]["writes"][0]["before"]["FromPort"] == 22
    assert [each["name"] for each in entry["spec"]["writes"]]
    operator.wait(lambda: finding(cloud, made)["Workflow"]["Status"] == "RESOLVED", "the finding")
    operator.wait(lambda: status(stage, "open-ports").get("succeeded") == 1, "the rule to count it")
    labels = {"namespace": stage.namespace, "rule": "open-ports", "action": INGRESS}
    operator.wait(
        lambda: operator.value("posture_remediations", state="succeeded", **labels) == 1, "the gauge"
    )
    assert operator.value("posture_remediations_total", outcome="succeeded", **labels) == 1

    stage.kubectl("patch", "rem", entry["metadata"]["name"], "--type=merge", "-p", '{"spec":{"undo":true}}')
    operator.wait(lambda: state(remediations(stage)[0]) == "Undone", "the undo")
    assert group.ports == [22, 443]
    operator.wait(lambda: finding(cloud, made)["Workflow"]["Status"] == "NEW", "the finding to be open again")
    operator.wait(lambda: totals(stage, "open-ports").get("AlreadyHandled") == 1, "it not to be done again")
    assert group.ports == [22, 443]

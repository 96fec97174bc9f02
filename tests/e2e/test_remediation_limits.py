"""Limits that hold over a kill and a lost store, and rules that want the same resource at the same moment."""

import uuid
from typing import Any

import pytest
import yaml

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import OWNER
from tests.support.e2e.remedied import Group, accounts, found, quiet, remediations, states, written
from tests.support.e2e.rules import INGRESS, ROLE, allow, rule, status, totals
from tests.support.e2e.stage import FSBP, Stage

REVOKE = "RevokeSecurityGroupIngress"
WIDE = {"percent": 100, "perCycle": 100}
LIMITS: dict[str, dict[str, Any]] = {
    "day": {**WIDE, "perDay": 1},
    "share": {**WIDE, "percent": 1},
    "both": {**WIDE, "perDay": 1, "concurrent": 1},
}


@pytest.mark.timeout(180)
def test_what_was_written_today_counts_after_a_restart(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    account = accounts(cloud)[0]
    groups = {name: [Group(cloud, account, f"{name}-{n}") for n in (1, 2)] for name in LIMITS}
    for each in groups.values():
        for group in each:
            found(cloud, group)
    allow(stage, max_mode="Enforce")
    stage.target()

    def declare(name: str) -> None:
        match = [{"resourceIds": [each.arn for each in groups[name]]}]
        rule(stage, name, INGRESS, ["EC2.19"], mode="Enforce", match=match, limits=LIMITS[name])

    def are_capped() -> bool:
        return all(totals(stage, name).get("CapReached") == 1 for name in LIMITS)

    for name in LIMITS:
        declare(name)
    operator = stage.operator()
    operator.wait(are_capped, "the limits", seconds=90)
    once = dict.fromkeys(LIMITS, 1)

    def counted() -> dict[str, int]:
        return {name: sum(len(written(cloud, each)) for each in groups[name]) for name in LIMITS}

    assert counted() == once
    operator.kill()
    # Another replica, which has no store, and a rule that was made anew under its name.
    stage.kubectl("delete", "rrule", "day")
    declare("day")
    fresh = stage.operator("replica-1")
    for name in LIMITS:
        stage.kubectl("annotate", "rrule", name, "posture.dev/requestedAt=again")
    fresh.wait(
        lambda: all(status(stage, name).get("lastHandledRequest") == "again" for name in LIMITS),
        "a run of each",
        seconds=90,
    )
    fresh.wait(are_capped, "the limits still")
    assert counted() == once
    assert len(remediations(stage)) == len(LIMITS)


@pytest.mark.timeout(180)
def test_of_rules_of_two_namespaces_one_writes(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    group = Group(cloud, accounts(cloud)[0], "shared")
    found(cloud, group)
    other = f"{stage.namespace}-b"[-60:].strip("-") + uuid.uuid4().hex[:2]
    stage.plane.kubectl("create", "namespace", other)
    grant = {
        "namespaces": [stage.namespace, other],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score", "Remediate"],
        "remediation": {"roleNames": [ROLE], "maxMode": "Enforce", "builtins": ["*"]},
    }
    stage.configure(grants=[grant], ownerId=OWNER, quotaShare=1)
    stage.target()
    rule(stage, "here", INGRESS, ["EC2.19"], mode="Enforce")
    rule(stage, "again", INGRESS, ["EC2.19"], mode="Enforce")
    apply(stage, other)
    operator = stage.operator(
        kubeconfig=stage.plane.kubeconfig, arguments=["--namespace", other], environment={}
    )
    operator.wait(lambda: written(cloud, group) == [REVOKE], "the write", seconds=60)

    def entries() -> list[str]:
        there = stage.plane.kubectl("get", "rem", "-A", "-o", "yaml").stdout
        listed = yaml.safe_load(there)["items"]
        return [
            each["spec"]["ruleRef"]["name"]
            for each in listed
            if each["metadata"]["namespace"] in {other, stage.namespace}
        ]

    operator.wait(
        lambda: len(entries()) == 1 and set(states(stage).values()) <= {"Succeeded"}, "one entry to be left"
    )
    assert written(cloud, group) == [REVOKE]
    stage.plane.kubectl("delete", "posturetargets", "--all", "--wait=false", "--namespace", other)


def apply(stage: Stage, namespace: str) -> None:
    """Declare a target with another role, and a rule, in another namespace."""
    target = {
        "interval": "5s",
        "aws": {"region": "eu-west-1", "roleArn": "arn:aws:iam::111122223333:role/posture-other"},
        "source": {"securityStandards": {"standards": [FSBP]}},
    }
    declared = {
        "targetRef": {"name": "organization"},
        "match": [{"controls": ["EC2.19"]}],
        "action": {"builtin": {"name": INGRESS}},
        "delay": "0s",
        "limits": WIDE,
        "mode": "Enforce",
    }
    for kind, name, spec in (
        ("PostureTarget", "organization", target),
        ("RemediationRule", "there", declared),
    ):
        document = {
            "apiVersion": "posture.dev/v1alpha1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
        stage.plane.kubectl("apply", "-f", "-", input=yaml.safe_dump(document))

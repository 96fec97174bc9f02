"""`posture plan` tells number by number what the operator then does with the same manifests."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud import Cloud
from tests.support.e2e.controls import REGION, is_off, switch
from tests.support.e2e.controls import ROLE as DISABLING
from tests.support.e2e.controls import accounts as accounts_of
from tests.support.e2e.exceptions import (
    OWNER,
    in_effect,
    in_hours,
    policy,
    reason,
    status,
    suppressed_by,
)
from tests.support.e2e.plans import manifest, planned, write
from tests.support.e2e.rules import (
    ACCOUNT_BLOCK,
    INGRESS,
    OLD_KEYS,
    ROLE,
    fail,
    failing,
)
from tests.support.e2e.rules import status as status_of_rule
from tests.support.e2e.stage import CIS_1_4, FSBP, PATTERN, READER, Stage

RULES = ("public-buckets", "open-ports", "old-keys", "careful")
THEIRS = "Ours is different"
TERMS = {
    "targetRef": {"name": "organization"},
    "justification": "Retention is handled by lifecycle policies",
    "approvedBy": "security@example.com",
}


def allow(stage: Stage) -> None:
    """Grant the namespace everything that the manifests ask for."""
    grant = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score", "Suppress", "DisableControls", "Remediate"],
        "disableControls": {"roleNames": [DISABLING]},
        "remediation": {"roleNames": [ROLE], "maxMode": "Enforce", "builtins": ["*"]},
    }
    stage.configure(grants=[grant], ownerId=OWNER, quotaShare=1)


def manifests(stage: Stage) -> list[dict[str, Any]]:
    """Return policies that suppress, reopen, turn off and only look, and rules that each see something."""
    terms = {**TERMS, "expiresAt": in_hours(24 * 30)}
    target = {
        "interval": "5s",
        "aws": {"region": REGION, "roleArn": READER},
        "source": {"securityStandards": {"standards": [FSBP, CIS_1_4]}},
        "grouping": {"accountNamePattern": PATTERN, "defaultEnvironment": "production"},
    }
    limits = {"percent": 100, "perCycle": 100}

    def suppressing(*controls: str, **more: Any) -> dict[str, Any]:
        return {**terms, "suppressFindings": {"match": [{"controls": list(controls)}]}, **more}

    def rule(action: str, *controls: str, **more: Any) -> dict[str, Any]:
        return {
            "targetRef": {"name": "organization"},
            "match": [{"controls": list(controls)}],
            "action": {"builtin": {"name": action}},
            "delay": "0s",
            "limits": limits,
            **more,
        }

    off = {"standards": [FSBP], "controls": ["SecretsManager.4"], "accounts": ["*"], "regions": [REGION]}
    found = {
        ("PostureTarget", "organization"): target,
        ("SuppressionPolicy", "logs"): suppressing("RDS.19"),
        ("SuppressionPolicy", "keys"): suppressing("C*", "ECS.*", "K*", "L*"),
        ("SuppressionPolicy", "dry"): suppressing("EC2.2*", mode="DryRun"),
        ("SuppressionPolicy", "secrets"): {**terms, "disableControls": off},
        ("RemediationRule", "public-buckets"): rule(ACCOUNT_BLOCK, "S3.1"),
        ("RemediationRule", "open-ports"): rule(INGRESS, "EC2.19"),
        ("RemediationRule", "old-keys"): rule(OLD_KEYS, "IAM.3", delay="24h"),
        ("RemediationRule", "careful"): rule(ACCOUNT_BLOCK, "S3.1", limits={"percent": 20}),
    }
    return [manifest(kind, name, stage.namespace, spec) for (kind, name), spec in found.items()]


def ours(stage: Stage, cloud: Cloud) -> dict[str, set[str]]:
    """Return what each policy suppressed."""
    return {name: suppressed_by(cloud, f"{stage.namespace}/{name}") for name in ("logs", "keys", "dry")}


def done(stage: Stage, cloud: Cloud, before: dict[str, set[str]]) -> dict[str, dict[str, Any]]:
    """Return what became of the policies: as the cloud has it, or, of a dry run, as its status says."""
    after = ours(stage, cloud)
    off = [is_off(cloud, account) for account in accounts_of(cloud)]
    found = {
        name: {"suppress": len(after[name] - before[name]), "reopen": len(before[name] - after[name])}
        for name in ("logs", "keys")
    }
    dry = status(stage, "dry")
    assert after["dry"] == set()
    found["dry"] = {"suppress": dry["wouldSuppress"], "reopen": dry["wouldReopen"]}
    found["secrets"] = {"turnOff": sum(why not in {None, THEIRS} for why in off)}
    nothing = {"suppress": 0, "reopen": 0, "turnOff": 0, "turnOn": 0}
    return {name: {**nothing, **each} for name, each in found.items()}


def planned_totals(stage: Stage, name: str) -> dict[str, Any]:
    """Return what the status of a rule says of its plan, as the command does."""
    found = status_of_rule(stage, name).get("planTotals", [])
    counts = Counter[str]()
    for each in found:
        counts[each["decision"].lower()] += each["count"]
    return {
        **{decision: counts[decision] for decision in ("remediate", "wait", "skip")},
        "reasons": {each["reason"]: each["count"] for each in found},
    }


@pytest.mark.timeout(240)
def test_what_is_planned_is_what_the_operator_then_does(stage: Stage, cloud: Cloud, tmp_path: Path) -> None:
    for control in ("S3.1", "EC2.19", "IAM.3"):
        fail(cloud, control)
    by_hand = failing(cloud, ["S3.1"])[0]
    cloud.control.mutate({"op": "workflow", "id": by_hand["Id"], "status": "SUPPRESSED"})
    switch(cloud, accounts_of(cloud)[3], on=False, why=THEIRS)
    allow(stage)
    stage.target()
    policy(stage, "logs")
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage, "logs"), "the policy of before", seconds=60)
    before = ours(stage, cloud)

    file = write(tmp_path / "manifests.yaml", *manifests(stage))
    arguments = ("-f", file, "--config", stage.config, "--live")
    plan = planned(cloud, *arguments, "--against", "cluster", KUBECONFIG=str(stage.plane.kubeconfig))
    assert planned(cloud, *arguments) == plan, "the files say all that there is"

    (target,) = plan["targets"].values()
    operator.wait(lambda: stage.status()["score"] == target["before"], "the score to follow the old policy")

    stage.plane.kubectl("apply", "-f", str(file))
    for name in ("logs", "keys", "secrets"):
        operator.wait(partial(in_effect, stage, name), f"policy {name}", seconds=60)
    operator.wait(lambda: reason(stage, name="dry") == ("True", "DryRun"), "the dry run", seconds=60)
    troubles = {name: each.pop("trouble") for name, each in plan["policies"].items()}
    found = done(stage, cloud, before)
    assert plan["policies"] == found
    assert troubles.pop("dry").startswith("DryRun: ")
    assert set(troubles.values()) == {None}
    assert min(found["logs"]["reopen"], found["keys"]["suppress"], found["dry"]["suppress"]) > 0
    assert found["secrets"]["turnOff"] == len(accounts_of(cloud)) - 1

    told: dict[str, Any] = {}

    def agrees() -> bool:
        told.update({name: planned_totals(stage, name) for name in RULES})
        return told == plan["rules"]

    operator.wait(agrees, f"the same plans of rules as {plan['rules']}", seconds=60)
    reasons = {reason for each in told.values() for reason in each["reasons"]}
    assert {"Planned", "Suppressed", "CapReached", "Delayed"} <= reasons

    operator.wait(lambda: stage.is_current() and stage.status()["score"] == target["after"], "the score")
    assert target["after"] > target["before"]

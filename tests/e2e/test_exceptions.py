"""`posture exceptions`: the register, from the cluster's policies and from Security Hub itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

from sandbox.cloud import Cloud
from tests.e2e.exceptions import allow, failed, in_effect, people_suppressed, policy, suppressed_by
from tests.e2e.stage import Stage


def run(
    stage: Stage, kubeconfig: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as an auditor does: with a kubeconfig and AWS credentials at hand."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POSTURE_"))}
    return subprocess.run(
        [sys.executable, "-m", "posture.cli", "exceptions", "--namespace", stage.namespace, *arguments],
        env={**kept, **stage.cloud.env, "KUBECONFIG": str(kubeconfig), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_register_tells_every_suppression_and_its_reason(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    people = people_suppressed(cloud)
    by_hand = next(iter(people))
    cloud.control.mutate({"op": "workflow", "id": by_hand, "note": "looks fine to me"})
    policy(stage, owner="team-storage", review={"interval": "168h"})
    policy(stage, "idle", match=[{"controls": ["Nothing.1"]}])
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage) and in_effect(stage, "idle"), "both policies", seconds=60)
    ours = suppressed_by(cloud, f"{stage.namespace}/logs")
    answer = run(stage, stage.plane.kubeconfig, "-o", "json")
    assert (answer.returncode, answer.stderr) == (0, "")
    entries = json.loads(answer.stdout)
    documented = [each for each in entries if each["policy"] == f"{stage.namespace}/logs"]
    assert sum(each["number"] for each in documented) == len(ours)
    resources = {each["Resources"][0]["Id"] for each in failed(cloud) if each["Id"] in ours}
    assert {resource for each in documented for resource in each["resources"]} >= resources
    assert {(each["state"], each["approvedBy"], each["reference"], each["owner"]) for each in documented} == {
        ("Active", "security@example.com", "SEC-2024-03", "team-storage")
    }
    assert all(each["since"] < each["reviewDue"] < each["until"] for each in documented)
    (idle,) = [each for each in entries if each["policy"] == f"{stage.namespace}/idle"]
    assert (idle["number"], idle["state"]) == (0, "Active")
    undocumented = [each for each in entries if each["state"] == "NoPolicy"]
    assert "looks fine to me" in {each["why"] for each in undocumented}

    table = run(stage, stage.plane.kubeconfig, "--target", "organization").stdout.splitlines()
    assert table[0].split()[:4] == ["TARGET", "POLICY", "STATE", "CONTROL"]
    assert len(table) == len(entries) + 1

    unreachable = run(
        stage,
        stage.plane.kubeconfig,
        "-o",
        "json",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_ENDPOINT_URL_STS="http://127.0.0.1:9",
        AWS_ENDPOINT_URL_SECURITYHUB="http://127.0.0.1:9",
    )
    assert unreachable.returncode == 1
    assert "counts are those of the policies' status" in unreachable.stderr
    told = {each["policy"]: each["number"] for each in json.loads(unreachable.stdout)}
    assert told == {f"{stage.namespace}/logs": len(ours), f"{stage.namespace}/idle": 0}
    missing = run(stage, stage.plane.kubeconfig, "--target", "nowhere")
    assert missing.returncode == 1
    assert "there is no PostureTarget nowhere" in missing.stderr

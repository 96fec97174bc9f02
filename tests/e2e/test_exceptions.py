"""`posture exceptions`: the register, from the cluster's policies and from Security Hub itself."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

from sandbox.cloud import Cloud
from sandbox.securityhub.catalogue import STANDARDS
from tests.support.e2e import controls
from tests.support.e2e.exceptions import (
    allow,
    failed,
    in_effect,
    people_suppressed,
    policy,
    suppressed_by,
)
from tests.support.e2e.stage import CIS_1_4, FSBP, ORGANIZATION, Stage
from tests.support.hostile import acts


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
    assert table[0].split()[:4] == ["TARGET", "POLICY", "STATE", "WHAT"]
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


def test_a_note_does_nothing_to_the_terminal_of_an_auditor(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    policy(stage, justification="Retention \x1b]0;all is well\x07\u202e is handled elsewhere")
    by_hand = next(iter(people_suppressed(cloud)))
    note = "=1+1 \x1b[2J\x9b31m\b\b\r\u202e\u2066\u200b\u2028 [x](https://x.example) a\\|b\nlast"
    cloud.control.mutate({"op": "workflow", "id": by_hand, "note": note})
    operator = stage.operator(arguments=["--log-format", "console"])
    operator.wait(lambda: in_effect(stage), "the policy", seconds=60)
    for form in ("table", "csv", "markdown", "json"):
        answer = run(stage, stage.plane.kubeconfig, "-o", form)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert acts(answer.stdout) <= {"\n"}, form
        if form == "json":
            whys = {each["why"] for each in json.loads(answer.stdout)}
            assert note in whys
            assert any("\x1b]0;all is well" in why for why in whys)
        else:
            assert "x1b" in answer.stdout, form
    operator.stop()
    assert acts(operator.log()) <= {"\n"}


def is_in(standard: str, control: str) -> bool:
    """Whether a standard has a control at all, and the target looks at it."""
    known = {each.id for each in STANDARDS[standard].controls()}
    return control in known and standard in {FSBP, CIS_1_4}


def test_the_register_tells_every_control_that_is_off(stage: Stage, cloud: Cloud) -> None:
    controls.allow(stage)
    stage.target()
    one, two, *_ = controls.accounts(cloud)
    controls.switch(cloud, controls.HOME, on=False, why="Ours is different", control="SecretsManager.1")
    name = controls.policy(stage, accounts=[one, two], reference="SEC-7", review={"interval": "168h"})
    idle = controls.policy(stage, "idle", accounts=["999999999999"])
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage, name) and in_effect(stage, idle), "both policies", seconds=60)
    # The role is not the auditor's in one of the accounts: there, the status is all that there is.
    cloud.refuse_roles(f"arn:aws:iam::{two}:role/{controls.ROLE}")
    answer = run(stage, stage.plane.kubeconfig, "-o", "json")
    assert answer.returncode == 1
    assert f"{two} in {controls.REGION}" in answer.stderr
    entries = [each for each in json.loads(answer.stdout) if each["what"] == "disableControls"]
    documented = [each for each in entries if each["policy"] == f"{stage.namespace}/{name}"]
    assert [(each["account"], each["evidence"]) for each in documented] == [
        (one, "SecurityHub"),
        (two, "Status"),
    ]
    for each in documented:
        assert (each["control"], each["standard"]) == (controls.CONTROL, FSBP)
        assert (each["region"], each["number"], each["state"]) == (controls.REGION, 1, "Active")
        assert each["why"] == "Secrets are rotated by their own service"
        assert (each["approvedBy"], each["reference"]) == ("security@example.com", "SEC-7")
        assert each["since"] < each["reviewDue"] < each["until"]
    (unused,) = [each for each in entries if each["policy"] == f"{stage.namespace}/{idle}"]
    assert (unused["number"], unused["account"], unused["state"]) == (0, "", "Active")
    by_hand = {
        (each["standard"], each["control"]): each
        for each in entries
        if each["state"] == "NoPolicy" and each["account"] == controls.HOME
    }
    off = {pair for pair in ORGANIZATION.disabled_controls if is_in(*pair)}
    assert by_hand.keys() == {*off, (FSBP, "SecretsManager.1")}
    assert by_hand[FSBP, "SecretsManager.1"]["why"] == "Ours is different"
    assert by_hand[FSBP, "SecretsManager.1"]["since"]

    cloud.refuse_roles()
    complete = run(stage, stage.plane.kubeconfig, "-o", "csv")
    assert (complete.returncode, complete.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(complete.stdout)))
    assert {each["evidence"] for each in rows} == {"SecurityHub"}
    assert len([each for each in rows if each["policy"] == f"{stage.namespace}/{name}"]) == 2

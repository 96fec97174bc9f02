"""`posture check` as a process: on a real API server, with rights and without, and its exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.e2e.stage import Stage

CHECK = [sys.executable, "-m", "posture.cli", "check"]


def check(stage: Stage, kubeconfig: Path | str, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run it as the operator's pod would; return the exit code and the results by their names."""
    done = run(stage, kubeconfig, *arguments, "-o", "json")
    assert done.stderr == ""
    results = json.loads(done.stdout)
    assert all(each.keys() == {"check", "status", "message", "advice"} for each in results)
    place = f"{stage.namespace}/organization/"
    return done.returncode, {each["check"].removeprefix(place): each for each in results}


def run(stage: Stage, kubeconfig: Path | str, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POSTURE_"))}
    operators = {"POSTURE_CONFIG": str(stage.config), "POSTURE_LEASE_NAMESPACE": stage.namespace}
    return subprocess.run(
        [*CHECK, "-n", stage.namespace, *arguments],
        env={**kept, **stage.cloud.env, **operators, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        stdin=subprocess.DEVNULL,
    )


def statuses(found: dict[str, dict[str, Any]], *names: str) -> list[str]:
    return [found[name]["status"] for name in names]


def test_everything_from_the_cluster_to_the_facts(stage: Stage) -> None:
    stage.target()
    operators = stage.plane.kubeconfig_for("posture", stage.namespace)
    code, found = check(stage, operators)
    assert code == 0, found
    assert statuses(found, "kubernetes", "rights", "configuration", "grant", "role", "hub") == ["ok"] * 6
    user = f"system:serviceaccount:{stage.namespace}:posture"
    assert user in found["kubernetes"]["message"]
    # A Role in some namespaces lets nobody list CRDs.
    assert statuses(found, "crds") == ["unknown"]
    assert found["fact/page-size"]["message"].startswith("confirmed")
    code, found = check(stage, stage.plane.kubeconfig, "organization")
    assert (code, statuses(found, "crds", "rights")) == (0, ["ok", "ok"])
    stage.target(aws={"region": "eu-central-1", "roleArn": "arn:aws:iam::111122223333:role/posture-reader"})
    code, found = check(stage, operators)
    assert (code, statuses(found, "role", "hub", "findings")) == (1, ["ok", "failed", "unknown"])


def test_what_is_missing_in_the_cluster_is_told(stage: Stage) -> None:
    stage.target()
    stage.plane.kubectl("create", "serviceaccount", "nobody", "-n", stage.namespace)
    code, found = check(stage, stage.plane.kubeconfig_for("nobody", stage.namespace))
    assert code == 1
    assert statuses(found, "kubernetes", "crds", "rights", "configuration") == [
        "ok", "unknown", "failed", "ok",
    ]  # fmt: skip
    assert f"posturetargets.posture.dev in namespace {stage.namespace}" in found["rights"]["message"]
    assert found["rights"]["advice"] == "grant it, as the Helm chart's roles do (rbac.create)"
    assert found["targets"]["status"] == "unknown"
    assert "list posturetargets.posture.dev" in found["targets"]["message"]


def test_without_a_cluster_or_a_configuration_the_rest_is_told(stage: Stage, tmp_path: Path) -> None:
    nowhere = tmp_path / "kubeconfig"
    text = stage.plane.kubeconfig.read_text(encoding="utf-8")
    nowhere.write_text(text.replace(stage.plane.url, "https://127.0.0.1:9"), encoding="utf-8")
    for kubeconfig in ("/nowhere", nowhere):
        code, found = check(stage, kubeconfig)
        assert code == 1
        assert statuses(found, "kubernetes", "crds", "rights", "configuration", "owner", "targets") == [
            "failed", "unknown", "unknown", "ok", "unknown", "unknown",
        ]  # fmt: skip
    stage.target()
    stage.config.write_text("grants: [{namespaces: 1}]", encoding="utf-8")
    code, found = check(stage, stage.plane.kubeconfig)
    assert (code, statuses(found, "configuration", "grant", "role")) == (1, ["failed", "unknown", "unknown"])
    assert "grants[0].namespaces" in found["configuration"]["message"]
    done = run(stage, stage.plane.kubeconfig, "-o", "csv")
    assert (done.returncode, done.stdout) == (2, "")

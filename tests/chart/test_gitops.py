"""The example of two teams: it validates, it renders, and both tools install the same."""

import subprocess
import sys
from typing import Any

import pytest
import yaml

from posture.config.file import load
from tests.chart.conftest import CHART, ROOT, Helm, kinds

EXAMPLE = ROOT / "examples" / "gitops"


def documents(path: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all((EXAMPLE / path).read_text(encoding="utf-8")) if each]


@pytest.mark.parametrize("path", sorted(str(each.relative_to(EXAMPLE)) for each in EXAMPLE.rglob("*.yaml")))
def test_every_file_is_yaml_with_a_kind(path: str) -> None:
    assert path == "platform/values.yaml" or all(each["kind"] for each in documents(path))


def test_what_the_security_team_declares_is_valid(tmp_path: Any) -> None:
    command = [sys.executable, "-m", "posture.cli", "validate", "-f", str(EXAMPLE / "security")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    (grants,) = documents("security/grants.yaml")
    file = tmp_path / "posture.yaml"
    file.write_text(grants["data"]["posture.yaml"])
    assert [each.namespaces for each in load(file).grants] == [("security",)]
    (kustomization,) = documents("security/kustomization.yaml")
    there = {each.name for each in (EXAMPLE / "security").glob("*.yaml")}
    assert {*kustomization["resources"], "kustomization.yaml"} == there


def test_the_release_takes_the_security_teams_grants(helm: Helm) -> None:
    (values,), (grants,) = documents("platform/values.yaml"), documents("security/grants.yaml")
    _, release = documents("flux/platform.yaml")
    assert release["spec"]["values"] == values
    placed = {**values, "image": {"repository": "registry.example.com/posture-operator"}}
    done = helm("template", "posture", str(CHART), "--namespace", "posture", values=placed)
    found = kinds([each for each in yaml.safe_load_all(done.stdout) if each])
    (pod,) = [each["spec"]["template"]["spec"] for each in found["StatefulSet"]]
    sources = {each["name"]: each.get("configMap") for each in pod["volumes"]}
    assert sources["config"] == {"name": grants["metadata"]["name"]}
    assert grants["metadata"]["namespace"] == release["spec"]["targetNamespace"]

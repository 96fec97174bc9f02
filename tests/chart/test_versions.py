"""What the chart renders is what each supported Kubernetes takes: by its own schemas, for many values."""

import re
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.chart.conftest import CHART, Manifest, Render
from tests.chart.test_install import ALL_ON

_LEAST = re.search(r"1\.(\d+)", yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"])
VERSIONS = [f"1.{minor}" for minor in range(int(_LEAST[1]) if _LEAST else 0, 38)]
MONITORED: dict[str, Any] = {
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
}
STRICT: dict[str, Any] = {
    "watchNamespaces": ["security", "payments"],
    "config": {"ownerId": "prod-eu"},
    "admissionPolicies": {"exceptions": {"enabled": True, "maxAge": "2160h", "approvers": ["a@example.com"]}},
    "networkPolicy": {"enabled": True, "egress": {"enabled": True}},
    "podDisruptionBudget": {"enabled": True, "minAvailable": "50%"},
    "commonLabels": {"team": "security"},
}
SPARE: dict[str, Any] = {
    "persistence": {"enabled": False},
    "existingConfigMap": "grants",
    "rbac": {"create": False},
    "serviceAccount": {"create": False, "name": "posture"},
    "tests": {"enabled": False},
}
MATRIX = {"defaults": {}, "all on": ALL_ON, "monitored": MONITORED, "strict": STRICT, "spare": SPARE}
_OWN = {"ServiceMonitor", "PodMonitor", "PrometheusRule", "GrafanaDashboard"}
"""Kinds of others' operators: no schemas of Kubernetes'."""


def problems(manifests: list[Manifest], version: str) -> list[str]:
    """Say what a Kubernetes of a version would not take."""
    found = []
    for manifest in manifests:
        if manifest["kind"] in _OWN:
            continue
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{manifest['kind']}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError:
            found.append(f"{manifest['kind']} {manifest['apiVersion']}: not served")
    return found


@pytest.mark.parametrize("name", MATRIX)
def test_every_supported_version_takes_what_is_rendered(render: Render, name: str) -> None:
    rendered = render(**MATRIX[name])
    assert rendered
    wrong = {version: said for version in VERSIONS if (said := problems(rendered, version))}
    # Helm renders for the newest; what older ones do not serve, a release there does not have.
    told = {version: [each for each in said if not _is_newer(each)] for version, said in wrong.items()}
    assert {version: said for version, said in told.items() if said} == {}


def _is_newer(said: str) -> bool:
    return said.endswith("not served") and said.startswith("ValidatingAdmissionPolicy")


def test_what_no_version_takes_is_found(render: Render) -> None:
    (stateful,) = [each for each in render() if each["kind"] == "StatefulSet"]
    stateful["spec"]["replica"] = 1
    assert any("replica" in said for said in problems([stateful], VERSIONS[0]))
    stateful["apiVersion"] = "apps/v1beta1"
    assert problems([stateful], VERSIONS[0]) == ["StatefulSet apps/v1beta1: not served"]

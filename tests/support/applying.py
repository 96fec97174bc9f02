"""Manifests of the chart, rendered from values and tried on a real API server without being kept."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from sandbox.controlplane import ControlPlane
from tests.chart.conftest import CHART, Helm, Manifest, kinds
from tests.support.texts import differences

DIGITS = ("111122223333", "012345670123", "3240286e-210077")
"""Names of namespaces, and of releases, that YAML takes for numbers; the last is 0."""

MONITORING = "---".join(
    f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {kind.lower()}s.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: {kind}, plural: {kind.lower()}s, singular: {kind.lower()}}}
  versions:
  - name: {version}
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
"""
    for kind, group, version in (
        ("ServiceMonitor", "monitoring.coreos.com", "v1"),
        ("PodMonitor", "monitoring.coreos.com", "v1"),
        ("PrometheusRule", "monitoring.coreos.com", "v1"),
        ("GrafanaDashboard", "grafana.integreatly.org", "v1beta1"),
    )
)
"""The kinds of the Prometheus Operator and of grafana-operator, whatever their fields."""


def template(
    helm: Helm, given: dict[str, Any], release: str = "posture", namespace: str = "posture"
) -> tuple[list[Manifest], str]:
    """Render; return the manifests and what helm complained of."""
    done = helm(
        *("template", release, str(CHART), "--namespace", namespace),
        values={"crds": {"install": False}} | given,
        check=False,
    )
    return [each for each in yaml.safe_load_all(done.stdout) if each], done.stderr


def to_send(manifests: list[Manifest]) -> Iterator[Manifest]:
    """Give the manifests, and what the controllers make of a StatefulSet: a pod and a claim."""
    for manifest in manifests:
        # Those of a namespace that is not there.
        if manifest["metadata"].get("namespace", "posture") in {"posture", *DIGITS}:
            # Dashboards are the same whatever the values, and large.
            yield {**manifest, "data": {"left": "out"}} if manifest["kind"] == "ConfigMap" else manifest
    (stateful_set,) = kinds(manifests)["StatefulSet"]
    template = stateful_set["spec"]["template"]
    volumes = [*template["spec"]["volumes"], {"name": "data", "emptyDir": {}}]
    pod = {**template["spec"], "volumes": volumes}
    # Its name is looked up in the cluster; what a name may be, the StatefulSet has been asked.
    pod.pop("priorityClassName", None)
    yield {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": "a-pod", "namespace": "posture"},
        "spec": pod,
    }
    for claim in stateful_set["spec"]["volumeClaimTemplates"]:
        yield {**claim, "metadata": {"name": "a-claim", "namespace": "posture"}}


def store(cluster: ControlPlane, sent: list[Manifest]) -> None:
    """Have the API server take all of it, and give it back as it was sent; nothing is kept."""
    done = cluster.kubectl(
        *("create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-"),
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": sent}),
        check=False,
    )
    assert done.returncode == 0, done.stderr[:2000]
    stored = _items(done.stdout)
    assert len(stored) == len(sent)
    for one, other in zip(sent, stored, strict=True):
        found = list(differences(one, other, one["kind"]))
        assert not found, found


def _items(printed: str) -> list[Manifest]:
    """Read the documents that kubectl prints one after the other."""
    decoder, found, text = json.JSONDecoder(), list[Manifest](), printed.strip()
    while text:
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:].lstrip()
    return found

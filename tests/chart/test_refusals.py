"""What Kubernetes refuses is refused by the chart, before anything is installed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from sandbox.controlplane import ControlPlane
from tests.chart.conftest import CHART, Helm
from tests.support.applying import template, to_send


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    with ControlPlane.start() as plane:
        plane.kubectl("create", "namespace", "posture")
        yield plane


WRONG: list[dict[str, Any]] = [
    {"priorityClassName": "-"},
    {"persistence": {"storageClassName": "-"}},
    {"persistence": {"storageClassName": "Gp3"}},
    {"persistence": {"size": "0Gi"}},
    {"persistence": {"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]}},
    {"serviceAccount": {"name": "a_b"}},
    {"serviceAccount": {"annotations": {"a b": "c"}}},
    {"podLabels": {"team": "a b"}},
    {"podLabels": {"team": "a" * 64}},
    {"podLabels": {"/team": "a"}},
    {"podLabels": {"app.kubernetes.io/name": "other"}},
    {"nodeSelector": {"disk": "-ssd"}},
    {"env": [{"name": "A=B", "value": "c"}]},
    {"env": [{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
    {"env": [{"name": "A", "value": "b"}, {"name": "A", "value": "c"}]},
    {"volumes": [{"name": "data", "emptyDir": {}}]},
    {"volumes": [{"name": "a", "emptyDir": {}, "hostPath": {"path": "/"}}]},
    {"volumeMounts": [{"name": "nowhere", "mountPath": "/a"}]},
    {"volumeMounts": [{"name": "tmp", "mountPath": "/data"}]},
    {"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]},
    {"tolerations": [{"value": "b"}]},
    {"tolerations": [{"key": "a", "effect": "NoSchedule", "tolerationSeconds": 5}]},
    {"topologySpreadConstraints": [{"topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway"}]},
    {
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2}
        ]
    },
    {"podDisruptionBudget": {"enabled": True, "maxUnavailable": "101%"}},
    {"podDisruptionBudget": {"enabled": True, "maxUnavailable": "a"}},
    {"networkPolicy": {"enabled": True, "from": [{}]}},
    {"networkPolicy": {"enabled": True, "from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}},
    {"replicas": 2147483648},
    {"podSecurityContext": {"runAsUser": -1}},
    {"resources": {"requests": {"cpu": "-1"}}},
    {"resources": {"requests": {"memory": "1 GB"}}},
]


@pytest.mark.parametrize("given", WRONG, ids=json.dumps)
def test_what_kubernetes_refuses_is_refused_before(
    helm: Helm, cluster: ControlPlane, given: dict[str, Any]
) -> None:
    manifests, complaint = template(helm, given)
    assert not manifests
    assert next(iter(given)) in complaint
    # It is Kubernetes that refuses it, not only we: without the schema and the chart's own checks.
    done = helm(
        *("template", "posture", str(CHART), "--namespace", "posture", "--skip-schema-validation"),
        values={"crds": {"install": False}} | given,
        check=False,
    )
    unchecked = [each for each in yaml.safe_load_all(done.stdout) if each]
    if not unchecked:
        assert "checks.yaml" in done.stderr
        return
    refusal = cluster.kubectl(
        *("apply", "--server-side", "--dry-run=server", "-f", "-"),
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(to_send(unchecked))}),
        check=False,
    )
    assert refusal.returncode != 0, given

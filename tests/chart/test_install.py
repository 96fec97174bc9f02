"""The chart on a real API server: admitted, upgraded, uninstalled; its rights are enough for the operator."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from posture.kube.access import Access, check_access
from posture.kube.client import connect
from posture.reconcile.owner import OwnerUnknown, cluster_owner
from sandbox.controlplane import ControlPlane
from tests.chart.conftest import CHART, Helm, Render, kinds

ALL_ON: dict[str, Any] = {
    "replicas": 2,
    "config": {"grants": [{"namespaces": ["security"], "verbs": ["Score"]}]},
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {
        "enabled": True,
        "from": [{"namespaceSelector": {"matchLabels": {"monitoring": "yes"}}}],
    },
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/x"}},
    "env": [{"name": "AWS_REGION", "value": "eu-west-1"}],
    "persistence": {"storageClassName": "gp3"},
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    """A control plane of our own: elsewhere the CRDs belong to others."""
    with ControlPlane.start() as plane:
        for namespace in ("security", "posture"):
            plane.kubectl("create", "namespace", namespace)
        plane.kubectl("label", "namespace", "posture", "pod-security.kubernetes.io/enforce=restricted")
        yield plane


def _release(helm: Helm, cluster: ControlPlane, command: str, values: dict[str, Any]) -> str:
    place = ("posture", str(CHART), "--namespace", "posture", "--kubeconfig", str(cluster.kubeconfig))
    return helm(command, *place, values=values).stdout


def _access(cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch, namespaces: list[str] | None) -> Access:
    kubeconfig = cluster.kubeconfig_for("posture-posture-operator", "posture")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    async def ask() -> Access:
        async with connect(within=10.0) as kube:
            deadline = asyncio.get_running_loop().time() + 20.0
            # The authorizer learns of new bindings by a watch of its own.
            while True:
                access = await check_access(kube, namespaces, "posture")
                if access.complete or asyncio.get_running_loop().time() > deadline:
                    return access
                await asyncio.sleep(0.1)

    return asyncio.run(ask())


def _owner(cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name that the operator gives itself, or why it has none."""
    kubeconfig = cluster.kubeconfig_for("posture-posture-operator", "posture")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    async def ask() -> str:
        async with connect(within=10.0) as kube:
            try:
                return await cluster_owner(kube)
            except OwnerUnknown as unknown:
                return str(unknown)

    return asyncio.run(ask())


def test_a_release_lives_and_its_objects_outlive_it(
    helm: Helm, cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = _release(helm, cluster, "install", {})
    assert "Nothing is granted yet" in notes
    assert "serves all namespaces" in notes
    access = _access(cluster, monkeypatch, None)
    assert access.complete, str(access)
    cluster_id = cluster.kubectl(
        "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"
    ).stdout.strip()
    assert _owner(cluster, monkeypatch) == cluster_id

    notes = _release(
        helm, cluster, "upgrade", {**ALL_ON, "persistence": {}, "watchNamespaces": ["security", "posture"]}
    )
    assert "Nothing is granted yet" not in notes
    assert "serves security, posture" in notes
    access = _access(cluster, monkeypatch, ["security", "posture"])
    assert access.complete, str(access)
    # What it had before for all namespaces is gone.
    assert "list posturetargets.posture.dev in all namespaces" in _beyond(cluster)
    assert "set ownerId in the operator's configuration" in _owner(cluster, monkeypatch)
    # As the README shows it.
    shown = cluster.kubectl(
        *("get", "secret", "posture-posture-operator", "-n", "posture"),
        "-o",
        r"jsonpath={.data.posture\.yaml}",
    ).stdout
    assert json.loads(base64.b64decode(shown)) == ALL_ON["config"]

    cluster.kubectl("apply", "-n", "security", "-f", "-", input=_TARGET)
    done = helm("uninstall", "posture", "--namespace", "posture", "--kubeconfig", str(cluster.kubeconfig))
    assert "uninstalled" in done.stdout
    assert "organization" in cluster.kubectl("get", "posturetargets", "-A").stdout
    assert (
        "posture" not in cluster.kubectl("get", "statefulsets,roles,clusterroles", "-A", "-o", "name").stdout
    )
    # Installed again, the release takes the CRDs that it kept for its own.
    _release(helm, cluster, "install", ALL_ON)


def _beyond(cluster: ControlPlane) -> str:
    done = cluster.kubectl(
        *("auth", "can-i", "list", "posturetargets.posture.dev", "--all-namespaces"),
        *("--as", "system:serviceaccount:posture:posture-posture-operator"),
        check=False,
    )
    return "list posturetargets.posture.dev in all namespaces" if done.stdout.strip() == "no" else done.stdout


_TARGET = """
apiVersion: posture.dev/v1alpha1
kind: PostureTarget
metadata: {name: organization}
spec:
  aws: {region: eu-west-1}
  source: {securityStandards: {standards: ["*"]}}
"""


def test_the_pod_security_standard_restricted_admits_the_pod(cluster: ControlPlane, render: Render) -> None:
    (stateful_set,) = kinds(render())["StatefulSet"]
    template = stateful_set["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**template["metadata"], "name": "posture-0", "namespace": "posture"}
    # The claim is made by the StatefulSet's controller.
    pod["spec"]["volumes"].append({"name": "data", "emptyDir": {}})
    cluster.kubectl("apply", "-f", "-", input=json.dumps(pod))
    pod["metadata"]["name"] = "privileged"
    del pod["spec"]["containers"][0]["securityContext"]["capabilities"]
    done = cluster.kubectl("apply", "-f", "-", input=json.dumps(pod), check=False)
    assert 'violates PodSecurity "restricted' in done.stderr

"""`helm test`: a Pod as the operator's but for what it runs, and that works with the chart's rights."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox.cloud import Cloud
from sandbox.controlplane import ControlPlane
from tests.chart.conftest import CHART, Helm, Manifest, Render, kinds
from tests.support.e2e.stage import ORGANIZATION

CONFIG = "/etc/posture/posture.yaml"
VALUES: dict[str, Any] = {
    "imagePullSecrets": [{"name": "pull"}],
    "podLabels": {"azure.workload.identity/use": "true"},
    "podAnnotations": {"sidecar.istio.io/inject": "false", "helm.sh/hook": "post-install"},
    "env": [{"name": "AWS_REGION", "value": "eu-west-1"}],
    "envFrom": [{"configMapRef": {"name": "proxies"}}],
    "volumes": [{"name": "authorities", "configMap": {"name": "authorities"}}],
    "volumeMounts": [{"name": "authorities", "mountPath": "/authorities"}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}
GRANTS = [
    {
        "namespaces": ["security"],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score"],
    }
]
TARGET = """
apiVersion: posture.dev/v1alpha1
kind: PostureTarget
metadata: {name: organization, namespace: security}
spec:
  aws: {region: eu-west-1, roleArn: "arn:aws:iam::111122223333:role/posture-reader"}
  source: {securityStandards: {standards: ["*"]}}
"""


def named(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in entries}


def parts(found: dict[str, list[Manifest]]) -> tuple[Manifest, Manifest]:
    """Return the Pods: the test's, and what the StatefulSet makes."""
    (test,), (stateful_set,) = found["Pod"], found["StatefulSet"]
    return test, stateful_set["spec"]["template"]


def test_it_is_as_the_operators_pod_but_for_what_it_runs(render: Render) -> None:
    test, operators = parts(kinds(render(**VALUES)))
    theirs, ours = operators["spec"], test["spec"]
    for field in (
        "serviceAccountName", "automountServiceAccountToken", "securityContext", "imagePullSecrets",
        "nodeSelector", "tolerations", "affinity",
    ):  # fmt: skip
        assert ours[field] == theirs[field], field
    (container,), (other,) = ours["containers"], theirs["containers"]
    for field in ("image", "imagePullPolicy", "securityContext", "resources", "envFrom"):
        assert container[field] == other[field], field
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert named(container["env"]).items() <= named(other["env"]).items()
    assert named(other["env"]).keys() - named(container["env"]).keys() == {"POSTURE_IDENTITY"}
    # It keeps nothing.
    for mine, his in (
        (ours["volumes"], theirs["volumes"]),
        (container["volumeMounts"], other["volumeMounts"]),
    ):
        assert named(mine).items() <= named(his).items()
        assert named(mine).keys() == named(his).keys() - {"data"}
    assert ours["restartPolicy"] == "Never"
    assert container["args"] == ["check", f"--config={CONFIG}"]


def test_it_is_a_test_whatever_annotations_say_and_no_pod_of_the_operator(render: Render) -> None:
    found = kinds(render(**VALUES, podDisruptionBudget={"enabled": True}, networkPolicy={"enabled": True}))
    test, _ = parts(found)
    assert test["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
        "sidecar.istio.io/inject": "false",
    }
    labels = test["metadata"]["labels"]
    assert labels["azure.workload.identity/use"] == "true"
    selectors = [
        found["Service"][0]["spec"]["selector"],
        found["StatefulSet"][0]["spec"]["selector"]["matchLabels"],
        found["PodDisruptionBudget"][0]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"][0]["spec"]["podSelector"]["matchLabels"],
    ]
    assert [each for each in selectors if each.items() <= labels.items()] == []
    assert "Pod" not in kinds(render(tests={"enabled": False}))


def test_the_test_that_a_release_has_passes_with_the_rights_of_the_release(
    helm: Helm, tmp_path: Path
) -> None:
    with ControlPlane.start() as cluster, Cloud.start(organization=ORGANIZATION) as cloud:
        for namespace in ("security", "posture"):
            cluster.kubectl("create", "namespace", namespace)
        cluster.kubectl("label", "namespace", "posture", "pod-security.kubernetes.io/enforce=restricted")
        place = ("--namespace", "posture", "--kubeconfig", str(cluster.kubeconfig))
        for command, watched in (("install", []), ("upgrade", ["security"])):
            values = {"config": {"grants": GRANTS}, "watchNamespaces": watched}
            helm(command, "posture", str(CHART), *place, values=values)
            hooks = helm("get", "hooks", "posture", *place).stdout
            (pod,) = [each for each in yaml.safe_load_all(hooks) if each]
            cluster.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(pod))
            cluster.kubectl("apply", "-f", "-", input=TARGET)
            config = tmp_path / "posture.yaml"
            config.write_text(yaml.safe_dump({"grants": GRANTS}), encoding="utf-8")
            (container,) = pod["spec"]["containers"]
            arguments = [each.replace(CONFIG, str(config)) for each in container["args"]]
            account = pod["spec"]["serviceAccountName"]
            done = run(arguments, cloud, cluster.kubeconfig_for(account, "posture"))
            results = {each["check"]: each for each in json.loads(done.stdout)}
            assert [each for each in results.values() if each["status"] == "failed"] == []
            assert (done.returncode, done.stderr) == (0, "")
            # Only a ClusterRole lets CRDs be listed.
            assert results["crds"]["status"] == ("unknown" if watched else "ok")
            assert results["security/organization/hub"]["status"] == "ok"


def run(arguments: list[str], cloud: Cloud, kubeconfig: Path) -> subprocess.CompletedProcess[str]:
    """Run what the Pod runs, as it runs it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POSTURE_"))}
    return subprocess.run(
        [sys.executable, "-m", "posture.cli", *arguments, "-o", "json"],
        env={**kept, **cloud.env, "KUBECONFIG": str(kubeconfig), "POSTURE_LEASE_NAMESPACE": "posture"},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        stdin=subprocess.DEVNULL,
    )

"""The rights of the chart are enough for the operator's whole life, and the README's ways to end it work."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud import Cloud
from sandbox.controlplane import ControlPlane
from sandbox.operator_process import OperatorProcess
from tests.chart.conftest import CHART, Helm
from tests.support.e2e.stage import ORGANIZATION

README = (CHART / "README.md").read_text(encoding="utf-8")
VALUES: dict[str, Any] = {
    "config": {
        "ownerId": "tests",
        "grants": [
            {
                "namespaces": ["security"],
                "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
                "accounts": ["*"],
                "verbs": ["Score", "Suppress"],
            }
        ],
        "lease": {"duration": "3s", "renewDeadline": "2s", "retry": "500ms"},
        "minimums": {"interval": "5s"},
    }
}
DECLARED = """
apiVersion: posture.dev/v1alpha1
kind: PostureTarget
metadata: {name: organization, namespace: security}
spec:
  interval: 5s
  aws: {region: eu-west-1, roleArn: "arn:aws:iam::111122223333:role/posture-reader"}
  source: {securityStandards: {standards: ["*"]}}
---
apiVersion: posture.dev/v1alpha1
kind: SuppressionPolicy
metadata: {name: log-buckets, namespace: security}
spec:
  targetRef: {name: organization}
  justification: Retention is handled by lifecycle policies
  approvedBy: security@example.com
  expiresAt: "%s"
  suppressFindings: {match: [{severities: [CRITICAL]}]}
---
apiVersion: posture.dev/v1alpha1
kind: RemediationRule
metadata: {name: buckets, namespace: security}
spec:
  targetRef: {name: organization}
  match: [{controls: [S3.1]}]
  identity: {roleName: posture-remediation}
  action: {builtin: {name: s3-account-block-public-access}}
"""


@pytest.fixture
def cluster() -> Iterator[ControlPlane]:
    """A control plane of our own: its count of refusals is about this operator."""
    with ControlPlane.start() as plane:
        for namespace in ("security", "posture"):
            plane.kubectl("create", "namespace", namespace)
        yield plane


def _refusals(cluster: ControlPlane) -> list[str]:
    """Give the API server's series of requests that were forbidden."""
    page = cluster.kubectl("get", "--raw", "/metrics").stdout
    return re.findall(r'^apiserver_request_total\{code="403".*$', page, re.MULTILINE)


@pytest.mark.parametrize("watched", [[], ["security"]], ids=["all namespaces", "some namespaces"])
def test_the_operator_is_refused_nothing_and_can_be_left(
    helm: Helm, cluster: ControlPlane, tmp_path: Path, watched: list[str]
) -> None:
    place = ("posture", "--namespace", "posture", "--kubeconfig", str(cluster.kubeconfig))
    notes = helm(
        "install", place[0], str(CHART), *place[1:], values={**VALUES, "watchNamespaces": watched}
    ).stdout
    assert "Before you uninstall" in notes
    secret = (
        "get",
        "secret",
        "posture-posture-operator",
        "-n",
        "posture",
        "-o",
        r"jsonpath={.data.posture\.yaml}",
    )
    config = tmp_path / "posture.yaml"
    config.write_bytes(base64.b64decode(cluster.kubectl(*secret).stdout))
    with Cloud.start(organization=ORGANIZATION) as cloud:
        operator = OperatorProcess(
            kubeconfig=cluster.kubeconfig_for("posture-posture-operator", "posture"),
            config=config,
            data_dir=tmp_path / "data",
            environment=cloud.env,
            arguments=["--lease-namespace=posture", *(f"--namespace={each}" for each in watched)],
        )
        with operator:
            operator.wait(lambda: operator.get("/readyz")[0] == 200, "that it is ready")
            end = (datetime.now(UTC) + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
            cluster.kubectl("apply", "-f", "-", input=DECLARED % end)
            for kind, condition in (
                ("posturetarget/organization", "ScoreCurrent"),
                ("spol/log-buckets", "Ready"),
            ):
                cluster.kubectl(
                    "wait", "--namespace", "security", kind, f"--for=condition={condition}", "--timeout=60s"
                )
            cluster.kubectl(
                "wait", "--namespace", "security", "rrule/buckets", "--for=condition=Stalled", "--timeout=30s"
            )
            cluster.kubectl("delete", "spol", "log-buckets", "--namespace", "security", "--timeout=60s")
            # One more, for the other way: the release goes first.
            cluster.kubectl("apply", "-f", "-", input=DECLARED % end)
            cluster.kubectl(
                "wait",
                "--namespace",
                "security",
                "spol/log-buckets",
                "--for=condition=Ready",
                "--timeout=60s",
            )
            assert _refusals(cluster) == []
    helm("uninstall", *place)
    kinds = ("suppressionpolicy/log-buckets", "posturetarget/organization")
    cluster.kubectl("delete", "--namespace", "security", *kinds, "--wait=false")
    for kind in kinds:
        assert cluster.kubectl("get", "--namespace", "security", kind).stdout, "gone without anybody's doing"
    for plural, name in (each.split("/") for each in kinds):
        (way_out,) = re.findall(rf"^ *kubectl patch {plural} NAME (.*)$", README, re.MULTILINE)
        (patch,) = re.findall(r"--patch '(.*)'", way_out)
        cluster.kubectl("patch", plural, name, "--namespace", "security", "--type=merge", "--patch", patch)
        done = cluster.kubectl("get", "--namespace", "security", plural, name, check=False)
        assert "NotFound" in done.stderr

"""What an end-to-end test acts on: one cloud, one cluster, replicas as processes, objects in a namespace."""

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from sandbox import tools
from sandbox.cloud import Cloud
from sandbox.controlplane import ControlPlane
from sandbox.operator_process import OperatorProcess
from sandbox.organization import Organization
from tests.support.e2e.log_lines import unaddressed

CHART = Path(__file__).parents[3] / "deploy" / "helm" / "posture-operator"
READER = "arn:aws:iam::111122223333:role/posture-reader"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS_1_4 = "cis-aws-foundations-benchmark/v/1.4.0"
# Small: at AWS's quota a sweep of it takes a few seconds.
ORGANIZATION = Organization(account_count=9, regions=("eu-west-1",), resources=1)
PATTERN = "^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$"


class Stage:
    """One test's operator(s), objects and configuration, in a namespace of its own."""

    def __init__(self, plane: ControlPlane, cloud: Cloud, namespace: str, folder: Path) -> None:
        self.plane = plane
        self.cloud = cloud
        self.namespace = namespace
        self._folder = folder
        self.config = folder / "posture.yaml"
        self.configure()
        self._exits = contextlib.ExitStack()
        self._replicas: list[OperatorProcess] = []
        self._service_account = self._grant_rights()

    def _grant_rights(self) -> Path:
        """Make the chart's ServiceAccount with the chart's rights; return its kubeconfig."""
        rendered = subprocess.run(
            [
                str(tools.find("helm")), "template", "posture", str(CHART), "--namespace", self.namespace,
                "--set", f"watchNamespaces={{{self.namespace}}}", "--set", "serviceAccount.name=posture",
                "--set", "image.repository=posture-operator",
                "--show-only", "templates/rbac.yaml", "--show-only", "templates/serviceaccount.yaml",
            ],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        self.plane.kubectl("apply", "--namespace", self.namespace, "-f", "-", input=rendered)
        return self.plane.kubeconfig_for("posture", self.namespace)

    def configure(self, **changes: Any) -> None:
        """Write the configuration file: all that is granted to the namespace, with these keys changed."""
        grant = {
            "namespaces": [self.namespace],
            "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
            "accounts": ["*"],
            "verbs": ["Score"],
        }
        lease = {"duration": "3s", "renewDeadline": "2s", "retry": "500ms"}
        minimums = {"interval": "5s", "fullSyncInterval": "5s", "evaluationWindow": "1s"}
        self.config.write_text(
            yaml.safe_dump({"grants": [grant], "lease": lease, "minimums": minimums, **changes}),
            encoding="utf-8",
        )

    def operator(self, name: str = "replica-0", *, start: bool = True, **changes: Any) -> OperatorProcess:
        """Make a replica with a data directory of its own name; it is stopped when the test ends."""
        arguments = ["--namespace", self.namespace, "--lease-namespace", self.namespace]
        replica = OperatorProcess(
            kubeconfig=changes.pop("kubeconfig", self._service_account),
            config=self.config,
            data_dir=self._folder / name,
            environment={**self.cloud.env, **changes.pop("environment", {})},
            identity=name,
            arguments=[*arguments, *changes.pop("arguments", [])],
        )
        self._replicas.append(replica)
        self._exits.callback(replica.stop)
        return replica.start() if start else replica

    def target(self, name: str = "organization", **spec: Any) -> str:
        """Apply a PostureTarget; return its name."""
        merged = {
            "interval": "5s",
            "aws": {"region": "eu-west-1", "roleArn": READER},
            "source": {"securityStandards": {"standards": [FSBP, CIS_1_4]}},
            "grouping": {"accountNamePattern": PATTERN, "defaultEnvironment": "production"},
            **spec,
        }
        self.apply("PostureTarget", name, merged)
        return name

    def apply(self, kind: str, name: str, spec: dict[str, Any]) -> None:
        """Apply an object of one of our kinds in the test's namespace."""
        document = {
            "apiVersion": "posture.dev/v1alpha1",
            "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec,
        }
        self.plane.kubectl("apply", "-f", "-", input=yaml.safe_dump(document))

    def get(self, name: str = "organization", plural: str = "posturetargets") -> dict[str, Any]:
        """Read an object as the API server has it; empty when it is not there."""
        path = f"/apis/posture.dev/v1alpha1/namespaces/{self.namespace}/{plural}/{name}"
        status, answer = self.plane.request("GET", path)
        return answer if status == 200 else {}

    def status(self, name: str = "organization") -> dict[str, Any]:
        """Return a target's status, empty before there is one."""
        found = self.get(name).get("status", {})
        assert isinstance(found, dict)
        return found

    def condition(
        self, kind: str, name: str = "organization", plural: str = "posturetargets"
    ) -> dict[str, Any]:
        """Return a condition, with `status` and `reason` empty before there is one."""
        conditions = self.get(name, plural).get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == kind), {"status": "", "reason": "", "message": ""})

    def is_current(self, name: str = "organization") -> bool:
        """Whether the target's score is exact and fresh."""
        return bool(self.condition("ScoreCurrent", name)["status"] == "True")

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the namespace; return what it printed."""
        return self.plane.kubectl("--namespace", self.namespace, *arguments).stdout

    def close(self) -> None:
        """Stop the replicas and delete the targets, that a later test's operator does not see them.

        Whatever the test was about, each line that they logged says for whom and in which round.
        """
        self._exits.close()
        self.kubectl("delete", "posturetargets", "--all", "--wait=false")
        assert [line for replica in self._replicas for line in unaddressed(replica.log())] == []


def holder(stage: Stage) -> str:
    leases = json.loads(stage.kubectl("get", "leases", "-o", "json"))["items"]
    return next(
        (
            lease["spec"].get("holderIdentity", "").partition("_")[0]
            for lease in leases
            if lease["metadata"]["name"].startswith("posture-hub")
        ),
        "",
    )

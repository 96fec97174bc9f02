"""Remediations in a namespace that the chart's admission policy guards, and the people who act on them."""

import json
import subprocess
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from posture.api.remediation import Remediation
from posture.kube.access import required_rights
from sandbox import tools
from sandbox.controlplane import ControlPlane
from sandbox.waiting import wait_until
from tests.support.api.objects import minimal, whole

CHART = Path(__file__).parents[3] / "deploy" / "helm" / "posture-operator"
OPERATOR = "posture"
HASH = "0123456789abcdef"
_TEMPLATES = ("rbac", "serviceaccount", "admission")
_NOW = "2026-11-29T12:00:00Z"

Done = subprocess.CompletedProcess[str]


class Journal:
    """The journal of one namespace. `subject`: the user name of the operator's ServiceAccount."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane = plane
        self.namespace = namespace
        self.subject = f"system:serviceaccount:{namespace}:{OPERATOR}"
        rendered = subprocess.run(
            [
                str(tools.find("helm")), "template", "posture", str(CHART), "--namespace", namespace,
                "--set", f"watchNamespaces={{{namespace}}}", "--set", f"serviceAccount.name={OPERATOR}",
                "--set", "image.repository=posture-operator",
                *(f"--show-only=templates/{each}.yaml" for each in _TEMPLATES),
            ],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        self._apply(rendered)
        # The API server learns of a policy, and of rights, by a watch of its own.
        wait_until(self._is_guarded, "the policy to be in force", seconds=30)
        wait_until(self._is_granted, "the operator's rights", seconds=30)

    def make(self, name: str, user: str | None = None, **spec: Any) -> Done:
        """Try to make an entry, as the operator or somebody else."""
        document = whole(Remediation, {**minimal(Remediation), **spec}, name, self.namespace)
        return self.kubectl(user or self.subject, "create", "-f", "-", document=document)

    def entry(self, name: str, state: str = "", **spec: Any) -> str:
        """Make an entry as the operator does, in that state (empty: before it has one); return its name."""
        done = self.make(name, **spec)
        assert done.returncode == 0, done.stderr
        if state:
            self.move(name, state)
        return name

    def move(self, name: str, state: str, **status: Any) -> None:
        """Write an entry's state as the operator does."""
        done = self.write_status(name, self.subject, state, **status)
        assert done.returncode == 0, done.stderr

    def write_status(self, name: str, user: str, state: str, **status: Any) -> Done:
        """Try to write the status of an entry."""
        condition = {
            "type": "Complete",
            "status": "False",
            "reason": state,
            "message": "",
            "lastTransitionTime": _NOW,
        }
        # kubectl reads a status before it patches one; the operator has no right to, and needs none.
        code, answer = self.plane.request(
            "PATCH",
            f"{self._path(name)}/status",
            {"status": {"conditions": [condition], **status}},
            content_type="application/merge-patch+json",
            impersonate="" if user == "admin" else user,
        )
        done = code == HTTPStatus.OK
        return subprocess.CompletedProcess([], int(not done), "", "" if done else answer["message"])

    def patch(self, name: str, user: str, **changes: Any) -> Done:
        """Try to change an entry."""
        return self.kubectl(user, "patch", "rem", name, "--type=merge", "-p", json.dumps(changes))

    def approve(self, name: str, user: str, by: str | None = None) -> Done:
        """Try to approve an entry, in somebody's name."""
        return self.patch(name, user, spec={"approval": {"by": by or user, "planHash": HASH}})

    def undo(self, name: str, user: str) -> Done:
        """Try to have an entry undone."""
        return self.patch(name, user, spec={"undo": True})

    def delete(self, name: str, user: str) -> Done:
        """Try to delete an entry."""
        return self.kubectl(user, "delete", "rem", name, "--wait=false")

    def grant(self, *users: str, verbs: list[str]) -> None:
        """Give users these verbs on Remediations and their status, in the namespace."""
        for user in users:
            name = f"{user.rpartition(':')[2]}-may"
            rules = [
                {
                    "apiGroups": ["posture.dev"],
                    "resources": ["remediations", "remediations/status"],
                    "verbs": verbs,
                }
            ]
            role = {"kind": "Role", "metadata": {"name": name}, "rules": rules}
            self._apply(yaml.safe_dump({"apiVersion": "rbac.authorization.k8s.io/v1", **role}))
            self.bind(user, "Role", name)
            for verb in verbs:
                self._wait_for(user, verb)

    def bind(self, user: str, kind: str, role: str) -> None:
        """Bind a role to a user, in the namespace."""
        self._apply(
            yaml.safe_dump(
                {
                    "apiVersion": "rbac.authorization.k8s.io/v1",
                    "kind": "RoleBinding",
                    "metadata": {"name": role},
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
                    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
                }
            )
        )

    def get(self, name: str) -> dict[str, Any]:
        """Return an entry, empty where it is not there."""
        status, answer = self.plane.request("GET", self._path(name))
        return answer if status == HTTPStatus.OK else {}

    def kubectl(self, user: str, *arguments: str, document: object = None) -> Done:
        """Run kubectl as a user, whom the cluster's administrator impersonates."""
        return self.plane.kubectl(
            f"--as={user}",
            "--as-group=system:masters" if user == "admin" else "--as-group=system:authenticated",
            f"--namespace={self.namespace}",
            *arguments,
            input=None if document is None else json.dumps(document),
            check=False,
        )

    def _is_guarded(self) -> bool:
        document = whole(Remediation, minimal(Remediation), "probe", self.namespace)
        done = self.kubectl("admin", "create", "--dry-run=server", "-f", "-", document=document)
        return "Only the operator makes Remediations" in done.stderr

    def _path(self, name: str) -> str:
        return f"/apis/posture.dev/v1alpha1/namespaces/{self.namespace}/remediations/{name}"

    def _apply(self, text: str) -> None:
        self.plane.kubectl("apply", "--namespace", self.namespace, "-f", "-", input=text)

    def _wait_for(self, user: str, verb: str) -> None:
        ask = ("auth", "can-i", verb, "remediations.posture.dev")
        wait_until(lambda: self.kubectl(user, *ask).stdout.strip() == "yes", f"{user} to {verb}", seconds=30)

    def _is_granted(self) -> bool:
        verbs = [
            right.verb
            for right in required_rights([self.namespace], self.namespace)
            if right.resource is not None and right.resource.plural == "remediations"
        ]
        ask = ("auth", "can-i", verbs[-1], "remediations.posture.dev")
        return self.kubectl(self.subject, *ask).stdout.strip() == "yes"

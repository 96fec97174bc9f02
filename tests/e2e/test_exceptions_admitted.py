"""The chart's policy over exceptions, on the real API server: who approves what, and for how long."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import tools
from sandbox.controlplane import ControlPlane
from sandbox.waiting import wait_until
from tests.support.e2e.exceptions import in_hours

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "posture-operator"
ASKED = {
    "enabled": True,
    "approvers": ["ciso@example.com", 'o\'brien "sec"'],
    "authorMayApprove": False,
    "maxAge": "720h",
    "referencePattern": "SEC-[0-9]+|RISK-[A-Z]{2}",
    "retain": False,
}
Done = subprocess.CompletedProcess[str]


class Governed:
    """A namespace whose exceptions the policy is about."""

    def __init__(self, plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
        self.plane = plane
        self.namespace = namespace
        values = tmp_path / "values.json"
        values.write_text(
            json.dumps(
                {
                    "image": {"repository": "posture-operator"},
                    "watchNamespaces": [namespace],
                    "crds": {"install": False},
                    "admissionPolicies": {"exceptions": ASKED},
                }
            )
        )
        rendered = subprocess.run(
            [
                str(tools.find("helm")), "template", "posture", str(CHART), "--namespace", namespace,
                "--values", str(values), "--show-only=templates/exceptions.yaml",
            ],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        plane.kubectl("apply", "-f", "-", input=rendered)

    def apply(self, name: str, user: str = "", **changes: Any) -> Done:
        """Try to apply a policy that is as the company asks, but for these changes of its spec."""
        spec = {
            "targetRef": {"name": "organization"},
            "justification": "The scanner needs it, and nothing else reaches it.",
            "approvedBy": "ciso@example.com",
            "reference": "SEC-12",
            "expiresAt": in_hours(719),
            "suppressFindings": {"match": [{"controls": ["S3.8"]}]},
            **changes,
        }
        document = {
            "apiVersion": "posture.dev/v1alpha1",
            "kind": "SuppressionPolicy",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {key: value for key, value in spec.items() if value is not None},
        }
        impersonated = ("--as", user, "--as-group", "system:masters") if user else ()
        return self.plane.kubectl(
            "apply", *impersonated, "-f", "-", input=yaml.safe_dump(document), check=False
        )


@pytest.fixture
def governed(crds: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Governed]:
    made = Governed(crds, namespace, tmp_path)
    # The API server learns of a policy by a watch of its own.
    wait_until(
        lambda: made.apply("probe", reference="none").returncode != 0, "the policy to be in force", seconds=30
    )
    yield made
    crds.kubectl("delete", "suppressionpolicies", "--all", "--namespace", namespace)
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        crds.kubectl("delete", kind, f"posture-posture-operator.{namespace}.exceptions")


def refused(done: Done, *says: str) -> None:
    assert done.returncode != 0, done.stdout
    for each in says:
        assert each in done.stderr, done.stderr


def test_an_exception_is_as_the_company_asks_or_is_told_what_to_write(governed: Governed) -> None:
    assert governed.apply("good").returncode == 0
    assert governed.apply("quoted", approvedBy='o\'brien "sec"', reference="RISK-EU").returncode == 0
    refused(governed.apply("a", approvedBy="mallory"), "exceptions are approved by ciso@example.com")
    refused(governed.apply("a", user="ciso@example.com"), "ciso@example.com applies it")
    for reference in (None, "SEC-", "SEC-12x", "see SEC-12", "RISK-eu"):
        refused(governed.apply("a", reference=reference), "spec.reference: write one that matches SEC-[0-9]+")
    refused(governed.apply("a", deletionPolicy="Retain"), "Retain is not allowed here")
    latest = (datetime.now(UTC) + timedelta(hours=720)).strftime("%Y-%m-%dT%H")
    refused(governed.apply("a", expiresAt=in_hours(721)), "an exception ends 720h after it was made", latest)


def test_what_was_made_before_is_held_to_it_when_its_spec_changes(governed: Governed) -> None:
    assert governed.apply("old").returncode == 0
    later = governed.apply("old", expiresAt=in_hours(800))
    refused(later, "or make a new policy")
    # Whoever labels it, or takes its finalizer off, decides nothing.
    governed.plane.kubectl(
        "label", "suppressionpolicy", "old", "team=a", "--namespace", governed.namespace,
        "--as", "ciso@example.com", "--as-group", "system:masters",
    )  # fmt: skip

"""A real API server that knows the kinds."""

import http.client

import pytest

from posture.api.crds import documents
from posture.api.resource import API_VERSION
from sandbox.controlplane import ControlPlane
from sandbox.waiting import wait_until
from tests.support.e2e.kinds import ROOT, Server


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane) -> ControlPlane:
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "crds"))
    names = [f"crd/{document['metadata']['name']}" for document in documents()]
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)
    # Established comes before served: discovery follows within a moment.
    path = f"/apis/{API_VERSION}/remediations"
    wait_until(
        lambda: control_plane.request("GET", path)[0] == http.client.OK, "the kinds to be served", seconds=30
    )
    return control_plane


@pytest.fixture
def server(installed: ControlPlane, namespace: str) -> Server:
    return Server(installed, namespace)


@pytest.fixture(scope="module")
def anywhere(installed: ControlPlane) -> Server:
    """For dry runs, which leave nothing behind."""
    return Server(installed, "default")

"""A cloud, a cluster and the operator as a process: what a user has."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from posture.api.crds import documents
from sandbox.cloud import Cloud
from sandbox.controlplane import ControlPlane
from tests.support.e2e.stage import ORGANIZATION, Stage


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> ControlPlane:
    """The control plane, with our CRDs served."""
    text = yaml.safe_dump_all(documents())
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)
    control_plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    return control_plane


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A small organization's Security Hub, as a process of its own."""
    with Cloud.start(organization=ORGANIZATION) as started:
        yield started


@pytest.fixture
def stage(crds: ControlPlane, cloud: Cloud, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    """Everything of one test."""
    made = Stage(crds, cloud, namespace, tmp_path)
    yield made
    made.close()

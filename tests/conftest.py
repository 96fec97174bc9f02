"""What tests at every level share: which examples they are tried on, one real control plane a run, and a
namespace of its own for each test.
"""

import http.client
import re
import uuid
from collections.abc import Iterator

import pytest

from sandbox.controlplane import ControlPlane
from sandbox.tools import ToolError
from tests.support.examples import fix_them
from tests.support.reasons import only_registered_reasons

fix_them()

_LONGEST_SLUG = 40


@pytest.fixture(scope="session", autouse=True)
def _reasons() -> Iterator[None]:
    with only_registered_reasons():
        yield


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One kube-apiserver and etcd for the whole run, started by the first test that asks for it."""
    try:
        plane = ControlPlane.start()
    except ToolError as error:
        pytest.fail(str(error), pytrace=False)
    with plane:
        yield plane


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> str:
    """The name of a fresh namespace. It stays when the test ends: nothing here would finish its deletion."""
    slug = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:_LONGEST_SLUG].strip("-")
    name = f"{slug}-{uuid.uuid4().hex[:8]}"
    status, answer = control_plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    assert status == http.client.CREATED, answer
    return name

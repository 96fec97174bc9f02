"""The demo on somebody's cluster: it builds and changes nothing that it does not use, and leaves nothing."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from demo.cluster import NAMESPACE, ClusterError, cluster
from posture.api.crds import documents
from sandbox import tools
from sandbox.controlplane import ControlPlane

ROOT = Path(__file__).parents[2]
HERE = ROOT / "demo"
FINALIZED = '{"metadata": {"finalizers": ["posture.dev/cleanup"]}}'
CLUSTER = ("kube-apiserver", "etcd", "kubectl")


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """A cluster that knows nothing of us, and its owner's kubectl on the PATH."""
    monkeypatch.setenv("PATH", str(tools.find("kubectl").parent), prepend=os.pathsep)
    with ControlPlane.start() as plane:
        yield plane


def names(plane: ControlPlane) -> set[str]:
    return set(plane.kubectl("get", "crd,namespace", "-o", "name").stdout.split())


@contextlib.contextmanager
def namespaces_end(plane: ControlPlane) -> Iterator[None]:
    """Do meanwhile what a cluster with controllers does: let a namespace go that was deleted."""
    path, done = f"/api/v1/namespaces/{NAMESPACE}", threading.Event()

    def let_go() -> None:
        while not done.wait(0.1):
            status, found = plane.request("GET", path)
            if status == 200 and "deletionTimestamp" in found["metadata"]:
                plane.request("PUT", f"{path}/finalize", {**found, "spec": {"finalizers": []}})

    controller = threading.Thread(target=let_go)
    controller.start()
    try:
        yield
    finally:
        done.set()
        controller.join()


def test_what_it_made_is_deleted_whoever_holds_it(theirs: ControlPlane) -> None:
    theirs.kubectl("create", "namespace", "payments")
    before = names(theirs)
    with contextlib.ExitStack() as stack:
        kubectl = cluster(stack, theirs.kubeconfig)
        kubectl("apply", "-f", str(HERE / "targets.yaml"), "-f", str(HERE / "rules.yaml"))
        # As those of an operator that is gone.
        kubectl("patch", "-n", NAMESPACE, "posturetarget", "payments", "--type=merge", "-p", FINALIZED)
        assert len(names(theirs) - before) == len(documents()) + 1
    left = names(theirs) - before
    # Nobody ends namespaces here; a cluster with controllers does.
    assert left == {f"namespace/{NAMESPACE}"}
    ends = ("get", "namespace", NAMESPACE, "-o", "jsonpath={.metadata.deletionTimestamp}")
    assert theirs.kubectl(*ends).stdout
    assert "No resources" in theirs.kubectl("get", "leases", "-n", NAMESPACE).stderr


def test_what_a_killed_demo_left_is_not_in_the_way(theirs: ControlPlane) -> None:
    before = names(theirs)
    killed = cluster(contextlib.ExitStack(), theirs.kubeconfig)
    killed("apply", "-f", str(HERE / "targets.yaml"))
    killed("patch", "-n", NAMESPACE, "posturetarget", "payments", "--type=merge", "-p", FINALIZED)
    with namespaces_end(theirs), contextlib.ExitStack() as stack:
        kubectl = cluster(stack, theirs.kubeconfig)
        assert not kubectl("get", "posturetargets", "-n", NAMESPACE, "-o", "name", quiet=True)
        ours = names(theirs) - before
    assert f"namespace/{NAMESPACE}" in ours
    assert names(theirs) - before <= {f"namespace/{NAMESPACE}"}


@pytest.mark.parametrize("theirs_too", ["crd", "namespace"])
def test_a_cluster_in_use_is_refused_and_left_alone(theirs: ControlPlane, theirs_too: str) -> None:
    if theirs_too == "crd":
        theirs.kubectl("create", "-f", "-", input=yaml.safe_dump(documents()[0]))
        name = f"customresourcedefinition.apiextensions.k8s.io/{documents()[0]['metadata']['name']}"
    else:
        theirs.kubectl("create", "namespace", NAMESPACE)
        name = f"namespace/{NAMESPACE}"
    before = names(theirs)
    with contextlib.ExitStack() as stack, pytest.raises(ClusterError, match=name):
        cluster(stack, theirs.kubeconfig)
    assert names(theirs) == before


def test_without_a_kubectl_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with contextlib.ExitStack() as stack, pytest.raises(ClusterError, match="kubectl is not on the PATH"):
        cluster(stack, tmp_path / "kubeconfig")


@pytest.mark.parametrize(
    ("variables", "built"),
    [
        ({}, CLUSTER),
        ({"DEMO_PROMETHEUS": "1"}, (*CLUSTER, "prometheus")),
        ({"DEMO_KUBECONFIG": "theirs"}, ()),
        ({"DEMO_KUBECONFIG": "theirs", "DEMO_PROMETHEUS": "1"}, ("prometheus",)),
    ],
)
def test_only_what_is_used_is_built(variables: dict[str, str], built: tuple[str, ...]) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEMO_")}
    said = subprocess.run(
        ["make", "--dry-run", "demo"],  # noqa: S607 - whichever make its user has
        cwd=ROOT,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    commands = [
        line.split("build", 1)[1].split() for line in said.splitlines() if "sandbox.tools build" in line
    ]
    assert commands == ([list(built)] if built else [])

"""The demo's cluster: one of its own, or that of a kubeconfig, which is left as it was found."""

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from posture.api.crds import documents
from sandbox import tools
from sandbox.controlplane import ControlPlane

NAMESPACE = "security"
_MARK, _MARKED = "app.kubernetes.io/managed-by", "posture-demo"
_KINDS = "posturetargets,suppressionpolicies,remediationrules,remediations"
_DELETE = ("--ignore-not-found", "--timeout=60s")


class ClusterError(RuntimeError):
    """The cluster cannot be used; the message says why, and what to do."""


class Kubectl:
    """kubectl on one cluster."""

    def __init__(self, kubeconfig: Path, program: Path) -> None:
        self.kubeconfig = kubeconfig
        self._program = program

    def __call__(self, *arguments: str, text: str | None = None, quiet: bool = False) -> str:
        """Run it; what it prints is returned, and shown unless `quiet`. Raises CalledProcessError."""
        command = [str(self._program), "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        if done.returncode:
            sys.stderr.write(done.stderr)
            done.check_returncode()
        if not quiet:
            print(done.stdout, end="", flush=True)
        return done.stdout


def cluster(stack: contextlib.ExitStack, kubeconfig: Path | None) -> Kubectl:
    """Return kubectl on a cluster with the namespace and the kinds.

    `kubeconfig`: of the cluster to use, whose kubectl is the one on the PATH; at the end everything that was
    made there is deleted. None: one is started, and ends with the stack. Raises ClusterError, ToolError and
    CalledProcessError.
    """
    if kubeconfig is None:
        kubectl = Kubectl(stack.enter_context(ControlPlane.start()).kubeconfig, tools.find("kubectl"))
    else:
        kubectl = _given(kubeconfig)
        stack.callback(_clean_up, kubectl)
    crds = [_marked(each) for each in documents()]
    kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(crds))
    kubectl("wait", "--for=condition=Established", *_crds(), "--timeout=30s", quiet=True)
    space = _marked({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump(space))
    return kubectl


def _given(kubeconfig: Path) -> Kubectl:
    program = shutil.which("kubectl")
    if program is None:
        raise ClusterError("kubectl is not on the PATH, and DEMO_KUBECONFIG uses yours. Install it first.")
    kubectl = Kubectl(kubeconfig, Path(program))
    if taken := _there(kubectl, f"{_MARK}!={_MARKED}"):
        raise ClusterError(
            f"The cluster of {kubeconfig} has what this demo did not make: {', '.join(taken)}. It would"
            " change what is in use there, and delete it at its end. Use another cluster."
        )
    if _there(kubectl, f"{_MARK}={_MARKED}"):
        print("A demo that was killed, or has just ended, left something there: deleting it", flush=True)
        _clean_up(kubectl, waits="--wait=true")
    return kubectl


def _there(kubectl: Kubectl, selector: str) -> list[str]:
    """Return what of the names that the demo uses is there, among what has these labels."""
    found = kubectl("get", "crd,namespace", "-l", selector, "-o", "name", quiet=True).split()
    return sorted({f"namespace/{NAMESPACE}", *_crds()}.intersection(found))


def _clean_up(kubectl: Kubectl, *, waits: str = "--wait=false") -> None:
    """Delete what the demo made. `waits`: whether until the namespace is gone, too.

    The operator has ended by then, and its simulated cloud too: finalizers have nothing to give back.
    """
    print("\n== Deleting what was made in the cluster", flush=True)
    with contextlib.suppress(subprocess.CalledProcessError):
        objects = kubectl("get", _KINDS, "-n", NAMESPACE, "-o", "name", quiet=True).split()
        if objects:
            patch = '{"metadata": {"finalizers": null}}'
            kubectl("patch", "-n", NAMESPACE, *objects, "--type=merge", "-p", patch, quiet=True)
    for what, waiting in ((_crds(), "--wait=true"), ([f"namespace/{NAMESPACE}"], waits)):
        with contextlib.suppress(subprocess.CalledProcessError):
            kubectl("delete", *what, waiting, *_DELETE)


def _crds() -> list[str]:
    return [
        f"customresourcedefinition.apiextensions.k8s.io/{each['metadata']['name']}" for each in documents()
    ]


def _marked(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "labels": {_MARK: _MARKED}}}

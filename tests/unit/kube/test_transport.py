"""The Kubernetes client is there, and what it generates for each kind is not imported."""

import subprocess
import sys

PROGRAM = """
import sys
{before}
from posture.kube import transport
assert not [name for name in sys.modules if name.startswith("kubernetes")] or {before!r}, "stand-ins are left"
import kubernetes.aio.client, kubernetes.client
assert kubernetes.client.CoreV1Api and kubernetes.aio.client.V1Pod
{after}
"""


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_whoever_imports_all_of_it_later_gets_all_of_it() -> None:
    run(PROGRAM.format(before="", after=""))


def test_what_was_imported_before_stays_the_same() -> None:
    before = "import kubernetes.client; pod = kubernetes.client.V1Pod"
    run(PROGRAM.format(before=before, after="assert kubernetes.client.V1Pod is pod"))


def test_no_model_is_imported() -> None:
    run(
        "import sys, posture.kube.client\n"
        "assert not [name for name in sys.modules if name.startswith('kubernetes')]"
    )

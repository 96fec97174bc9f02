"""`make demo`: a cluster, a simulated organization, the operator; then the cloud changes and the score moves.

Environment: `DEMO_EXIT=1` ends by itself when all has been shown; `DEMO_KUBECONFIG=FILE` uses the cluster of
that kubeconfig, by the kubectl on the PATH, instead of starting one, and deletes there what it made;
`DEMO_PROMETHEUS=1` has a real Prometheus scrape the operator; `DEMO_PICTURES=FOLDER` (with Prometheus) draws
the dashboards into that folder at the end.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from demo import watching
from demo.cluster import NAMESPACE, ClusterError, cluster
from demo.scenes import HERE, Stage, play, say
from sandbox import tools
from sandbox.cloud import Cloud
from sandbox.controlplane import ControlPlaneError
from sandbox.operator_process import OperatorError, OperatorProcess
from sandbox.organization import Organization
from sandbox.prometheus import prometheus

_ENDS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Run the demo; 0 when everything was seen that should be."""
    # `kill` ends it as Ctrl-C does: every process with it.
    for number in _ENDS:
        signal.signal(number, _interrupt)
    try:
        with contextlib.ExitStack() as stack:
            return _demo(stack)
    except KeyboardInterrupt:
        print("\nEnding.")
        return 0
    except (
        ClusterError, ControlPlaneError, OperatorError, TimeoutError, tools.ToolError,
        subprocess.CalledProcessError,
    ) as error:  # fmt: skip
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1


def _interrupt(*_: object) -> None:
    # make passes on what the whole group has been sent already: the second must not break off the clean-up.
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _demo(stack: contextlib.ExitStack) -> int:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="posture-demo-")))
    named = os.environ.get("DEMO_KUBECONFIG")
    say(f"The cluster of {named}" if named else "A control plane: etcd and kube-apiserver")
    kubectl = cluster(stack, Path(named) if named else None)
    say("A simulated organization of 16 accounts in two Regions, its Security Hub and its STS")
    cloud = stack.enter_context(Cloud.start(organization=Organization(account_count=16)))
    say("The operator, and the targets in demo/targets.yaml")
    operator = stack.enter_context(
        OperatorProcess(
            kubeconfig=kubectl.kubeconfig,
            config=HERE / "posture.yaml",
            data_dir=folder / "data",
            environment=cloud.env,
            arguments=("--namespace", NAMESPACE, "--lease-namespace", NAMESPACE),
        )
    )
    address = None
    if os.environ.get("DEMO_PROMETHEUS") == "1":
        served = prometheus([operator.address], folder, watching.LABELS, [watching.RULES])
        address = stack.enter_context(served)
    play(Stage(kubectl, cloud, operator))
    if address is not None:
        watching.show(address)
    if os.environ.get("DEMO_EXIT") == "1":
        return 0
    say(f"Metrics stay at http://{operator.address}/metrics, the cluster at {kubectl.kubeconfig}.")
    if address is not None:
        print(f"Prometheus stays at http://{address}: its API (/api/v1/…); its own pages are not built in.")
    print("Ctrl-C ends all.", flush=True)
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())

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
import time
from pathlib import Path

from demo import pictures, watching
from demo.cluster import ClusterError
from demo.scenes import play, say, staged
from sandbox import tools
from sandbox.controlplane import ControlPlaneError
from sandbox.operator_process import OperatorError

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
    named, wanted = os.environ.get("DEMO_KUBECONFIG"), os.environ.get("DEMO_PROMETHEUS") == "1"
    stage = staged(stack, folder, Path(named) if named else None, scraped=wanted)
    began = time.time()
    play(stage)
    if stage.prometheus is not None:
        watching.show(stage.prometheus)
        if into := os.environ.get("DEMO_PICTURES"):
            pictures.draw(stage.prometheus, began, Path(into))
    if os.environ.get("DEMO_EXIT") == "1":
        return 0
    say(
        f"Metrics stay at http://{stage.operator.address}/metrics, the cluster at {stage.kubectl.kubeconfig}."
    )
    if stage.prometheus is not None:
        print(f"Prometheus stays at http://{stage.prometheus} with its API; its own pages are not built in.")
    print("Ctrl-C ends all.", flush=True)
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m sandbox controlplane``: a control plane for as long as a terminal wants it."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sandbox import tools
from sandbox.controlplane import kubeconfig
from sandbox.controlplane.plane import ControlPlane, ControlPlaneError

_POLL_SECONDS = 0.5


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C or SIGTERM; return the exit code: 1 if it could not start, or ended by itself."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox controlplane",
        description="Runs kube-apiserver and etcd until Ctrl-C, and prints the path of a kubeconfig.",
    )
    parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help="write the kubeconfig here")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="keep what is stored (default: nothing)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.kubeconfig is not None:
            _refuse_foreign(options.kubeconfig)
        with ControlPlane.start(options.data_dir) as plane:
            return _serve(plane, options.kubeconfig)
    except (ControlPlaneError, tools.ToolError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _serve(plane: ControlPlane, file: Path | None) -> int:
    try:
        if file is not None:
            file.unlink(missing_ok=True)
            shutil.copy(plane.kubeconfig, file)
        print(file or plane.kubeconfig, flush=True)
        while plane.running:
            time.sleep(_POLL_SECONDS)
    finally:
        if file is not None:
            file.unlink(missing_ok=True)
    raise ControlPlaneError(f"A server ended by itself.\n{plane.logs()}")


def _refuse_foreign(file: Path) -> None:
    if file.exists() and not kubeconfig.is_ours(file):
        raise ControlPlaneError(f"{file} is not the sandbox's; it would be overwritten. Name another file.")

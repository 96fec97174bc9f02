"""The commands, run as a person runs them: as a process, with a kubeconfig and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.e2e.stage import Stage


def command(
    stage: Stage, kubeconfig: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in the namespace of the test; `environment`: what it has of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POSTURE_"))}
    return subprocess.run(
        [sys.executable, "-m", "posture.cli", *arguments, "-n", stage.namespace],
        env={**kept, **environment, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )

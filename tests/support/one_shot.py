"""The commands that need no cluster, run as a person runs them: as a process, with AWS and nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from sandbox.cloud import Cloud
from sandbox.waiting import wait_until


def environment(cloud: Cloud) -> dict[str, str]:
    """Return what such a process has of AWS: the sandbox's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POSTURE_"))}
    return {**kept, **cloud.env, "KUBECONFIG": "/nowhere"}


def command(name: str, *arguments: str) -> list[str]:
    """Return the command line of a command."""
    return [sys.executable, "-m", "posture.cli", name, *arguments]


def run(cloud: Cloud, name: str, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `changes`: of its environment."""
    return subprocess.run(
        command(name, *arguments),
        env=environment(cloud) | changes,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        stdin=subprocess.DEVNULL,
    )


def interrupted(
    cloud: Cloud, folder: Path, name: str, *arguments: str, **changes: str
) -> tuple[int, str, str]:
    """Interrupt a command as soon as its store is there, below `folder`.

    Returns its exit code, and what it wrote on standard output and on standard error.
    """
    process = subprocess.Popen(
        command(name, *arguments),
        env=environment(cloud) | changes | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: any(folder.glob("posture-*/*.sqlite")), "the store to be opened", seconds=30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err

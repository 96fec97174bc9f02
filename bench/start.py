"""How long commands take until they are about to do something, beside a Python that does nothing."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.row import Aim, Row
from bench.sides import in_turns, middle

_REPETITIONS = 5
_NOTHING = "python -c pass"
_ONE_SHOT = ("--region", "eu-west-1", "--timeout", "1s")
_POLICY = """\
apiVersion: posture.dev/v1alpha1
kind: SuppressionPolicy
metadata: {name: a, namespace: security}
spec:
  targetRef: {name: organization}
  justification: It is the company's website.
  approvedBy: ciso@example.com
  expiresAt: "2027-01-31T00:00:00Z"
  suppressFindings: {match: [{controls: [S3.2]}]}
"""
_CSV = """\
control,accounts,regions,resources,justification,approvedBy,expiresAt,reference
S3.2,*,*,*,It is the company's website.,ciso@example.com,2027-01-31T00:00:00Z,SEC-1
"""

CALLS: Mapping[str, Sequence[str]] = {
    "crds": (),
    "exceptions": (),
    "status": (),
    "sync": ("organization",),
    "suspend": ("posturetarget/organization",),
    "resume": ("posturetarget/organization",),
    "score": _ONE_SHOT,
    "controls": _ONE_SHOT,
    "findings": _ONE_SHOT,
    "check": (),
    "validate": ("-f", "policy.yaml"),
    "plan": ("-f", "policy.yaml"),
    "import": ("csv", "exceptions.csv", "--target", "organization"),
    "builtins": (),
    "remediations": (),
    "approve": ("remediation-1", "--yes"),
    "undo": ("remediation-1", "--yes"),
    "iam": ("--config", "grants.yaml"),
    "completion": ("bash",),
}
"""What ends by itself where there is neither a cluster nor an AWS identity."""


def measure(_findings: int) -> list[Row]:
    """Run each command to its end, in turns with a Python that does nothing: wall time."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        folder = Path(directory)
        for name, text in (
            ("policy.yaml", _POLICY),
            ("exceptions.csv", _CSV),
            ("grants.yaml", "grants: []\n"),
        ):
            (folder / name).write_text(text, encoding="utf-8")
        commands = {name: ["-m", "posture.cli", name, *call] for name, call in CALLS.items()}
        sides = {_NOTHING: ["-c", "pass"], **commands}
        samples = in_turns(
            {name: partial(_seconds, arguments, folder) for name, arguments in sides.items()}, _REPETITIONS
        )
    usual = middle(samples)
    return [
        Row(
            measure="start",
            what=f"posture {name}, from its start to its end without a cluster and without an identity",
            unit="s",
            ours=usual[name],
            beside=usual[_NOTHING],
            beside_is=_NOTHING,
            aim=Aim("ratio", "<=", 10),
            samples=tuple(samples[name]),
        )
        for name in CALLS
    ]


def _seconds(arguments: Sequence[str], folder: Path) -> float:
    """Run a Python and return the seconds that it took."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POSTURE_"))}
    nowhere = {"KUBECONFIG": str(folder / "none"), "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**kept, **nowhere},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return time.perf_counter() - began

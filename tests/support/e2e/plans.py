"""`posture plan` as a person or a pipeline runs it, and the manifests that it is run over."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox.cloud import Cloud

WRITES = (
    "BatchUpdateFindings",
    "BatchUpdateStandardsControlAssociations",
    "UpdateStandardsControl",
)


def manifest(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return an object of one of our kinds."""
    return {
        "apiVersion": "posture.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def write(file: Path, *manifests: dict[str, Any]) -> Path:
    """Write manifests into a file; return it."""
    file.write_text(yaml.safe_dump_all(manifests, sort_keys=False), encoding="utf-8")
    return file


def environment(cloud: Cloud, **more: str) -> dict[str, str]:
    """Return the environment of a process that has the cloud's credentials, and no cluster unless named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POSTURE_"))}
    return {**kept, **cloud.env, "KUBECONFIG": "/nowhere", **more}


def run_plan(cloud: Cloud, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command; `more`: of its environment."""
    return subprocess.run(
        [sys.executable, "-m", "posture.cli", "plan", *map(str, arguments)],
        env=environment(cloud, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        stdin=subprocess.DEVNULL,
    )


def planned(cloud: Cloud, *arguments: str | Path, code: int = 3, **more: str) -> dict[str, dict[str, Any]]:
    """Return what the command plans, by the kind of object and its name; nothing is written by it."""
    before = written(cloud)
    done = run_plan(cloud, *arguments, "-o", "json", **more)
    assert done.returncode == code, done.stderr
    assert written(cloud) == before
    document = json.loads(done.stdout)
    assert list(document) == ["policies", "rules", "targets"]
    return {kind: {each.pop("name"): each for each in listed} for kind, listed in document.items()}


def written(cloud: Cloud) -> tuple[int, ...]:
    """Return how many writes the cloud has met, of each kind, and those to services beside Security Hub."""
    return (*(cloud.control.call_total(operation) for operation in WRITES), len(cloud.writes()))

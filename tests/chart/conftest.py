"""The chart, rendered and installed by the real helm."""

import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import tools

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "posture-operator"
NAMESPACE = "posture"

Manifest = dict[str, Any]
Helm = Callable[..., subprocess.CompletedProcess[str]]
Render = Callable[..., list[Manifest]]


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Runs helm with nothing of the user's; `values` go in as a file."""
    home = tmp_path_factory.mktemp("helm")
    binary = tools.find("helm")

    def run(
        *arguments: str, values: dict[str, Any] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        given: list[str] = []
        if arguments[0] in {"template", "install", "upgrade"}:
            # Every release needs one; which, no test but one asks.
            image = {"repository": "posture-operator"} | (values or {}).get("image", {})
            values = {**(values or {}), "image": image}
        if values is not None:
            # Whatever the texts: in quotes, and what is not ASCII escaped.
            written = yaml.safe_dump(values, default_style='"', width=math.inf)
            (home / "values.yaml").write_text(written, encoding="ascii")
            given = ["--values", str(home / "values.yaml")]
        environment = {f"HELM_{kind}_HOME": str(home / kind) for kind in ("CACHE", "CONFIG", "DATA")}
        done = subprocess.run(
            [str(binary), *arguments, *given],
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
            env=environment | {"HOME": str(home), "PATH": "/usr/bin:/bin"},
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def render(helm: Helm) -> Render:
    """Gives the manifests for some values; the CRDs, most of the text, only when asked for."""

    def manifests(**values: Any) -> list[Manifest]:
        done = helm(
            "template",
            "posture",
            str(CHART),
            "--namespace",
            NAMESPACE,
            values={"crds": {"install": False}} | values,
        )
        return [document for document in yaml.safe_load_all(done.stdout) if document]

    return manifests


def kinds(manifests: list[Manifest]) -> dict[str, list[Manifest]]:
    """Group manifests by kind."""
    found: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        found.setdefault(manifest["kind"], []).append(manifest)
    return found

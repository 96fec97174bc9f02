"""The chart's CRDs are copies, and a copy that is none is named."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chart.conftest import ROOT

SCRIPT = ROOT / "deploy" / "helm" / "sync_crds.py"
COPIES = Path("deploy", "helm", "posture-operator", "files", "crds")


def _run(root: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--root", str(root), *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "crds").mkdir()
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / "crds" / name).write_text(f"kind: {name}\n")
    assert _run(tmp_path).returncode == 0
    return tmp_path


def test_the_copies_of_this_repository_are_current() -> None:
    assert _run(ROOT, "--check").returncode == 0


def test_a_changed_a_missing_and_an_orphaned_copy_are_named_and_put_right(root: Path) -> None:
    assert _run(root, "--check").returncode == 0
    (root / "crds" / "a.yaml").write_text("kind: changed\n")
    (root / COPIES / "b.yaml").unlink()
    (root / COPIES / "c.yaml").write_text("")
    done = _run(root, "--check")
    assert done.returncode == 1
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        assert str(COPIES / name) in done.stderr
    assert "make generate" in done.stderr
    assert _run(root).returncode == 0
    assert {path.name: path.read_text() for path in (root / COPIES).iterdir()} == {
        "a.yaml": "kind: changed\n",
        "b.yaml": "kind: b.yaml\n",
    }

"""The image: what can be proven of a Dockerfile without an engine."""

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.chart.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
LAST_STAGE = DOCKERFILE.rpartition("\nFROM ")[2]


def test_hadolint_finds_nothing() -> None:
    linter = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_it_runs_without_privileges_and_without_a_shell() -> None:
    assert re.search(r"^USER 65532:65532$", LAST_STAGE, re.MULTILINE)
    assert 'ENTRYPOINT ["posture"]' in LAST_STAGE
    assert 'CMD ["run"]' in LAST_STAGE
    # Kubernetes asks the probes itself, and nothing is built where it runs.
    assert not re.search(r"^(HEALTHCHECK|RUN|ADD)\b", LAST_STAGE, re.MULTILINE)


def test_every_image_is_pinned_by_digest() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert set(bases) == {"${PYTHON_IMAGE}"}
    (pinned,) = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    # With the version that it is, for people and for what looks for newer ones.
    assert re.fullmatch(r"python:3\.1[1-9]\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", pinned)


def test_every_package_is_pinned_by_hash() -> None:
    installs = [
        line
        for line in DOCKERFILE.replace("\\\n", " ").splitlines()
        if "pip install" in line or " install " in line
    ]
    assert installs
    for command in " ".join(installs).split("&&"):
        if " install " in command:
            assert "--require-hashes" in command or "--no-index" in command, command


def test_what_the_image_copies_is_let_in_and_nothing_else() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in shlex.split(line)[1:-1]
    }
    assert copied == {path if path != "operator/posture" else "operator" for path in allowed}
    assert all((ROOT / path).exists() for path in allowed)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from just what the image copies and by its command."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    for path in (ROOT / "operator" / "posture").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = source / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    command = next(line for line in DOCKERFILE.splitlines() if " pip wheel " in line)
    arguments = shlex.split(command.removesuffix("\\"))[2:]
    assert arguments[:2] == ["-m", "pip"]
    build = [sys.executable, *arguments]
    subprocess.run(build, cwd=source, check=True, capture_output=True, timeout=120)
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_the_wheel_is_whole(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        names = archive.namelist()
    assert "posture/py.typed" in names
    assert not [name for name in names if not name.startswith(("posture/", "posture_operator-"))]
    sources = {str(path.relative_to(ROOT / "operator")) for path in (ROOT / "operator").rglob("*.py")}
    assert sources == {name for name in names if name.endswith(".py")}
    # Of the wheel, not of the sources: the first on the path wins.
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "site"), "HOME": "/nonexistent"}
    program = "import posture, sys; print(posture.__file__); from posture.cli import main; main(['crds'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "site"))
    assert done.stdout.count("kind: CustomResourceDefinition\n") == 4

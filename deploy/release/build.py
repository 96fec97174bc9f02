"""`python -m deploy.release.build --image REPOSITORY`: all files of a release, into `dist/release`.

The same sources give the same bytes: every time in them is that of the commit (`SOURCE_DATE_EPOCH`, where it
is set), and archives are packed in order.
"""

import argparse
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from deploy.release.schemas import schemas
from posture.api.crds import documents
from sandbox import tools

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "posture-operator"
_NAMESPACE = "posture"


class ReleaseError(RuntimeError):
    """What is to be released does not fit together; the message says what to do."""


def build(folder: Path, image: str) -> list[Path]:
    """Make all files of a release in a folder, which is emptied first; return them. Raises ReleaseError."""
    version = _version()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    epoch = _epoch()
    _wheel(folder, epoch)
    _chart(folder, version, epoch)
    _sbom(folder / f"posture-operator-{version}.cdx.json")
    crds = yaml.safe_dump_all(documents(), sort_keys=False, allow_unicode=True)
    (folder / "crds.yaml").write_text(crds, encoding="utf-8")
    (folder / "install.yaml").write_text(_manifests(version, image), encoding="utf-8")
    contents = {name: text.encode() for name, text in schemas().items()}
    (folder / "crd-schemas.tar.gz").write_bytes(packed(contents, epoch))
    made = sorted(folder.iterdir())
    sums = "".join(f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in made)
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
    return [*made, folder / "SHA256SUMS"]


def _version() -> str:
    """Return the version, which the package and the chart must agree about."""
    package = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    if {package, chart["version"], chart["appVersion"]} != {package}:
        raise ReleaseError(
            f"pyproject.toml says version {package}, Chart.yaml version {chart['version']} and appVersion"
            f" {chart['appVersion']}: write the same in all three"
        )
    return str(package)


def _epoch() -> int:
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given or _run(["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]).strip())


def _wheel(folder: Path, epoch: int) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    arguments = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(folder), str(ROOT)]
    _run([*pip, *arguments], {"SOURCE_DATE_EPOCH": str(epoch)})


def _chart(folder: Path, version: str, epoch: int) -> None:
    """Package the chart, then pack it anew: helm writes the time of day into it."""
    _helm("package", str(CHART), "--destination", str(folder))
    path = folder / f"posture-operator-{version}.tgz"
    with tarfile.open(path) as archive:
        members = {each.name: archive.extractfile(each) for each in archive if each.isfile()}
        contents = {name: file.read() for name, file in members.items() if file is not None}
    path.write_bytes(packed(contents, epoch))


def packed(contents: Mapping[str, bytes], epoch: int) -> bytes:
    """Return files as a compressed archive, the same bytes for the same files."""
    raw = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=epoch, filename="") as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(contents):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(contents[name]), epoch, 0o644
            archive.addfile(entry, io.BytesIO(contents[name]))
    return raw.getvalue()


def _sbom(path: Path) -> None:
    """Write what the image has of Python packages, by name, version and hash, as CycloneDX."""
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible"]
    given = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-file", str(path)]
    _run([*command, *given, str(ROOT / "requirements" / "run.txt")])


def _manifests(version: str, image: str) -> str:
    """Return the release with the chart's defaults, for those who do without helm."""
    rendered = _helm(
        *("template", "posture", str(CHART), "--namespace", _NAMESPACE, "--no-hooks"),
        *("--set-string", f"image.repository={image}", "--set-string", f"image.tag={version}"),
    )
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}}
    return f"{yaml.safe_dump(namespace, sort_keys=False)}{rendered}"


def _helm(*arguments: str) -> str:
    with tempfile.TemporaryDirectory() as home:
        homes = {f"HELM_{kind}_HOME": f"{home}/{kind}" for kind in ("CACHE", "CONFIG", "DATA")}
        return _run([str(tools.find("helm")), *arguments], homes)


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    # It starts programs of this project, with arguments of its own.
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
    )
    if done.returncode:
        raise ReleaseError(f"{' '.join(command[:4])} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a release and name its files; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.release.build", description=__doc__)
    parser.add_argument("--image", required=True, help="where the image is, without a tag")
    parser.add_argument("--folder", type=Path, default=ROOT / "dist" / "release")
    options = parser.parse_args(arguments)
    try:
        made = build(options.folder, options.image)
    except (ReleaseError, tools.ToolError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{each.name}\n" for each in made))
    return 0


if __name__ == "__main__":
    sys.exit(main())

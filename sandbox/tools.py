"""The programs that the sandbox runs, built from source by Go: ``python3 -m sandbox.tools build``.

Each program is pinned by a ``go.mod`` and a ``go.sum`` of its own below ``sandbox/toolchain``, since their
dependencies disagree. A binary is named by its version and by a digest of everything that goes into it, so
that a changed pin is never answered with yesterday's binary.

Only the standard library is used here: this module runs before the virtual environment exists.
"""

import argparse
import collections
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
_TOOLCHAIN = Path(__file__).resolve().parent / "toolchain"
_TOOLS_DIR = Path(__file__).resolve().parent.parent / ".tools"
_VERSION_TIMEOUT_SECONDS = 30.0
_TERMINAL_TICK_SECONDS = 1.0
_LOG_TICK_SECONDS = 30.0
_LINES_SHOWN_ON_FAILURE = 20


class ToolError(RuntimeError):
    """A program is missing, does not fit or could not be built; the message says what to do."""


class Version(NamedTuple):
    """A release: ``major.minor.patch``."""

    major: int
    minor: int
    patch: int

    @classmethod
    def found_in(cls, text: str) -> "Version | None":
        """Return the first version in ``text``, or None."""
        match = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
        return cls(*(int(part) for part in match.groups())) if match else None

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"


def _stamp_kubernetes(version: Version) -> dict[str, str]:
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    values = {"gitVersion": str(version), "gitMajor": str(version.major), "gitMinor": str(version.minor)}
    return {f"{package}.{variable}": value for package in packages for variable, value in values.items()}


def _stamp_helm(version: Version) -> dict[str, str]:
    return {"helm.sh/helm/v4/internal/version.version": str(version)}


def _stamp_prometheus(version: Version) -> dict[str, str]:
    return {"github.com/prometheus/common/version.Version": str(version).removeprefix("v")}


def _prometheus_release(module: Version) -> Version:
    """Prometheus 3.7.0 is published to Go as v0.307.0 (its RELEASE.md)."""
    return Version(module.minor // 100, module.minor % 100, module.patch)


def _same_release(module: Version) -> Version:
    return module


def _stamp_nothing(_version: Version) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Tool:
    """One program: where its pin is, what Go package it is built from, and how it tells its version."""

    name: str
    toolchain: str
    module: str
    package: str
    version_arguments: tuple[str, ...] = ("--version",)
    stamp: Callable[[Version], dict[str, str]] = _stamp_nothing
    release: Callable[[Version], Version] = _same_release

    @property
    def folder(self) -> Path:
        """The folder with the ``go.mod`` that pins this tool."""
        return _TOOLCHAIN / self.toolchain

    @property
    def version(self) -> Version:
        """The pinned release, as the program itself tells it."""
        pins = (self.folder / "go.mod").read_text(encoding="utf-8")
        pin = re.search(rf"^\s*(?:require )?{re.escape(self.module)} (v\S+)", pins, re.MULTILINE)
        module = Version.found_in(pin.group(1)) if pin else None
        if module is None:
            raise ToolError(f"{self.folder / 'go.mod'} pins no version of {self.module}.")
        return self.release(module)

    @property
    def build_flags(self) -> tuple[str, ...]:
        """Flags of ``go build``: reproducible paths, no symbols, and the version that a release carries."""
        stamps = [f"-X {variable}={value}" for variable, value in self.stamp(self.version).items()]
        return ("-mod=readonly", "-trimpath", f"-ldflags={' '.join(['-s', '-w', *stamps])}")

    @property
    def binary_name(self) -> str:
        """The name of the built file: changes with the version and with every input of the build."""
        inputs = hashlib.sha256()
        for name in ("go.mod", "go.sum"):
            inputs.update((self.folder / name).read_bytes())
        inputs.update("\0".join((self.package, *self.build_flags)).encode())
        return f"{self.name}-{self.version}-{inputs.hexdigest()[:8]}"

    def fits(self, version: Version) -> bool:
        """Tell whether a program of this version serves as well: the same major, no older minor."""
        return version.major == self.version.major and version.minor >= self.version.minor


_KUBERNETES, _PROMETHEUS = "k8s.io/kubernetes", "github.com/prometheus/prometheus"
_ALERTMANAGER = "github.com/prometheus/alertmanager"
# In the order of building: what the demo needs comes first.
TOOLS = (
    Tool(
        "kube-apiserver",
        "kubernetes",
        _KUBERNETES,
        f"{_KUBERNETES}/cmd/kube-apiserver",
        stamp=_stamp_kubernetes,
    ),
    Tool("etcd", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
    Tool(
        "kubectl",
        "kubernetes",
        _KUBERNETES,
        f"{_KUBERNETES}/cmd/kubectl",
        version_arguments=("version", "--client"),
        stamp=_stamp_kubernetes,
    ),
    Tool(
        "helm",
        "helm",
        "helm.sh/helm/v4",
        "helm.sh/helm/v4/cmd/helm",
        version_arguments=("version", "--short"),
        stamp=_stamp_helm,
    ),
    Tool(
        "prometheus",
        "prometheus",
        _PROMETHEUS,
        f"{_PROMETHEUS}/cmd/prometheus",
        stamp=_stamp_prometheus,
        release=_prometheus_release,
    ),
    Tool(
        "promtool",
        "prometheus",
        _PROMETHEUS,
        f"{_PROMETHEUS}/cmd/promtool",
        stamp=_stamp_prometheus,
        release=_prometheus_release,
    ),
    # Of Alertmanager itself the module lacks the built pages that it embeds.
    Tool("amtool", "alertmanager", _ALERTMANAGER, f"{_ALERTMANAGER}/cmd/amtool", stamp=_stamp_prometheus),
)
NAMES = tuple(tool.name for tool in TOOLS)


def find(name: str) -> Path:
    """Return the program ``name``: a fitting one in ``KUBEBUILDER_ASSETS``, else ours in ``.tools/bin``.

    One in ``KUBEBUILDER_ASSETS`` fits when it tells the pinned major version and no older minor version; one
    that does not is passed over. Raises ToolError, which says how to get the program.
    """
    tool = _tool(name)
    provided, why_not = _provided(tool)
    if provided is not None:
        return provided
    link = _TOOLS_DIR / "bin" / name
    if link.exists() and link.resolve().name == tool.binary_name:
        return link
    state = "was built from other pins" if link.exists() else "is missing"
    raise ToolError(f"{name} {tool.version} {state}{why_not}. Run `make tools` to build it.")


def build(names: Sequence[str] = NAMES) -> list[Path]:
    """Build what is missing of ``names`` into ``.tools/bin``, say so on stdout, and return the programs.

    Waits for a build that another process has under way. Raises ToolError if Go is missing or a build fails.
    """
    wanted = {_tool(name).name for name in names}
    tools = [tool for tool in TOOLS if tool.name in wanted]
    with _only_builder():
        return [_ensure(tool, f"[{n}/{len(tools)}] {tool.name}") for n, tool in enumerate(tools, start=1)]


def _tool(name: str) -> Tool:
    for tool in TOOLS:
        if tool.name == name:
            return tool
    raise ToolError(f"There is no tool {name!r}; there are: {', '.join(NAMES)}.")


def _provided(tool: Tool) -> tuple[Path | None, str]:
    """Return the program from ``KUBEBUILDER_ASSETS`` if it fits, and else why it does not."""
    folder = os.environ.get(ASSETS_VARIABLE)
    if not folder:
        return None, ""
    path = Path(folder) / tool.name
    if not path.exists():
        return None, f" ({ASSETS_VARIABLE} has none either)"
    version = _told_version(path, tool.version_arguments)
    if version is None:
        return None, f" ({path} does not tell its version)"
    if not tool.fits(version):
        return None, f" ({path} is {version}, which does not fit)"
    return path, ""


def _told_version(path: Path, arguments: tuple[str, ...]) -> Version | None:
    try:
        answer = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=_VERSION_TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Version.found_in(answer.stdout)


@contextlib.contextmanager
def _only_builder() -> Iterator[None]:
    (_TOOLS_DIR / "bin").mkdir(parents=True, exist_ok=True)
    with (_TOOLS_DIR / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another build of the tools is under way: waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ensure(tool: Tool, label: str) -> Path:
    with contextlib.suppress(ToolError):
        path = find(tool.name)
        print(f"{label} {tool.version}: ready ({path})", flush=True)
        return path
    binary, link = _TOOLS_DIR / tool.binary_name, _TOOLS_DIR / "bin" / tool.name
    if not binary.exists():
        unfinished = binary.with_name(f".building-{tool.name}")
        try:
            _compile(tool, unfinished, f"{label} {tool.version}")
            unfinished.replace(binary)
        finally:
            unfinished.unlink(missing_ok=True)
    new_link = link.with_name(f".linking-{tool.name}")
    new_link.unlink(missing_ok=True)
    new_link.symlink_to(Path("..") / binary.name)
    new_link.replace(link)
    for outdated in _TOOLS_DIR.glob(f"{tool.name}-v*"):
        if outdated != binary:
            outdated.unlink()
    return link


def _compile(tool: Tool, output: Path, label: str) -> None:
    go = shutil.which("go")
    if go is None:
        raise ToolError(
            f"Go is needed to build {tool.name} and is not on the PATH. Install it (https://go.dev/doc/install),"
            f" or set {ASSETS_VARIABLE} to a folder with {tool.name} {tool.version}."
        )
    started = time.monotonic()
    print(f"{label}: building", flush=True)
    command = [go, "build", "-v", *tool.build_flags, "-o", str(output), tool.package]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    with subprocess.Popen(
        command, cwd=tool.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as compiler:
        try:
            tail = _follow(compiler, label, started)
        except BaseException:
            compiler.terminate()
            raise
    if compiler.returncode != 0:
        raise ToolError(f"Building {tool.name} {tool.version} failed:\n" + "\n".join(tail))
    size = output.stat().st_size / 1e6
    print(f"{label}: built in {_minutes(time.monotonic() - started)}, {size:.0f} MB", flush=True)


def _follow(compiler: subprocess.Popen[str], label: str, started: float) -> Sequence[str]:
    """Show the progress of a build until it ends; return the last lines of its output."""
    tail: collections.deque[str] = collections.deque(maxlen=_LINES_SHOWN_ON_FAILURE)
    compiled = 0

    def read() -> None:
        nonlocal compiled
        for line in compiler.stdout or ():
            tail.append(line.rstrip())
            compiled += not line.startswith("go: ")

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    terminal = sys.stdout.isatty()
    while reader.is_alive():
        reader.join(_TERMINAL_TICK_SECONDS if terminal else _LOG_TICK_SECONDS)
        if reader.is_alive():
            doing = f"{compiled} packages compiled" if compiled else "fetching sources"
            line = f"{label}: {_minutes(time.monotonic() - started)}, {doing}"
            print(f"\r\033[K{line}" if terminal else line, end="" if terminal else "\n", flush=True)
    if terminal:
        print("\r\033[K", end="", flush=True)
    compiler.wait()
    return tail


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m sandbox.tools", description="The sandbox's programs.")
    commands = parser.add_subparsers(dest="command", required=True)
    builder = commands.add_parser("build", help="build what is missing into .tools/bin")
    builder.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(NAMES)} (default: all)")
    finder = commands.add_parser("path", help="print where a program is")
    finder.add_argument("name", metavar="NAME", choices=NAMES)
    options = parser.parse_args(arguments)
    try:
        if options.command == "build":
            build(options.names or NAMES)
        else:
            print(find(options.name))
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import tools

_ROOT = Path(tools.__file__).resolve().parent.parent
_ASSETS = os.environ.get(tools.ASSETS_VARIABLE, "")
# Stands in for the compiler: what is attacked is what happens around it. Two at once would see each other.
_GO = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
mkdir "$GO_BUSY" || { echo "two builds at once"; exit 3; }
echo "some/package"
sleep 0.2
printf '#!/bin/sh\\necho v0.0.0\\n' > "$2"
chmod +x "$2"
echo built >> "$GO_BUSY.log"
rmdir "$GO_BUSY"
"""
Install = Callable[[str, str], Path]


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def tools_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tools, "_TOOLS_DIR", tmp_path / ".tools")
    monkeypatch.delenv(tools.ASSETS_VARIABLE, raising=False)
    return tmp_path / ".tools"


@pytest.fixture
def provide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a program that prints what is given into KUBEBUILDER_ASSETS."""
    monkeypatch.setenv(tools.ASSETS_VARIABLE, str(tmp_path / "assets"))
    return lambda name, told: script(tmp_path / "assets" / name, f"#!/bin/sh\necho '{told}'\n")


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the stand-in for the compiler on the PATH; returns the log of its builds."""
    script(tmp_path / "go" / "go", _GO)
    monkeypatch.setenv("PATH", f"{tmp_path / 'go'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GO_BUSY", str(tmp_path / "busy"))
    return tmp_path / "busy.log"


def built(name: str, tools_dir: Path, binary_name: str | None = None) -> Path:
    tool = tools._tool(name)
    script(tools_dir / (binary_name or tool.binary_name), "#!/bin/sh\n")
    link = tools_dir / "bin" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(Path("..") / (binary_name or tool.binary_name))
    return link


@pytest.mark.parametrize("name", tools.NAMES)
def test_every_tool_tells_a_version_that_fits_and_ours_the_very_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "_TOOLS_DIR", _ROOT / ".tools")
    monkeypatch.setenv(tools.ASSETS_VARIABLE, _ASSETS)
    tool, path = tools._tool(name), tools.find(name)
    told = tools._told_version(path, tool.version_arguments)
    assert told is not None
    assert told == tool.version if path.is_relative_to(_ROOT / ".tools") else tool.fits(told)


def test_the_pins_are_those_that_were_tried_together() -> None:
    assert {tool.name: str(tool.version) for tool in tools.TOOLS} == {
        "kube-apiserver": "v1.35.4",
        "etcd": "v3.6.16",
        "kubectl": "v1.35.4",
        "helm": "v4.3.1",
        "prometheus": "v3.7.0",
        "promtool": "v3.7.0",
        "amtool": "v0.35.0",
    }


@pytest.mark.parametrize("told", ["Kubernetes v1.35.4", "Kubernetes v1.35.0", "Kubernetes v1.37.2-rc.0+k3s1"])
def test_a_fitting_asset_is_taken_before_our_own(told: str, provide: Install, tools_dir: Path) -> None:
    built("kube-apiserver", tools_dir)
    asset = provide("kube-apiserver", told)
    assert tools.find("kube-apiserver") == asset


@pytest.mark.parametrize("told", ["Kubernetes v1.34.9", "Kubernetes v2.36.0", "hello", ""])
def test_an_unfit_asset_is_passed_over_for_our_own(told: str, provide: Install, tools_dir: Path) -> None:
    ours = built("kube-apiserver", tools_dir)
    provide("kube-apiserver", told)
    assert tools.find("kube-apiserver") == ours


def test_an_asset_that_cannot_run_is_passed_over(provide: Install, tools_dir: Path) -> None:
    ours = built("etcd", tools_dir)
    provide("etcd", "etcd Version: 3.6.16").chmod(0o644)
    assert tools.find("etcd") == ours


def test_an_asset_that_fails_is_passed_over(provide: Install) -> None:
    script(provide("etcd", ""), "#!/bin/sh\necho 3.6.16; exit 1\n")
    with pytest.raises(tools.ToolError, match="does not tell its version"):
        tools.find("etcd")


def test_without_a_fitting_one_the_message_says_why_and_what_to_do(provide: Install) -> None:
    provide("kubectl", "Client Version: v1.28.3")
    with pytest.raises(
        tools.ToolError, match=r"kubectl v1\.35\.4 is missing .*kubectl is v1\.28\.3, .*make tools"
    ):
        tools.find("kubectl")
    with pytest.raises(tools.ToolError, match=r"helm .* is missing .*none either.*make tools"):
        tools.find("helm")


def test_a_binary_from_other_pins_is_not_taken(tools_dir: Path) -> None:
    built("helm", tools_dir, "helm-v4.3.1-00000000")
    with pytest.raises(tools.ToolError, match=r"helm .* was built from other pins.*make tools"):
        tools.find("helm")


def test_the_name_of_a_binary_changes_with_every_pin_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm = tools._tool("helm")
    before = helm.binary_name
    shutil.copytree(helm.folder, tmp_path / "helm")
    monkeypatch.setattr(tools, "_TOOLCHAIN", tmp_path)
    assert helm.binary_name == before
    with (tmp_path / "helm" / "go.sum").open("a") as sums:
        sums.write("example.org/module v1.0.0 h1:x=\n")
    assert helm.binary_name != before
    assert helm.binary_name.startswith("helm-v4.3.1-")


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(tools.ToolError, match=r"no tool 'kubelet'.*kube-apiserver, etcd"):
        tools.find("kubelet")


def test_without_go_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.main(["build", "etcd"]) == 1
    assert "Go is needed to build etcd and is not on the PATH" in capsys.readouterr().err


def test_a_build_replaces_what_was_built_from_other_pins(
    go: Path, tools_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built("etcd", tools_dir, "etcd-v3.5.0-00000000")
    untouched = script(tools_dir / "etcdctl-v3.5.0-00000000", "#!/bin/sh\n")
    assert tools.build(["kubectl", "etcd"]) == [tools_dir / "bin" / "etcd", tools_dir / "bin" / "kubectl"]
    assert tools.find("etcd").resolve().name == tools._tool("etcd").binary_name
    assert not (tools_dir / "etcd-v3.5.0-00000000").exists()
    assert untouched.exists()
    shown = capsys.readouterr().out
    assert "[1/2] etcd v3.6.16: building" in shown
    assert "[2/2] kubectl v1.35.4: built in 0:00" in shown
    tools.build(["etcd"])
    assert "[1/1] etcd v3.6.16: ready" in capsys.readouterr().out
    assert go.read_text(encoding="utf-8").splitlines() == ["built", "built"]


def test_a_fitting_asset_is_not_built(go: Path, provide: Install) -> None:
    asset = provide("etcd", "etcd Version: 3.6.99")
    assert tools.build(["etcd"]) == [asset]
    assert not go.exists()


def test_a_failed_build_leaves_nothing_and_shows_the_compilers_words(go: Path, tools_dir: Path) -> None:
    go.with_name("busy").mkdir()
    with pytest.raises(tools.ToolError, match=r"Building etcd v3\.6\.16 failed:\n(.|\n)*two builds at once"):
        tools.build(["etcd"])
    assert sorted(path.name for path in tools_dir.iterdir()) == [".lock", "bin"]
    assert not list((tools_dir / "bin").iterdir())


def test_builds_at_the_same_time_wait_for_each_other(go: Path, tools_dir: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sandbox import tools;"
        "tools._TOOLS_DIR = Path(sys.argv[1]); sys.exit(tools.main(['build', 'etcd', 'kubectl']))"
    )
    command = [sys.executable, "-c", code, str(tools_dir)]
    builders = [subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for builder in builders:
        output, _ = builder.communicate(timeout=30)
        assert builder.returncode == 0, output
    assert go.read_text(encoding="utf-8").splitlines() == ["built", "built"]
    assert tools.find("etcd").exists()

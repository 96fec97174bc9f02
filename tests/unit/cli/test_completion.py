"""Completion: for shells, and for kubectl by what it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from posture.cli import main
from posture.cli.completion import complete_for_kubectl
from sandbox import tools


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_is_printed_is_for_that_shell_and_names_the_command(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_POSTURE_COMPLETE={shell}_complete" in done.stdout
    assert CliRunner().invoke(main, ["completion", "tcsh"]).exit_code == 2


def completed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-posture", *words])
    complete_for_kubectl()
    return [line.partition("\t")[0] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (["su"], ["suspend", ":4"]),
        (["status", "-o", "j"], ["json", ":4"]),
        (["status", "--cont"], ["--context", ":4"]),
        (["score", "--method", ""], ["SecurityHub", "ExpectedControls", ":4"]),
        (["findings", "--sev"], ["--severities", ":4"]),
        (["findings", "--severities", "CR"], ["critical", ":4"]),
        (["controls", "-o", "c"], ["csv", ":4"]),
        (["validate", "-f", "x"], [":0"]),
        (["score", "--cache", ""], [":16"]),
        (["import", ""], ["fml", "prowler-mutelist", "csv", ":4"]),
        (["import", "fml", ""], [":0"]),
        (["none", ""], [":4"]),
    ],
)
def test_kubectl_is_told_what_may_stand_there(
    words: list[str],
    answers: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = completed(capsys, monkeypatch, *words)
    assert [each for each in found if each != "none"][-len(answers) :] == answers


def test_every_command_is_offered_without_importing_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name for name in sys.modules if name.startswith("posture.cli.")}
    found = completed(capsys, monkeypatch, "")
    context = main.make_context("posture", [], resilient_parsing=True)
    assert found == [*main.list_commands(context), ":4"]
    assert {name for name in sys.modules if name.startswith("posture.cli.")} == before


def test_kubectl_itself_runs_and_completes_it(tmp_path: Path) -> None:
    for name, function in (
        ("kubectl-posture", "from posture.cli import main; main()"),
        ("kubectl_complete-posture", "from posture.cli.completion import complete_for_kubectl as f; f()"),
    ):
        script = tmp_path / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{function}" "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "KUBECONFIG": "/none"}

    def kubectl(*arguments: str) -> str:
        command = [str(tools.find("kubectl")), *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    assert "Have a target read" in kubectl("posture", "--help")
    assert (
        "suspend\tSuspend targets, policies or rules." in kubectl("__complete", "posture", "su").splitlines()
    )
    assert "json" in kubectl("__complete", "posture", "status", "-o", "j").splitlines()

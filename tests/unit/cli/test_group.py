"""A command imports only what it needs."""

import subprocess
import sys

import pytest

from posture.cli import main

_TELL = """
import contextlib, io, sys
from posture.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    main(sys.argv[1:], standalone_mode=False)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
HEAVY = {"aiobotocore", "aiohttp", "boto3", "botocore", "kopf", "kubernetes", "prometheus_client", "sqlite3"}


def imported(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _TELL, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["builtins"],
        ["builtins", "-o", "json"],
        ["remediations", "--help"],
        ["approve", "--help"],
        ["iam", "--help"],
        ["validate", "--help"],
        ["status", "--help"],
        ["score", "--help"],
        ["controls", "--help"],
        ["findings", "--help"],
        ["sync", "--help"],
        ["suspend", "--help"],
        ["resume", "--help"],
        ["import", "--help"],
        ["validate", "-f", "/dev/null"],
    ],
)
def test_a_command_that_asks_nobody_imports_no_client(arguments: list[str]) -> None:
    assert imported(*arguments) & HEAVY == set()


def test_what_needs_no_cluster_imports_no_client_of_one() -> None:
    for module in ("posture.cli.score.doing", "posture.cli.failing.controls", "posture.cli.failing.findings"):
        told = f"import sys, {module}; print(*sorted(sys.modules))"
        done = subprocess.run(
            [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60
        )
        assert "posture.once" in done.stdout
        assert {"kubernetes", "kopf", "prometheus_client"} & set(done.stdout.split()) == set(), module


def test_every_command_that_is_listed_is_there() -> None:
    context = main.make_context("posture", [], resilient_parsing=True)
    names = main.list_commands(context)
    assert {"run", "crds", "exceptions", "builtins", "remediations", "approve", "undo"} <= set(names)
    for name in names:
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help
    assert main.get_command(context, "no-such") is None

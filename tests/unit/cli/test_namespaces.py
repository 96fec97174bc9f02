"""The names of namespaces on the command line."""

import click
import pytest
from click.testing import CliRunner

from posture.cli import main
from posture.cli.run import run


@pytest.mark.parametrize("name", ["Bad_Name", "-a", "a-", "a.b", "é", "a" * 64, "a b", "a\n", ""])
@pytest.mark.parametrize(
    "command", [["run", "--namespace"], ["run", "--lease-namespace"], ["exceptions", "--namespace"]]
)
def test_what_no_namespace_can_be_called_is_refused(command: list[str], name: str) -> None:
    done = CliRunner().invoke(main, [*command, name])
    assert done.exit_code == 2
    assert f"Invalid value for '{command[-1]}'" in done.output
    assert f"{name!r} cannot be the name of a namespace: write up to 63 of" in done.output


def test_several_are_taken_from_options_and_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["--namespace", "a", "--namespace", "1-b", "--lease-namespace", "c" * 63]
    params = run.make_context("run", given).params
    assert (params["namespaces"], params["lease_namespace"]) == (("a", "1-b"), "c" * 63)
    monkeypatch.setenv("POSTURE_NAMESPACE", "a, b,")
    monkeypatch.setenv("POSTURE_LEASE_NAMESPACE", "")
    params = run.make_context("run", []).params
    assert (params["namespaces"], params["lease_namespace"]) == (("a", "b"), None)
    monkeypatch.setenv("POSTURE_NAMESPACE", "a,B")
    with pytest.raises(click.BadParameter, match="'B' cannot be"):
        run.make_context("run", [])

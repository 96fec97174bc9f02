"""How `posture suspend`, `resume` and `sync` call things."""

import pytest
from click.testing import CliRunner

from posture.api.crds import KINDS, kind_schema
from posture.cli import main
from posture.cli.asking.command import SUSPENDED, Suspended, suspend


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("posturetarget/a", "PostureTarget", "a"),
        ("PostureTarget/a", "PostureTarget", "a"),
        ("pt/security/a", "PostureTarget", "security/a"),
        ("spol/a", "SuppressionPolicy", "a"),
        ("suppressionpolicies/a", "SuppressionPolicy", "a"),
        ("suppressionpolicies.posture.dev/a", "SuppressionPolicy", "a"),
        ("rrule/a", "RemediationRule", "a"),
    ],
)
def test_kinds_are_called_as_kubectl_calls_them(given: str, kind: str, name: str) -> None:
    assert suspend.make_context("suspend", [given]).params["objects"] == (Suspended(kind, name),)


def test_the_names_are_those_of_the_kinds() -> None:
    kinds = [kind for kind in KINDS if "suspend" in kind_schema(kind)["properties"]["spec"]["properties"]]
    names = {kind.__name__: (kind.__name__.lower(), kind.plural, kind.short_name) for kind in kinds}
    assert names == SUSPENDED


@pytest.mark.parametrize("command", ["suspend", "resume"])
@pytest.mark.parametrize("given", ["a", "remediation/a", "rem/a", "pod/a", "pt/", "/a", ""])
def test_what_names_nothing_that_can_be_suspended_is_refused(command: str, given: str) -> None:
    done = CliRunner().invoke(main, [command, given])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "write posturetarget, suppressionpolicy, remediationrule before the /" in done.stderr


@pytest.mark.parametrize("given", ["5", "soon", "-1s", "1d", ""])
def test_how_long_to_wait_is_a_duration(given: str) -> None:
    done = CliRunner().invoke(main, ["sync", "a", "--wait", "--timeout", given])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is not a duration" in done.stderr


@pytest.mark.parametrize("arguments", [["sync"], ["suspend"], ["resume"], ["status", "a", "b"]])
def test_a_wrong_number_of_names_is_a_wrong_command_line(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2

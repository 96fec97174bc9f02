"""The options of commands that read a target."""

import pytest
from click.testing import CliRunner, Result

from posture.api.targets.kind import ScoringMethod
from posture.cli import main
from posture.cli.reading.command import METHODS

NO_REGION = {"AWS_REGION": None, "AWS_DEFAULT_REGION": None}


def run(*arguments: str, **environment: str | None) -> Result:
    return CliRunner().invoke(main, list(arguments), env={**NO_REGION, **environment})


def test_the_methods_are_those_of_the_api() -> None:
    assert tuple(each.value for each in ScoringMethod) == METHODS


@pytest.mark.parametrize("name", ["score", "controls", "findings"])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name a TARGET of the cluster, or write --region"),
        (["organization", "--region", "eu-west-1"], "--region describes a target without a cluster"),
        (["organization", "--role-arn", "x"], "--role-arn describes a target without a cluster"),
        (["--region", "eu-west-1", "-n", "security"], "--namespace is for a TARGET of the cluster"),
        (["--region", "eu-west-1", "--context", "dev"], "--context is for a TARGET of the cluster"),
    ],
)
def test_whose_target_it_is_must_be_clear(name: str, arguments: list[str], says: str) -> None:
    done = run(name, *arguments)
    assert done.exit_code == 2
    assert says in done.stderr


def test_options_that_describe_how_to_score_are_not_for_a_target_of_the_cluster() -> None:
    assert "--method describes a target" in run("score", "organization", "--method", METHODS[1]).stderr
    assert "--standard describes a target" in run("controls", "organization", "--standard", "x").stderr

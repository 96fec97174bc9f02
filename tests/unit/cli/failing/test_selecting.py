"""The lists of a selector as options."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from posture.api.selector import Selector
from posture.cli.failing.selecting import LISTS, SEVERITIES, Lists, option_of, selects
from posture.domain.findings import Severity


def written(*arguments: str) -> dict[str, Any] | str:
    """The lists that a command line writes, or what is said against it."""
    taken: dict[str, Any] = {}

    @click.command()
    @selects
    def command(*, lists: Lists) -> None:
        taken.update(lists)

    done = CliRunner().invoke(command, list(arguments))
    return done.stderr if done.exit_code else taken


def test_there_is_an_option_for_each_list_of_a_selector() -> None:
    fields = {each.alias or name for name, each in Selector.model_fields.items()}
    assert set(LISTS) == fields
    assert {each.name for each in reversed(Severity)} == set(SEVERITIES)
    assert tuple(each.name for each in reversed(Severity)) == SEVERITIES


@pytest.mark.parametrize(
    ("arguments", "lists"),
    [
        ([], {}),
        (
            ["--control", "S3.*", "--controls", "EC2.1", "--control", "S3.*"],
            {"controls": ["S3.*", "EC2.1"]},
        ),
        (["--severities", "critical", "--severities", "LOW"], {"severities": ["CRITICAL", "LOW"]}),
        (["--resource-types", "AwsS3*", "--titles", "*"], {"resourceTypes": ["AwsS3*"], "titles": ["*"]}),
        (
            ["--tags", "team=a", "--tags", "team=b=c", "--tags", "stage=*"],
            {"tags": {"team": ["a", "b=c"], "stage": ["*"]}},
        ),
    ],
)
def test_what_is_written_is_a_selector_as_in_a_policy(arguments: list[str], lists: dict[str, Any]) -> None:
    assert written(*arguments) == lists
    if lists:
        assert Selector.model_validate(lists).plain()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--tags", "team"], "is not KEY=VALUE"),
        (["--tags", "=x"], "is not KEY=VALUE"),
        (["--severities", "SEVERE"], "is not one of"),
    ],
)
def test_what_is_none_is_refused(arguments: list[str], says: str) -> None:
    assert says in written(*arguments)


def test_options_are_spelled_with_hyphens() -> None:
    assert [option_of(name) for name in ("controls", "resourceTypes")] == ["--controls", "--resource-types"]

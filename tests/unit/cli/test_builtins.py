"""`posture builtins`: what every action declares, and what a terminal is told of one."""

import csv
import io
import json

import pytest
import yaml
from click.testing import CliRunner, Result

from posture.cli import main
from posture.remediation.actions.registry import builtin_actions


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["builtins", *arguments], terminal_width=200)


def test_json_has_the_fields_that_were_agreed_for_each_action() -> None:
    found = json.loads(run("-o", "json").stdout)
    assert [each["name"] for each in found] == list(builtin_actions())
    for each in found:
        action = builtin_actions()[each["name"]]
        assert each.keys() >= {"name", "controls", "parameters", "iam", "risk", "undo"}
        assert each["iam"] == {
            "read": list(action.iam.read),
            "write": list(action.iam.write),
            "undo": list(action.iam.undo),
        }
        assert set(each["controls"]) == action.controls
        assert [one["name"] for one in each["parameters"]] == [one.name for one in action.parameters]
        assert (each["risk"], each["undo"]) == (action.risk, action.undo_says)
    assert yaml.safe_load(run("-o", "yaml").stdout) == found
    rows = list(csv.DictReader(io.StringIO(run("-o", "csv").stdout)))
    assert [row["NAME"] for row in rows] == [each["name"] for each in found]


def test_controls_are_in_the_order_of_their_numbers() -> None:
    (one,) = json.loads(run("iam-set-password-policy", "-o", "json").stdout)
    assert one["controls"][:2] == ["IAM.7", "IAM.10"]


def test_one_action_is_told_in_words() -> None:
    text = run("iam-deactivate-old-access-keys").stdout
    for said in (
        "IAM.3",
        "AwsIamUser",
        "iam:UpdateAccessKey",
        "maxAge",
        "2160h",
        "The keys are active again.",
    ):
        assert said in text
    assert "None" not in text


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("s3-acount-block-public-acces", "did you mean s3-account-block-public-access?"),
        ("zzz", "`posture builtins` lists them"),
    ],
)
def test_a_name_that_is_none_is_an_error_with_a_hint(name: str, hint: str) -> None:
    done = run(name)
    assert done.exit_code == 1
    assert hint in done.stderr
    assert done.stdout == ""


def test_a_form_that_is_none_is_a_wrong_command_line() -> None:
    assert run("-o", "html").exit_code == 2

"""`posture validate` on files: what is read, what is said, how it ends."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from posture.api.remediation_rule import RemediationRule
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from posture.cli import main
from tests.support.api.objects import Object, changed, minimal, whole

TARGET = whole(PostureTarget, minimal(PostureTarget), "organization")
POLICY = whole(SuppressionPolicy, minimal(SuppressionPolicy), "logs")
RULE = whole(RemediationRule, minimal(RemediationRule), "block")
OTHER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": 1}}


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["validate", *arguments], input=given)


def written(folder: Path, *documents: Object, name: str = "objects.yaml") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(documents, sort_keys=False), encoding="utf-8")
    return str(path)


def told(*arguments: str, given: str | None = None) -> list[dict[str, Any]]:
    found = json.loads(run(*arguments, "-o", "json", given=given).stdout)
    assert isinstance(found, list)
    return found


def with_spec(document: Object, path: str, value: object) -> Object:
    return {**document, "spec": changed(document["spec"], path, value)}


def test_nothing_is_said_of_what_is_right_and_it_ends_with_0(tmp_path: Path) -> None:
    done = run("-f", written(tmp_path, TARGET, POLICY, OTHER))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == (
        "posture: 2 objects in 1 file: 0 errors, 0 warnings; 1 object of another group was not looked at\n"
    )


def test_a_problem_is_a_line_that_names_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "target.yaml"
    text = yaml.safe_dump(TARGET, sort_keys=False) + "  interval: 1s\n"
    path.write_text(text, encoding="utf-8")
    done = run("-f", str(path))
    assert done.exit_code == 1
    line = len(text.splitlines())
    name = f"PostureTarget {TARGET['metadata']['namespace']}/organization"
    says = "write a duration such as 90s, 5m or 24h, at least 5s"
    assert done.stdout == f"{path}:{line}:3: error: {name}: spec.interval: {says}\n"


def test_every_machine_form_says_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, with_spec(TARGET, "aws.region", "europe"), with_spec(POLICY, "owner", 5))
    found = told("-f", path)
    assert [each["path"] for each in found] == ["spec.aws.region", "spec.owner"]
    assert set(found[0]) == {"file", "line", "column", "level", "object", "path", "message"}
    assert yaml.safe_load(run("-f", path, "-o", "yaml").stdout) == found
    rows = list(csv.DictReader(io.StringIO(run("-f", path, "-o", "csv").stdout)))
    assert [(row["LINE"], row["PATH"]) for row in rows] == [(str(f["line"]), f["path"]) for f in found]
    assert run("-f", path, "-o", "markdown").stdout.count("\n") == 2 + len(found)
    assert run("-f", path, "-o", "json").exit_code == 1


def test_folders_are_searched_and_only_for_what_may_be_ours(tmp_path: Path) -> None:
    written(tmp_path, with_spec(TARGET, "suspend", "yes"), name="a/b/target.yml")
    written(tmp_path, with_spec(POLICY, "suspend", "yes"), name="a/policy.json")
    written(tmp_path, with_spec(POLICY, "suspend", "yes"), name="a/.git/policy.yaml")
    written(tmp_path, with_spec(POLICY, "suspend", "yes"), name="a/notes.txt")
    (tmp_path / "a" / "template.yaml").write_text("{{ if .Values.x }}\na: b\n{{ end }}\n", encoding="utf-8")
    found = told("-f", str(tmp_path))
    assert [Path(each["file"]).name for each in found] == ["target.yml", "policy.json"]
    assert {each["message"] for each in found} == {"write true or false"}


def test_standard_input_and_lists_are_read() -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": [TARGET, with_spec(POLICY, "mode", "Off"), OTHER]}
    (one,) = told("-f", "-", given=json.dumps(items, indent=2))
    assert (one["file"], one["path"], one["object"].split("/")[-1]) == ("standard input", "spec.mode", "logs")
    assert one["line"] > 20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "is not YAML: "),
        ("a: 1\na: 2", "a is there already, in line 1"),
        ("apiVersion: posture.dev/v1alpha1\nkind: PostureTargt", "no such kind: did you mean PostureTarget?"),
        ("apiVersion: posture.dev/v1alpha1", "no such kind"),
        ("apiVersion: posture.dev/v1\nkind: PostureTarget", "write posture.dev/v1alpha1"),
        ("kind: PostureTarget", "write posture.dev/v1alpha1"),
    ],
)
def test_what_is_no_object_of_ours_is_told(text: str, says: str) -> None:
    found = told("-f", "-", given=text)
    assert any(says in each["message"] for each in found), found
    assert run("-f", "-", given=text).exit_code == 1


@pytest.mark.parametrize("text", ["", "---\n---\n", "# nothing\n", "just text", "[1, 2]"])
def test_that_nothing_was_there_is_told_and_is_no_error(text: str) -> None:
    done = run("-f", "-", given=text)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "0 objects in 1 file" in done.stderr


def test_what_the_operator_alone_would_say_is_said(tmp_path: Path) -> None:
    late = with_spec(POLICY, "expiresAt", "2099-01-01T00:00:00Z")
    unknown = with_spec(RULE, "action", {"builtin": {"name": "s3-blok"}})
    parameter = with_spec(
        RULE, "action.builtin", {"name": "iam-deactivate-old-access-keys", "parameters": {"maxAge": "soon"}}
    )
    parameter = {**parameter, "metadata": {"name": "keys"}}
    found = told("-f", written(tmp_path, late, unknown, parameter))
    assert [(each["path"], each["level"]) for each in found] == [
        ("spec.expiresAt", "error"),
        ("spec.action.builtin.name", "error"),
        ("spec.action.builtin.parameters", "error"),
    ]
    assert "maxSuppressionAge: 9600h" in found[0]["message"]
    assert "There is no builtin action s3-blok: write one of" in found[1]["message"]
    assert "maxAge" in found[2]["message"]


def test_a_target_that_is_scored_by_config_is_in_order(tmp_path: Path) -> None:
    rules = with_spec(TARGET, "source", {"configRules": {"names": ["my-rule"], "aggregator": "org"}})
    packs = with_spec(
        TARGET, "source", {"conformancePacks": {"names": ["OrgConformsPack-baseline-a1b2c3d4"]}}
    )
    packs = {**packs, "metadata": {"name": "packs"}}
    assert run("-f", written(tmp_path, rules, packs)).exit_code == 0


def test_how_far_away_an_end_may_be_is_said_by_the_configuration(tmp_path: Path) -> None:
    path = written(tmp_path, with_spec(POLICY, "expiresAt", "2099-01-01T00:00:00Z"))
    config = tmp_path / "config"
    config.write_text("maxSuppressionAge: 999999h", encoding="utf-8")
    assert run("-f", path, "--config", str(config)).exit_code == 0
    config.write_text("maxSuppressionAge: 1 day", encoding="utf-8")
    done = run("-f", path, "--config", str(config))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "maxSuppressionAge: '1 day' is not a duration" in done.stderr


def test_a_warning_is_an_error_only_where_that_was_asked_for(tmp_path: Path) -> None:
    odd = ["aws-foundational-security-best-practice/v/1.0.0", "my-own/v/1.0.0"]
    path = written(
        tmp_path,
        with_spec(TARGET, "source.securityStandards.standards", odd),
        with_spec(POLICY, "expiresAt", "2020-01-01T00:00:00Z"),
        POLICY,
    )
    found = told("-f", path)
    assert {each["level"] for each in found} == {"warning"}
    assert [each["path"] for each in found] == [
        "spec.source.securityStandards.standards[0]",
        "spec.source.securityStandards.standards[1]",
        "spec.expiresAt",
        "metadata.name",
    ]
    assert "did you mean aws-foundational-security-best-practices/v/1.0.0?" in found[0]["message"]
    assert "did you mean" not in found[1]["message"]
    assert "the later one replaces it" in found[3]["message"]
    assert run("-f", path).exit_code == 0
    strict = run("-f", path, "--strict")
    assert (strict.exit_code, strict.stderr.endswith("4 errors, 0 warnings\n")) == (1, True)


@pytest.mark.parametrize(
    "arguments", [[], ["-f", "/no/such/file"], ["-f", "-", "-o", "xml"], ["-f", "-", "--config", "/no/such"]]
)
def test_a_wrong_command_line_ends_with_2(arguments: list[str]) -> None:
    done = run(*arguments, given="")
    assert (done.exit_code, done.stdout) == (2, "")


def test_what_files_say_does_not_act_on_a_terminal() -> None:
    text = 'apiVersion: posture.dev/v1alpha1\nkind: "x\\e[31m\\ny"\n'
    done = run("-f", "-", given=text)
    assert "\x1b" not in done.stdout
    assert done.stdout.count("\n") == 1

"""The pages of the builtin actions say everything that a person needs to decide, and what they show works."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from posture.api.remediation_rule import RemediationRule
from posture.api.resource import parse
from posture.cli.builtins.described import wording
from posture.cli.pages import GENERATOR, files
from posture.remediation.actions.registry import builtin_actions

FOLDER = Path("docs", "remediation")
SECTIONS = [
    "How a resource is judged",
    "What is written",
    "What it can break",
    "Undo",
    "Parameters",
    "Why it may leave a resource alone",
    "Rights",
    "A rule",
]


made = cache(files)


def page_of(name: str) -> str:
    return made()[FOLDER / f"{name}.md"]


def block(text: str, language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert isinstance(found, str)
    return found


def test_there_is_a_page_for_each_action_and_an_index_that_links_to_all() -> None:
    there = {path for path in made() if path.parent == FOLDER}
    assert there == {FOLDER / f"{name}.md" for name in builtin_actions()} | {FOLDER / "README.md"}
    index = made()[FOLDER / "README.md"]
    for name, action in builtin_actions().items():
        assert f"[{name}]({name}.md)" in index
        for control in action.controls:
            assert re.search(rf"^\| {re.escape(control)} \| .*\[{name}\]", index, re.MULTILINE)


@pytest.mark.parametrize("name", builtin_actions())
def test_every_section_of_a_page_says_something(name: str) -> None:
    text = page_of(name)
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    assert [part.partition("\n")[0] for part in parts[1:]] == SECTIONS
    for part in parts[1:]:
        assert len(part.partition("\n")[2].strip()) > 4, part
    action = builtin_actions()[name]
    for said in (action.risk, action.undo_says, *action.controls, *action.works_on.types):
        assert said in text
    assert all(each.endswith((".", ")")) for each in wording(action) if each), wording(action)


@pytest.mark.parametrize("name", builtin_actions())
def test_the_rule_of_a_page_is_one_that_the_operator_takes(name: str) -> None:
    rule = parse(RemediationRule, yaml.safe_load(block(page_of(name), "yaml")))
    assert rule.spec.action.builtin is not None
    given = rule.spec.action.builtin.parameters
    action = builtin_actions()[name]
    assert set(given) == {each.name for each in action.parameters if each.required}
    if not given:
        action.configure(given)


@pytest.mark.parametrize("name", builtin_actions())
def test_the_policy_of_a_page_allows_what_the_action_calls(name: str) -> None:
    policy: dict[str, Any] = json.loads(block(page_of(name), "json"))
    iam = builtin_actions()[name].iam
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    declared = {*iam.read, *iam.write, *iam.undo}
    elsewhere = declared - allowed
    assert elsewhere <= {"organizations:ListTagsForResource"}
    assert all(f"`{action}` of the target's own role" in page_of(name) for action in elsewhere)
    assert allowed <= declared


def test_a_page_of_an_action_that_is_gone_is_stale(tmp_path: Path) -> None:
    assert GENERATOR.main(["--root", str(tmp_path)]) == 0
    left = tmp_path / FOLDER / "no-such-action.md"
    left.write_text("old", "utf-8")
    assert GENERATOR.main(["--root", str(tmp_path), "--check"]) == 1
    assert GENERATOR.main(["--root", str(tmp_path)]) == 0
    assert not left.exists()

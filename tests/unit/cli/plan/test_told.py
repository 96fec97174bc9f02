"""A plan as it is printed: JSON as promised, Markdown and SARIF that say the same and break on nothing."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from posture.cli.plan.sarif import Places, changes_as_sarif
from posture.cli.plan.told import document_of, in_form, plan_notes
from posture.cli.validate.manifests import ManifestSource, found_in
from posture.domain.grants import Mode
from posture.domain.remediation.reasons import Decision, Reason
from posture.domain.scoring.scores import Score
from posture.rehearsal.changes import PlannedChanges, PolicyChange, RuleChange, TargetChange
from tests.support.examples import examples

HOSTILE = "</td> | <script>alert(1)</script> [x](http://evil) `\x1b[31m` \n# title\n"
LOGS = PolicyChange("security/logs", 3, 1, 0, 0)
KEYS = RuleChange(
    "security/keys", Mode.ENFORCE, Counter({Reason.SUPPRESSED: 4, Reason.PLANNED: 2, Reason.DELAYED: 1}), 2
)
TARGET = TargetChange("security/organization", Score(2, 3), Score(3, 4))
CHANGES = PlannedChanges([LOGS], [KEYS], [TARGET])
FILE = """\
apiVersion: v1
kind: List
items:
- apiVersion: posture.dev/v1alpha1
  kind: SuppressionPolicy
  metadata:
    namespace: security
    name: logs
- apiVersion: posture.dev/v1alpha1
  kind: RemediationRule
  metadata: {name: keys, namespace: security}
- apiVersion: posture.dev/v1alpha1
  kind: PostureTarget
  metadata: {name: organization, namespace: security}
"""

_COUNTS = st.integers(0, 10**6)
_NAMES = st.builds("{}/{}".format, st.sampled_from(["a", "b"]), st.sampled_from(["x", "y-1", "z"]))
_SCORES = st.none() | st.integers(1, 500).flatmap(
    lambda scored: st.builds(Score, st.integers(0, scored), st.just(scored))
)
_TROUBLES = st.none() | st.text().map("DryRun: {}".format) | st.just(f"NotGranted: {HOSTILE}")
_POLICIES = st.builds(
    PolicyChange, _NAMES, _COUNTS, _COUNTS, st.none() | _COUNTS, st.none() | _COUNTS, _TROUBLES
)
_RULES = st.builds(
    RuleChange,
    _NAMES,
    st.sampled_from(Mode),
    st.none() | st.dictionaries(st.sampled_from(Reason), _COUNTS),
    _COUNTS,
    _TROUBLES,
)
_TARGETS = st.builds(TargetChange, _NAMES, _SCORES, _SCORES, _TROUBLES)
_ALL = st.builds(
    PlannedChanges,
    st.lists(_POLICIES, max_size=3, unique_by=lambda each: each.name),
    st.lists(_RULES, max_size=3, unique_by=lambda each: each.name),
    st.lists(_TARGETS, max_size=3, unique_by=lambda each: each.name),
)


KINDS: dict[type[PolicyChange | RuleChange | TargetChange], str] = {
    PolicyChange: "SuppressionPolicy",
    RuleChange: "RemediationRule",
    TargetChange: "PostureTarget",
}


def everything(changes: PlannedChanges) -> list[PolicyChange | RuleChange | TargetChange]:
    return [*changes.policies, *changes.rules, *changes.targets]


def places(file: str = "policies/all of them.yaml", text: str = FILE) -> Places:
    found = found_in(ManifestSource(file, text.encode()))
    return {(each.kind, each.name): each for each in found.manifests}


def results(text: str) -> list[dict[str, Any]]:
    document = json.loads(text)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    known = [each["id"] for each in run["tool"]["driver"]["rules"]]
    assert all(known[each["ruleIndex"]] == each["ruleId"] for each in run["results"])
    return list(run["results"])


def test_json_has_exactly_what_is_promised() -> None:
    assert document_of(CHANGES) == {
        "policies": [
            {"name": "logs", "suppress": 3, "reopen": 1, "turnOff": 0, "turnOn": 0, "trouble": None}
        ],
        "rules": [
            {
                "name": "keys",
                "remediate": 2,
                "wait": 1,
                "skip": 4,
                "reasons": {"Planned": 2, "Delayed": 1, "Suppressed": 4},
            }
        ],
        "targets": [{"name": "organization", "before": 67, "after": 75}],
    }


@pytest.mark.parametrize(
    ("changes", "anything", "complete"),
    [
        (PlannedChanges([], [], []), False, True),
        (CHANGES, True, True),
        (PlannedChanges([PolicyChange("a/x", 0, 0, 0, 0, "Expired: it did")], [], []), False, True),
        (PlannedChanges([PolicyChange("a/x", 0, 0, None, None, "AccessDenied: no")], [], []), False, False),
        (PlannedChanges([PolicyChange("a/x", 0, 0, 0, 1)], [], []), True, True),
        (PlannedChanges([], [RuleChange("a/x", Mode.DRY_RUN, {Reason.OPTED_OUT: 3})], []), False, True),
        (PlannedChanges([], [RuleChange("a/x", Mode.DRY_RUN, {Reason.CAP_REACHED: 3})], []), True, True),
        (
            PlannedChanges([], [RuleChange("a/x", Mode.DRY_RUN, None, trouble="NotGranted: no")], []),
            False,
            False,
        ),
        (PlannedChanges([], [], [TargetChange("a/x", Score(1, 2), Score(1, 2))]), False, True),
        (PlannedChanges([], [], [TargetChange("a/x", Score(1, 2), Score(2, 4))]), True, True),
        (PlannedChanges([], [], [TargetChange("a/x", None, None, "NotGranted: no")]), False, False),
    ],
)
def test_what_ends_with_which_code(changes: PlannedChanges, *, anything: bool, complete: bool) -> None:
    assert (changes.anything, changes.complete) == (anything, complete)


def test_a_comment_for_a_pull_request() -> None:
    said = (
        "**3 findings suppressed, 1 finding reopened, 2 resources to remediate, 1 resource waits**"
        " 2 resources were not read live."
    )
    tables = """\
| Policy | Suppress | Reopen | Turn off | Turn on | Trouble |
| --- | --- | --- | --- | --- | --- |
| logs | 3 | 1 | 0 | 0 |  |

| Rule | Mode | Remediate | Wait | Skip | Not read | Reasons | Trouble |
| --- | --- | --- | --- | --- | --- | --- | --- |
| keys | Enforce | 2 | 1 | 4 | 2 | Planned 2, Delayed 1, Suppressed 4 |  |

| Target | Before | After | Trouble |
| --- | --- | --- | --- |
| organization | 67 (2/3) | 75 (3/4) |  |
"""
    assert in_form(CHANGES, "markdown", {}) == f"### Posture plan\n\n{said}\n\n{tables}"


@examples(60)
@given(_ALL)
def test_markdown_holds_every_number_and_nothing_of_others_acts(changes: PlannedChanges) -> None:
    text = in_form(changes, "markdown", {})
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {each.type for each in tokens} | {child.type for each in tokens for child in each.children or ()}
    assert kinds.isdisjoint({"html_block", "html_inline", "link_open", "code_inline", "image", "fence"})
    assert [each.tag for each in tokens if each.type == "heading_open"] == ["h3"]
    rows = sum(each.type == "tr_open" for each in tokens)
    kinds_there = [kind for kind in changes if kind]
    assert rows == sum(len(kind) + 1 for kind in kinds_there)
    cells = [each.content for each in tokens if each.type == "inline"]
    for policy in changes.policies:
        assert {str(policy.suppress), str(policy.reopen)} <= set(cells)
    for rule in changes.rules:
        if rule.totals is not None:
            assert str(rule.decided(Decision.SKIP)) in cells


def test_a_comment_is_never_too_long_and_leaves_out_what_does_nothing() -> None:
    idle = [PolicyChange(f"a/{'x' * 60}-{number:03}", 0, 0, 0, 0) for number in range(400)]
    busy = [PolicyChange(f"a/z-{number}", 7, 0, 0, 0, f"Stalled: {'<' * 5000}") for number in range(40)]
    text = in_form(PlannedChanges([*idle, *busy], [], []), "markdown", {})
    assert len(text) < 65_536
    assert all(f"| z-{number} |" in text for number in range(40))
    assert text.endswith("\nAnd 390 more.\n")
    assert text.count("\n|") == 52


@examples(60)
@given(_ALL)
def test_all_forms_say_the_same(changes: PlannedChanges) -> None:
    document = document_of(changes)
    assert json.loads(in_form(changes, "json", {})) == document
    assert yaml.safe_load(in_form(changes, "yaml", {})) == document
    table = in_form(changes, "table", {})
    assert "\x1b" not in table
    for kind in document.values():
        for each in kind:
            assert each["name"] in table
    names = [each.name for each in everything(changes)]
    several = len({name.partition("/")[0] for name in names}) > 1
    assert all(("/" in each["name"]) is several for kind in document.values() for each in kind)


def test_sarif_points_at_the_name_of_each_object() -> None:
    found = results(changes_as_sarif(CHANGES, places()))
    said = [
        (each["ruleId"], each["level"], each["locations"][0]["physicalLocation"]["region"]["startLine"])
        for each in found
    ]
    assert said == [
        ("suppresses", "note", 8),
        ("reopens", "note", 8),
        ("remediates", "note", 11),
        ("moves-score", "note", 14),
    ]
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in found}
    assert uris == {"policies/all%20of%20them.yaml"}
    assert found[0]["message"]["text"] == "SuppressionPolicy security/logs would suppress 3 findings."
    assert "2 of them were not read live" in found[2]["message"]["text"]
    assert "score 75 (3/4) instead of 67 (2/3)" in found[3]["message"]["text"]


@pytest.mark.parametrize(
    ("file", "uri"),
    [("{here}/a.yaml", "a.yaml"), ("/some/a b.yaml", "file:///some/a%20b.yaml"), ("./a.yaml", "a.yaml")],
)
def test_addresses_are_those_below_the_folder_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, uri: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = results(changes_as_sarif(CHANGES, places(file.format(here=tmp_path))))
    assert {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in found} == {uri}


@pytest.mark.parametrize(
    ("trouble", "level"),
    [("DryRun: as it says", "note"), ("NotGranted: no", "error"), ("Expired: over", "error")],
)
def test_trouble_that_nobody_wanted_is_an_error(trouble: str, level: str) -> None:
    changes = PlannedChanges([PolicyChange("security/logs", 0, 0, 0, 0, trouble)], [], [])
    (found,) = results(changes_as_sarif(changes, places()))
    assert (found["ruleId"], found["level"]) == ("trouble", level)
    assert list(plan_notes(changes, live=True)) == [f"SuppressionPolicy security/logs: {trouble}"]


@examples(60)
@given(_ALL)
def test_what_no_file_has_is_in_no_sarif_and_what_one_has_is_there_once(changes: PlannedChanges) -> None:
    assert results(changes_as_sarif(changes, {})) == []
    text = "\n---\n".join(
        yaml.safe_dump(
            {
                "apiVersion": "posture.dev/v1alpha1",
                "kind": KINDS[type(each)],
                "metadata": dict(zip(("namespace", "name"), each.name.split("/"), strict=True)),
            }
        )
        for each in everything(changes)
    )
    found = results(changes_as_sarif(changes, places(text=text)))
    assert sum(each["ruleId"] == "suppresses" for each in found) == sum(
        bool(each.suppress) for each in changes.policies
    )
    assert sum(each["ruleId"] == "trouble" for each in found) == sum(
        bool(each.trouble) for each in everything(changes)
    )
    lines = text.splitlines()
    for each in found:
        region = each["locations"][0]["physicalLocation"]["region"]
        assert lines[region["startLine"] - 1][region["startColumn"] - 1 :].startswith("name: ")

"""Rules of awsfindingsmanagerlib and what their policies select; tests/component asks the library itself."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from posture.cli.importing.fml import rules_of_fml
from posture.cli.importing.rules import ImportedRule, LeftOut, NotReadableError
from tests.support.examples import examples
from tests.support.imported import asff, fml_findings, fml_rules, selected_by_fml, selected_by_import

NOTE = "We have looked at this and take it"


def imported(*rules: dict[str, Any]) -> list[ImportedRule | LeftOut]:
    return list(rules_of_fml(yaml.safe_dump({"Rules": list(rules)}).encode()).entries)


def rule(note: str = NOTE, **match_on: Any) -> dict[str, Any]:
    return {"note": note, "action": "SUPPRESSED", "match_on": match_on}


@examples(150)
@given(st.lists(fml_rules(), min_size=1, max_size=3), fml_findings())
def test_a_policy_selects_what_its_rule_does(
    rules: list[dict[str, Any]], findings: list[dict[str, Any]]
) -> None:
    notes: set[str] = set()
    for given_rule, entry in zip(rules, imported(*rules), strict=True):
        if isinstance(entry, ImportedRule):
            assert given_rule["note"] not in notes
            assert selected_by_import(entry, findings) == selected_by_fml(given_rule, findings)
        notes.add(given_rule["note"])


@pytest.mark.parametrize(
    "match_on",
    [
        {},
        {"security_control_id": "S3.1"},
        {"title": "Plain", "regions": ["eu-west-1"]},
        {"product_name": "GuardDuty", "resource_id_regexps": ["^i-0abc$", "logs"]},
        {
            "security_control_id": "S3.1",
            "tags": [{"key": "env", "value": "dev"}, {"key": "team", "value": ""}],
        },
        {"tags": [{"key": "env", "value": "dev"}], "resource_id_regexps": [".*"]},
        {"resource_id_regexps": ["(^|/)logs-(eu|us)-*"]},
    ],
)
def test_what_can_be_said_is(match_on: dict[str, Any]) -> None:
    (entry,) = imported(rule(**match_on))
    assert isinstance(entry, ImportedRule), entry
    assert entry.why == NOTE
    findings = [
        asff(
            number,
            product,
            control=control,
            Title=title,
            Resources=[{"Type": "Other", "Id": name, "Tags": tags}],
        )
        for number, (product, control, title, name, tags) in enumerate(
            (product, control, title, name, tags)
            for product, control in (("Security Hub", "S3.1"), ("Security Hub", "EC2.8"), ("GuardDuty", ""))
            for title in ("Plain", "plain")
            for name in ("i-0abc", "arn:aws:s3:::logs-eu", "xi-0abc", "a/logs-us-")
            for tags in ({}, {"env": "dev"}, {"env": "Dev"}, {"team": ""})
        )
    ]
    selected = selected_by_import(entry, findings)
    assert selected == selected_by_fml(rule(**match_on), findings)
    assert selected
    assert not match_on or len(selected) < len(findings)


@pytest.mark.parametrize(
    ("given_rule", "says"),
    [
        (rule(rule_or_control_id="1.10"), "write security_control_id"),
        (rule(security_control_id="s3.1"), "selects nothing there"),
        (rule(security_control_id="S3.*"), "wildcard"),
        (rule(title="Is it?"), "wildcard"),
        (rule(product_name="Some*"), "wildcard"),
        (rule(product_name="security hub"), "name of no product"),
        (rule(tags=[{"key": "a", "value": "*"}]), "wildcard"),
        (rule(resource_id_regexps=["a", r"b\d"]), r"resource_id_regexps[1] `b\d`"),
        (rule(tags=[{"key": "a", "value": "b"}], resource_id_regexps=["a"]), "one same resource"),
        (rule(security_control_id="S3.1", rule_or_control_id="1"), "exclude each other"),
        (rule(regions="eu-west-1"), "type that is read: regions"),
        (rule(tags=[{"key": "a"}]), "type that is read: tags"),
        (rule(severity="LOW"), "match_on may have"),
        ({**rule(), "action": "RESOLVED"}, "SUPPRESSED"),
        ({"Filters": {"Title": []}, "UpdatesToFilteredFindings": {}}, "rules of 1.x are read"),
        ({**rule(), "until": "2027"}, "nothing else"),
    ],
)
def test_what_cannot_be_said_is_left_out_aloud(given_rule: dict[str, Any], says: str) -> None:
    kept, left = imported(rule("Another note that is long enough", title="Plain"), given_rule)
    assert isinstance(kept, ImportedRule)
    assert isinstance(left, LeftOut)
    assert left.place.startswith("rule 2, line ")
    assert says in left.says


def test_of_rules_with_one_note_the_library_keeps_the_first() -> None:
    first, second = imported(rule(rule_or_control_id="1.1"), rule(title="Plain"))
    assert isinstance(first, LeftOut)
    assert isinstance(second, LeftOut)
    assert "keeps one rule for each note" in second.says
    assert first.place in second.says


def test_what_is_wider_than_it_looks_is_told() -> None:
    (everything,) = imported(rule())
    assert isinstance(everything, ImportedRule)
    assert everything.remarks == ("it asks for nothing, so it selects every finding",)
    (hub,) = imported(rule(product_name="Security Hub CSPM"))
    assert isinstance(hub, ImportedRule)
    assert "are one product to a policy" in hub.remarks[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "nothing in it"),
        (b"[]", "no list `Rules`"),
        (b"Rules: {}", "no list `Rules`"),
        (b"Rules: [", "line 1: is not YAML"),
        (b"Rules: []\nRules: []", "line 2: Rules is there already, in line 1"),
        (b"Rules: !!python/object:os.system []", "is not YAML"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"Rules: [{a: 2027-13-45}]", "cannot be read"),
        (b"[" * 1200, "cannot be read"),
    ],
)
def test_what_is_no_file_of_rules_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(NotReadableError) as refused:
        rules_of_fml(content)
    assert says in str(refused.value)

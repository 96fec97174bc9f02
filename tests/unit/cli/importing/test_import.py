"""`posture import`: what is printed, what is said beside it, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from posture.cli import main
from posture.cli.importing.manifests import as_comment, as_manifest
from posture.cli.importing.policies import policies_of
from posture.cli.importing.rules import CannotSayError, ImportedRule
from posture.cli.validate.reading import documents_in
from tests.support.examples import examples
from tests.support.imported import TERMS, asff, selected_by_import

OPTIONS = (
    "--target",
    "organization",
    "--approved-by",
    "me@example.com",
    "--expires-at",
    "2027-03-31T00:00:00Z",
)
RULES = """\
Rules:
- note: Buckets of the archive are public by design
  action: SUPPRESSED
  match_on: {security_control_id: S3.8, resource_id_regexps: ['^arn:aws:s3:::logs-(eu|us)$']}
- note: Numbers of old findings
  action: SUPPRESSED
  match_on: {rule_or_control_id: '2.3'}
- note: short
  action: SUPPRESSED
  match_on: {title: 'Plain', tags: [{key: env, value: dev}, {key: team, value: lab}]}
"""


def run(folder: Path, form: str, content: str, *options: str, terms: tuple[str, ...] = OPTIONS) -> Result:
    path = folder / "rules"
    path.write_text(content, encoding="utf-8")
    done = CliRunner().invoke(main, ["import", form, str(path), *terms, *options])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


def validated(manifests: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ["validate", "-f", "-", "-o", "json"], input=manifests)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert f"{manifests.count('kind: SuppressionPolicy')} object" in done.stderr
    return found


def test_policies_are_printed_and_what_is_missing_is_told_in_both_places(tmp_path: Path) -> None:
    done = run(tmp_path, "fml", RULES, "--justification", "Accepted by all until spring", "-n", "security")
    assert done.exit_code == 0
    assert validated(done.stdout) == []
    first, second = filter(None, yaml.safe_load_all(done.stdout))
    assert first["metadata"]["namespace"] == "security"
    assert first["metadata"]["name"].startswith("s3-8-")
    assert first["spec"]["justification"] == "Buckets of the archive are public by design"
    assert second["spec"]["justification"] == "Accepted by all until spring"
    for said in (
        "rule 2, line 5: NOT TRANSLATED: rule_or_control_id",
        "its own has 5 characters: short",
        "3 rules: 2 policies, 1 not translated",
    ):
        assert any(line.startswith("# ") and said in line for line in done.stdout.splitlines()), said
        assert said.lower() in done.stderr.lower(), said


def test_rules_are_read_from_standard_input(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["import", "fml", "-", *OPTIONS], input=RULES)
    assert done.exit_code == 0
    named = run(tmp_path, "fml", RULES).stdout
    assert done.stdout.partition("\n")[2] == named.partition("\n")[2]


def test_names_do_not_depend_on_what_stands_beside(tmp_path: Path) -> None:
    whole = list(yaml.safe_load_all(run(tmp_path, "fml", RULES).stdout))
    head, rest = RULES.split("- note: Numbers")
    alone = list(yaml.safe_load_all(run(tmp_path, "fml", "Rules:\n" + head.removeprefix("Rules:\n")).stdout))
    assert rest
    assert whole[0] == alone[0]


def test_a_short_note_needs_a_justification(tmp_path: Path) -> None:
    done = run(tmp_path, "fml", RULES)
    assert done.exit_code == 0
    assert "rule 3, line 8: not translated: a policy needs a justification of 20 to 250" in done.stderr
    assert "or give --justification" in done.stderr


def test_other_formats_pass_too(tmp_path: Path) -> None:
    mutelist = "Mutelist: {Accounts: {'012345678901': {Checks: {'*': {Regions: ['*'], Resources: ['*'],"
    done = run(
        tmp_path, "prowler-mutelist", f"{mutelist} Description: All of this is a sandbox of ours}}}}}}}}}}"
    )
    assert done.exit_code == 0
    assert validated(done.stdout) == []
    assert "spec.products has Prowler" in done.stderr
    header = "control,accounts,regions,resources,justification,approvedBy,expiresAt,reference"
    row = "S3.1,012345678901,,,Because of this and that,me,2027-03-31T00:00:00Z,SEC-1"
    done = run(tmp_path, "csv", f"{header}\n{row}\n", terms=("--target", "organization"))
    assert done.exit_code == 0
    assert validated(done.stdout) == []
    assert "'012345678901'" in done.stdout or '"012345678901"' in done.stdout


def test_a_row_without_an_end_is_left_out_where_the_command_line_has_none_either(tmp_path: Path) -> None:
    header = "control,accounts,regions,resources,justification,approvedBy,expiresAt,reference"
    ends = "S3.1,,,,Because of this and that,me,,\nS3.2,,,,Because of this and that,,2027-03-31T00:00:00Z,\n"
    rows = f"{header}\n{ends}"
    done = run(tmp_path, "csv", rows, terms=("--target", "organization"))
    assert done.exit_code == 1
    assert "row 1, line 2: not translated: the API does not take its spec.expiresAt" in done.stderr
    assert "row 2, line 3: not translated: the API does not take its spec.approvedBy" in done.stderr


def test_prowlers_findings_are_read_where_they_are_given(tmp_path: Path) -> None:
    findings = tmp_path / "findings.csv"
    findings.write_text(
        "CHECK_ID;CHECK_TITLE;RESOURCE_UID;RESOURCE_NAME;RESOURCE_TAGS\na_check;A title;arn:aws:s3:::b;b;\n",
        encoding="utf-8",
    )
    mutelist = (
        "Mutelist: {Accounts: {'*': {Checks: {a_check: {Regions: [eu], Resources: [b], Description: "
        "Nobody minds this one bucket}}}}}"
    )
    done = run(tmp_path, "prowler-mutelist", mutelist, "--findings", str(findings))
    assert done.exit_code == 0
    (policy,) = yaml.safe_load_all(done.stdout)
    assert policy["spec"]["suppressFindings"]["match"] == [
        {
            "products": ["Prowler"],
            "regions": ["*eu*"],
            "titles": ["A title"],
            "resourceIds": ["arn:aws:s3:::b"],
        }
    ]
    assert "its resources are said by ARNs, as the findings given have them" in done.stderr
    findings.write_text("nothing", encoding="utf-8")
    done = run(tmp_path, "prowler-mutelist", mutelist, "--findings", str(findings))
    assert done.exit_code == 1
    assert f"{findings}: is not Prowler's CSV" in done.stderr


@pytest.mark.parametrize(
    ("form", "content", "says"),
    [
        ("fml", "Rules: []", "holds no rules"),
        ("fml", "Rules: [", "line 1: is not YAML"),
        (
            "fml",
            RULES.split("- note: Buckets", maxsplit=1)[0] + "- {note: a, action: b, match_on: {}}",
            "1 not translated",
        ),
        ("prowler-mutelist", "Mutelist: {Accounts: {}}", "holds no rules"),
        ("csv", "a,b", "missing is control"),
    ],
)
def test_where_nothing_can_be_said_it_ends_with_1(tmp_path: Path, form: str, content: str, says: str) -> None:
    done = run(tmp_path, form, content)
    assert done.exit_code == 1
    assert says in done.stderr
    assert "kind:" not in done.stdout


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (("--target", "Not A Name", *OPTIONS[2:]), "--target"),
        ((*OPTIONS[:4], "--expires-at", "2027-03-31"), "write a time with its zone"),
        ((*OPTIONS[:4], "--expires-at", "soon"), "write a time with its zone"),
        ((*OPTIONS, "--justification", "short"), "20 to 250"),
        (("--target", "t", "--approved-by", " ", *OPTIONS[4:]), "--approved-by"),
        (OPTIONS[:4], "--expires-at"),
        (("--target", "t"), "--approved-by"),
        ((*OPTIONS, "--findings", __file__), "only a mutelist"),
        ((*OPTIONS, "-n", "No Space"), "name of a namespace"),
    ],
)
def test_a_wrong_command_line_ends_with_2(tmp_path: Path, terms: tuple[str, ...], says: str) -> None:
    done = run(tmp_path, "fml", RULES, terms=terms)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("expires_at", "says"),
    [("2020-01-01T00:00:00Z", "has passed"), ("2099-01-01T00:00:00Z", "maxSuppressionAge")],
)
def test_an_end_that_the_operator_would_not_take_is_told(tmp_path: Path, expires_at: str, says: str) -> None:
    done = run(tmp_path, "fml", RULES, terms=(*OPTIONS[:4], "--expires-at", expires_at))
    assert done.exit_code == 0
    assert says in done.stderr


def test_nothing_in_a_file_acts_on_a_terminal_or_ends_a_comment(tmp_path: Path) -> None:
    rules = yaml.safe_dump(
        {
            "Rules": [
                {
                    "note": "an escape \x1b[2J and\nkind: Secret\n---\n\u2028more words",
                    "action": "SUPPRESSED",
                    "match_on": {"resource_id_regexps": ["\x1b[0m\n---\nkind: Secret"]},
                },
                {"note": "- a: [b", "action": "SUPPRESSED", "match_on": {"title": "\x1b]0;x\x07"}},
            ]
        }
    )
    done = run(tmp_path, "fml", rules, "--justification", "Accepted by all until spring")
    assert "\x1b" not in done.stdout + done.stderr
    (policy,) = filter(None, yaml.safe_load_all(done.stdout))
    assert policy["kind"] == "SuppressionPolicy"
    assert policy["spec"]["suppressFindings"]["match"] == [{"titles": ["\x1b]0;x\x07"]}]


@examples(300)
@given(
    st.dictionaries(
        st.sampled_from(("a", "b")),
        st.one_of(
            st.text(max_size=20),
            st.from_regex(r"[-+]?[0-9_.eExXoO:]{1,12}|[ynYN]|~|=|<<|null", fullmatch=True),
        ),
        min_size=1,
    ),
    st.lists(st.text(max_size=20)),
)
def test_kubectl_reads_texts_as_they_were_meant(texts: dict[str, str], comments: list[str]) -> None:
    content = as_comment(comments) + as_manifest({"texts": texts, "list": list(texts.values())})
    (document,) = documents_in(content.encode())
    assert document.misread == []
    meant = {
        key: value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for key, value in texts.items()
    }
    assert document.value == {"texts": meant, "list": list(meant.values())}


def rule_of(**selector: Any) -> ImportedRule:
    return ImportedRule("rule 1", "x", "x", (selector,), why="Looked at and accepted by all")


def test_lists_that_are_too_long_are_cut_into_selectors_and_policies() -> None:
    ids = [f"arn:aws:s3:::{number}" for number in range(200 * 50 + 1)]
    policies = policies_of(rule_of(controls=["S3.1"], resourceIds=ids), TERMS)
    assert [len(each.document["spec"]["suppressFindings"]["match"]) for each in policies] == [50, 1]
    first, second = (each.document["metadata"]["name"] for each in policies)
    assert second == f"{first}-2"
    assert "part 2 of 2" in policies[1].remarks[0]
    findings = [
        asff(
            number,
            "Security Hub",
            control=control,
            Resources=[{"Type": "Other", "Id": f"arn:aws:s3:::{name}"}],
        )
        for number, (control, name) in enumerate(
            [("S3.1", 0), ("S3.1", 10_000), ("S3.1", 9_999), ("S3.1", 10_001), ("S3.2", 0)]
        )
    ]
    rule = rule_of(controls=["S3.1"], resourceIds=ids)
    assert selected_by_import(rule, findings) == {"finding/0", "finding/1", "finding/2"}


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (rule_of(titles=["x" * 513]), "titles[0]"),
        (rule_of(accounts=["12"]), "12 digits"),
        (rule_of(tags={"k" * 129: ["v"]}), "key of a tag"),
        (rule_of(controls=["S3.1"])._replace(reference="x" * 101), "spec.reference"),
        (rule_of(controls=["S3.1"])._replace(expires_at="2027-02-30T00:00:00Z"), "spec.expiresAt"),
        (
            rule_of(controls=["S3.1"])._replace(exceptions=[{"titles": [f"{n}"]} for n in range(51)]),
            "51 exceptions",
        ),
    ],
)
def test_what_the_api_does_not_take_is_refused(rule: ImportedRule, says: str) -> None:
    with pytest.raises(CannotSayError) as refused:
        policies_of(rule, TERMS)
    assert says in str(refused.value)

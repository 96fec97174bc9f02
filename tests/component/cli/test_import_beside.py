"""`posture import` beside awsfindingsmanagerlib and Prowler themselves: the same of the same findings."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bench.policies_beside import install
from posture.cli import main
from posture.cli.importing.fml import rules_of_fml
from posture.cli.importing.prowler import rules_of_mutelist
from posture.cli.importing.prowler_findings import read_findings
from posture.cli.importing.rules import ImportedRule, LeftOut
from tests.support.examples import examples
from tests.support.imported import (
    fml_findings,
    fml_rules,
    muted_by_prowler,
    mutelists,
    prowler_csv,
    prowler_findings,
    selected_by_fml,
    selected_by_import,
    selected_by_policies,
)

_PROGRAMS = Path(__file__).parents[2] / "support"
# Prowler alone of what it comes with, and what reading a mutelist needs.
_PROWLER = (("--no-deps", "prowler==5.46.0"), ("jsonschema", "pyyaml"))
_OPTIONS = (
    "--target",
    "organization",
    "--approved-by",
    "me@example.com",
    "--expires-at",
    "2027-03-31T00:00:00Z",
)

Case = dict[str, list[dict[str, Any]]]


def drawn(count: int) -> list[Case]:
    """Draw cases all at once: the library is asked in one process."""
    cases: list[Case] = []

    @examples(count)
    @given(st.lists(fml_rules(), min_size=1, max_size=4), fml_findings())
    def draw(rules: list[dict[str, Any]], findings: list[dict[str, Any]]) -> None:
        cases.append({"rules": rules, "findings": findings})

    draw()
    return cases


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with both, and nothing of this project."""
    found = install(tmp_path_factory.mktemp("beside"))
    for what in _PROWLER:
        pip = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
        subprocess.run(pip, check=True, timeout=200)
    return found


def asked(python: Path, program: str, cases: list[Any]) -> Any:
    done = subprocess.run(
        [str(python), "-I", "-W", "ignore", str(_PROGRAMS / program)],
        input=json.dumps(cases),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=200,
    )
    return json.loads(done.stdout)


@pytest.mark.timeout(600)
def test_policies_select_what_the_library_does(python: Path, tmp_path: Path) -> None:
    cases = drawn(150)
    compared = whole = 0
    for case, answer in zip(cases, asked(python, "fml_beside.py", cases), strict=True):
        rules, findings = case["rules"], case["findings"]
        content = yaml.safe_dump({"Rules": rules}).encode()
        entries = rules_of_fml(content).entries
        for rule, entry, ids in zip(rules, entries, answer["rules"], strict=True):
            if isinstance(entry, ImportedRule):
                assert ids is not None, "what the library refuses selects nothing there"
                assert selected_by_import(entry, findings) == set(ids)
                assert selected_by_fml(rule, findings) == set(ids), (
                    "the model that unit tests hold policies to"
                )
                compared += 1
        dropped = [each for each in entries if isinstance(each, LeftOut)]
        if answer["all"] is not None and all("one rule for each note" in each.says for each in dropped):
            assert selected_by_command(tmp_path, content, findings) == set(answer["all"])
            whole += 1
    assert compared > len(cases) // 2
    assert whole > len(cases) // 8


def selected_by_command(folder: Path, content: bytes, findings: list[dict[str, Any]]) -> set[str]:
    path = folder / "suppressions.yaml"
    path.write_bytes(content)
    done = CliRunner().invoke(main, ["import", "fml", str(path), *_OPTIONS])
    assert done.exit_code == 0, done.output
    return selected_by_policies(filter(None, yaml.safe_load_all(done.stdout)), findings)


@pytest.mark.timeout(600)
def test_policies_select_what_prowler_mutes(python: Path) -> None:
    drawn_cases: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []

    @examples(200)
    @given(mutelists(), prowler_findings())
    def draw(mutelist: dict[str, Any], findings: list[dict[str, Any]]) -> None:
        drawn_cases.append((mutelist, findings))

    draw()
    cases = [
        {
            "mutelist": mutelist,
            "findings": [
                {
                    "account": each["Finding"]["AwsAccountId"],
                    "check": each["Check"],
                    "region": each["Finding"]["Region"],
                    "resource_id": each["Name"],
                    "resource_tags": each["Finding"]["Resources"][0]["Tags"],
                }
                for each in findings
            ],
        }
        for mutelist, findings in drawn_cases
    ]
    whole = muting = 0
    for (mutelist, findings), muted in zip(
        drawn_cases, asked(python, "prowler_beside.py", cases), strict=True
    ):
        assert muted is not None, "the strategy draws what Prowler takes"
        accounts = mutelist["Mutelist"]["Accounts"].items()
        modelled = [
            number
            for number, each in enumerate(findings)
            if any(
                muted_by_prowler(account, list(said["Checks"].items()), each) for account, said in accounts
            )
        ]
        assert modelled == muted, "the model that unit tests hold policies to"
        content = yaml.safe_dump(mutelist, sort_keys=False).encode()
        entries = rules_of_mutelist(content, read_findings(prowler_csv(findings))).entries
        raw = [each["Finding"] for each in findings]
        selected: set[str] = set()
        for entry in entries:
            if isinstance(entry, ImportedRule):
                selected |= selected_by_import(entry, raw)
        ids = {raw[number]["Id"] for number in muted}
        assert selected <= ids
        if not any(isinstance(each, LeftOut) and "selects none" not in each.says for each in entries):
            assert selected == ids
            whole += 1
            muting += bool(ids)
    assert whole > len(cases) // 3
    assert muting > len(cases) // 10

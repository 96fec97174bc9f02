"""What `posture import fml` makes selects what awsfindingsmanagerlib itself does, on the same findings."""

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
from posture.cli.importing.rules import ImportedRule, LeftOut
from tests.support.examples import examples
from tests.support.imported import (
    fml_findings,
    fml_rules,
    selected_by_fml,
    selected_by_import,
    selected_by_policies,
)

_PROGRAM = Path(__file__).parents[2] / "support" / "fml_beside.py"
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


@pytest.mark.timeout(420)
def test_policies_select_what_the_library_does(tmp_path: Path) -> None:
    python = install(tmp_path / "beside")
    cases = drawn(150)
    done = subprocess.run(
        [str(python), "-I", "-W", "ignore", str(_PROGRAM)],
        input=json.dumps(cases),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=200,
    )
    compared = whole = 0
    for case, answer in zip(cases, json.loads(done.stdout), strict=True):
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

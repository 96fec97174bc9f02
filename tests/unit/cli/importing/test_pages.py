"""What the page about `posture import` shows is what is printed."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from posture.cli import main

_PAGE = Path(__file__).parents[4] / "docs" / "import.md"


def test_what_is_shown_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", _PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (_, console), (_, rules), (_, policies), (_, rows) = fences
    command, _, said = console.replace("\\\n", "").partition("\n")
    said = said.partition("$ ")[0]
    arguments = command.removeprefix("$ posture ").partition(" > ")[0].split()
    monkeypatch.chdir(tmp_path)
    Path("suppressions.yaml").write_text(rules, encoding="utf-8")
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (0, policies, said)
    Path("exceptions.csv").write_text(rows, encoding="utf-8")
    done = CliRunner().invoke(main, ["import", "csv", "exceptions.csv", "--target", "organization"])
    assert done.exit_code == 0
    assert "1 policy, 0 not translated" in done.stderr

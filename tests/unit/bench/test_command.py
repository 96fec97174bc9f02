import json
from pathlib import Path

import pytest

from bench import start
from bench.__main__ import main
from posture import cli


def test_a_measure_by_name_is_shown_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results.json"
    assert main(["--only", "decode", "--findings", "150", "--json", str(results)]) == 0
    rows = json.loads(results.read_text("utf-8"))["rows"]
    assert [row["measure"] for row in rows] == ["decode", "decode"]
    assert all(row["ours"] > 0 and row["beside"] > 0 for row in rows)
    shown = capsys.readouterr().out
    assert all(row["what"] in shown for row in rows)


def test_an_unknown_measure_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "everything"])
    assert "wire_to_store" in capsys.readouterr().err


def test_what_changes_cost_is_measured_beside_everything(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    assert main(["--only", "changes", "--findings", "500", "--json", str(results)]) == 0
    rows = json.loads(results.read_text("utf-8"))["rows"]
    assert len(rows) == 7
    assert all(row["ours"] >= 0 and len(row["samples"]) > 1 for row in rows)
    assert all(row["ratio"] > 0 for row in rows if row["beside"])


def test_the_start_of_every_command_is_measured_but_that_of_the_operator() -> None:
    assert start.CALLS.keys() == set(cli.main.list_commands(None)) - {"run"}  # type: ignore[arg-type]


def test_a_start_is_measured_beside_a_python_that_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "CALLS", {"completion": ["bash"], "validate": ["-f", "policy.yaml"]})
    rows = start.measure(0)
    assert [row.what.split(",")[0] for row in rows] == ["posture completion", "posture validate"]
    assert all(row.ours > row.beside > 0 for row in rows if row.beside)

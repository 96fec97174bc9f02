from pathlib import Path

import pytest
import yaml

from posture.api.crds import KINDS, documents
from posture.api.generate import files, main, stale
from posture.api.reference import page


def test_writes_what_it_checks(tmp_path: Path) -> None:
    assert main(["--root", str(tmp_path)]) == 0
    assert stale(tmp_path) == []
    assert main(["--root", str(tmp_path), "--check"]) == 0
    read = [
        yaml.safe_load((tmp_path / path).read_text("utf-8")) for path in files() if path.suffix == ".yaml"
    ]
    assert read == documents()


def test_names_what_is_stale_and_leaves_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--root", str(tmp_path)])
    edited, left, gone = (
        tmp_path / "crds" / name for name in ("posturetargets.posture.dev.yaml", "x.yaml", "y")
    )
    edited.write_text(edited.read_text("utf-8") + "\n", "utf-8")
    left.write_text("a: 1\n", "utf-8")
    (tmp_path / "docs/reference/api.md").unlink()
    gone.write_text("no YAML: none of its business", "utf-8")
    assert main(["--root", str(tmp_path), "--check"]) == 1
    said = capsys.readouterr().err
    names = "crds/posturetargets.posture.dev.yaml, docs/reference/api.md, crds/x.yaml"
    assert said == f"Stale: {names}. Run `make generate`.\n"
    assert left.exists()


def test_removes_crds_that_nothing_generates(tmp_path: Path) -> None:
    (tmp_path / "crds").mkdir()
    (tmp_path / "crds" / "old.yaml").write_text("a: 1\n", "utf-8")
    assert main(["--root", str(tmp_path)]) == 0
    assert not (tmp_path / "crds" / "old.yaml").exists()


def test_the_reference_tells_every_field_once() -> None:
    text = page()
    for kind in KINDS:
        section = text.split(f"### {kind.__name__} spec\n")[1].split("\n### ")[0]
        rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| `")]
        assert len(rows) == len(set(rows)) > 5
    assert "| `interval` | a duration such as 90s, 5m or 24h, at least 5s | `5m` |" in text
    assert "| `aws` | object | required |" in text
    assert "| `suppressFindings.match` | list, at most 50, each: [selector](#selector) | required |" in text
    assert "| `resolveFindings` | boolean | `true` |" in text
    assert "| `severities` | list, at most 5, each: `CRITICAL` or `HIGH` or" in text


def test_every_row_of_the_reference_has_the_cells_of_its_heading() -> None:
    cells = None
    for line in page().splitlines():
        bars = line.replace("\\|", "").count("|") if line.startswith("|") else None
        assert cells is None or bars is None or bars == cells
        cells = bars

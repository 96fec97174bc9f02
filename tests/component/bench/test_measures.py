"""Every measure runs, on an organization that is small: no number of it says anything."""

import json
from pathlib import Path

import pytest

from bench.__main__ import MEASURES, main

# Those of which a unit test is the same, or that live a life three times over (`growth`), or beside a library
# from a package index (`policies`), or that run each command again and again (`start`).
_ELSEWHERE = {"decode", "changes", "growth", "policies", "start"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("measure", sorted({*MEASURES} - _ELSEWHERE))
def test_it_gives_rows(tmp_path: Path, measure: str) -> None:
    results = tmp_path / "results.json"
    assert main(["--only", measure, "--findings", "300", "--json", str(results)]) == 0
    rows = json.loads(results.read_text("utf-8"))["rows"]
    assert {row["measure"] for row in rows} == {measure}
    assert all(row["ours"] >= 0 for row in rows)

import json
from pathlib import Path

import pytest

from bench.lag import p99
from bench.row import Aim, Row
from bench.sides import in_turns, middle
from bench.table import table, write_json

FASTER = Row("decode", "Decoding", "µs", 4.0, 100.0, "theirs", Aim("ratio", "<=", 1 / 20))


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (FASTER, True),
        (FASTER._replace(ours=5.1), False),
        (FASTER._replace(beside=None), False),
        (FASTER._replace(aim=None), None),
        (FASTER._replace(aim=Aim("ours", "<=", 3.9)), False),
        (FASTER._replace(aim=Aim("ours", "<=", 4.0)), True),
        (FASTER._replace(ours=97, aim=Aim("ratio", ">=", 0.98)), False),
        (FASTER._replace(ours=98, aim=Aim("ratio", ">=", 0.98)), True),
    ],
)
def test_an_aim_is_met_at_its_limit_and_not_beyond(row: Row, met: bool | None) -> None:
    assert row.met is met


def test_the_table_shows_numbers_ratio_and_verdict_in_columns_of_one_width() -> None:
    lines = table([FASTER, FASTER._replace(ours=12_345.6, aim=None)]).splitlines()
    assert lines[2].split("|")[1:-1] == [
        " Decoding ", " 4 µs      ", " 100 µs (theirs) ", " 1/25    ", " ≤ 1/20 ", " yes ",
    ]  # fmt: skip
    assert "12,346 µs" in lines[3]
    assert len({len(line) for line in lines}) == 1


def test_the_document_holds_what_the_table_rounds(tmp_path: Path) -> None:
    write_json(tmp_path / "results.json", [FASTER._replace(ours=4.123456)], "a machine", findings=10)
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert document["machine"] == "a machine"
    assert document["parameters"] == {"findings": 10}
    (row,) = document["rows"]
    assert (row["ours"], row["ratio"], row["met"]) == (4.123456, 0.04123456, True)
    assert row["aim"] == {"of": "ratio", "relation": "<=", "limit": 0.05}


def test_sides_take_turns_and_the_middle_ignores_an_outlier() -> None:
    order: list[str] = []
    values = iter([1.0, 10.0, 900.0, 20.0, 3.0, 30.0])

    def side(name: str) -> float:
        order.append(name)
        return next(values)

    samples = in_turns({"ours": lambda: side("ours"), "theirs": lambda: side("theirs")}, 3)
    assert order == ["ours", "theirs"] * 3
    assert middle(samples) == {"ours": 3.0, "theirs": 20.0}


def test_p99_is_the_smallest_value_that_only_one_in_a_hundred_exceeds() -> None:
    assert p99([float(value) for value in range(100)]) == 98.0
    assert p99([float(value) for value in range(1000)]) == 989.0
    assert p99([7.0]) == 7.0

"""What is printed an item at a time is what is printed at once."""

import csv
import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.cli import output
from tests.support.examples import examples

Item = dict[str, str]
COLUMNS: output.Columns[Item] = {"A": lambda each: each["a"], "B": lambda each: each["b"]}
ITEMS = st.lists(st.fixed_dictionaries({"a": st.text(max_size=60), "b": st.text(max_size=5)}), max_size=4)


def printed(items: list[Item], form: str) -> str:
    return output.listed(items, form, columns=COLUMNS, wide=COLUMNS, document=dict)


@examples(150)
@given(ITEMS)
def test_json_and_yaml_are_as_of_the_whole_list(items: list[Item]) -> None:
    assert printed(items, "json") == output.as_json(items)
    assert json.loads(printed(items, "json")) == items
    assert printed(items, "yaml") == output.as_yaml(items)


@examples(100)
@given(ITEMS)
def test_each_item_has_a_line_and_each_column_its_place(items: list[Item]) -> None:
    table = printed(items, "table").splitlines()
    assert len(table) == len(items) + 1
    start = table[0].index("B")
    assert all(line[start - 3 : start] in {"   ", "  ", " ", ""} for line in table)
    assert printed(items, "markdown").count("\n") == len(items) + 2
    rows = list(csv.reader(io.StringIO(printed(items, "csv"))))
    assert [len(row) for row in rows] == [2] * (len(items) + 1)


@pytest.mark.parametrize("form", output.LISTED)
def test_nothing_is_held_back_until_the_last_item(form: str) -> None:
    met = 0

    class Items:
        def __iter__(self) -> Iterator[Item]:
            nonlocal met
            for number in range(100):
                met = number
                yield {"a": str(number), "b": ""}

    parts = output.streamed(Items(), form, columns=COLUMNS, wide=COLUMNS, document=dict)
    for _ in range(5):
        next(parts)
    assert met < 10

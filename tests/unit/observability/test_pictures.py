"""Pictures of dashboards: what is answered is in the picture, in its place, whatever it is."""

import itertools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.grafana.generate import DASHBOARDS, PLAIN
from deploy.grafana.panel import Dashboard
from deploy.grafana.picture import lines, table
from deploy.grafana.picture.answers import Series, Source, plain
from deploy.grafana.picture.dashboard import HOW, WIDTH, picture
from deploy.grafana.picture.declared import Columns, Declared, Look, Place, Query
from deploy.grafana.picture.svg import Box, shortened, text, width_of
from deploy.grafana.picture.values import FAINT, INK, PALETTE, clock, colour, named, ticks, written
from tests.support.examples import examples

ROOT = Path(__file__).parents[3]
BOX = Box(0, 0, 500, 250)
SPAN = (1000.0, 1100.0)
NOTHING = Source(lambda _: [], lambda _: [], SPAN)
any_text = st.text(max_size=40)


def document(dashboard: Dashboard) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / PLAIN / f"{dashboard.uid}.json").read_text())
    return read


def read(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - it is our own


def words(svg: str) -> list[str]:
    """All that can be read, in the order of the drawing."""
    return [each.text or "" for each in read(svg).iter("{http://www.w3.org/2000/svg}text")]


def answering(labels: Mapping[str, str], value: float) -> Source:
    series = [Series({**labels, "n": str(n)}, [(1050.0, value), (1100.0, value)]) for n in range(30)]
    return Source(lambda _: series, lambda _: series, SPAN)


def panel(kind: str = "table", **changes: Any) -> Declared:
    plain_panel = Declared(
        kind,
        "Panel",
        Place(0, 0, 12, 8),
        Look("short", [], {}, coloured=False),
        [Query("A", "up", "{{name}}", instant=kind != "timeseries")],
        "Nothing.",
        stacked=False,
        columns=Columns({"name": "Name", "Value": "Number"}, {}, frozenset(), None),
    )
    return plain_panel._replace(**changes)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_without_data_each_panel_says_why(dashboard: Dashboard) -> None:
    said = " ".join(words(picture(document(dashboard), NOTHING)))
    for row in dashboard.rows:
        assert row.title in said
        for each in row.panels:
            assert each.title in said
            assert " ".join(each.empty.split()) in said
    assert HOW in said


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
@given(label=any_text, value=st.floats(-1e12, 1e12) | st.sampled_from([math.nan, math.inf, -math.inf]))
@examples(8)
def test_whatever_the_answers_it_is_drawn_within_the_picture(
    dashboard: Dashboard, label: str, value: float
) -> None:
    labels = {each: label for row in dashboard.rows for panel in row.panels for each in panel.labels}
    root = read(picture(document(dashboard), answering(labels, value)))
    height = float(root.attrib["height"])
    for each in root:
        if each.tag.endswith("text"):
            assert 0 <= float(each.attrib["x"]) <= WIDTH
            assert 0 <= float(each.attrib["y"]) <= height
        elif each.tag.endswith("rect"):
            left, top = (float(each.attrib.get(name, 0)) for name in ("x", "y"))
            assert 0 <= left <= left + float(each.attrib["width"]) <= WIDTH + 0.1
            assert 0 <= top <= top + float(each.attrib["height"]) <= height + 0.1
        elif "points" in each.attrib:
            for x, y in re.findall(r"(\S+),(\S+)", each.attrib["points"]):
                assert 0 <= float(x) <= WIDTH
                assert 0 <= float(y) <= height


def test_only_the_first_rows_are_drawn_where_no_more_are_wanted() -> None:
    first, second, third, *_ = DASHBOARDS[0].rows
    said = words(picture(document(DASHBOARDS[0]), NOTHING, rows=2))
    assert {first.title, second.title} <= {*said}
    assert third.title not in said


def test_what_is_chosen_is_asked_for_and_said() -> None:
    asked = list[str]()

    def ask(expression: str) -> list[Series]:
        asked.append(expression)
        return []

    said = words(picture(document(DASHBOARDS[1]), Source(ask, ask, SPAN), chosen={"workload": "shop"}))
    assert any("Workload: shop" in each for each in said)
    assert any('workload=~"shop"' in each for each in asked)
    assert not any("$" in each for each in asked)
    assert plain('rate(a{b=~"$b"}[$__rate_interval])', interval="9s") == 'rate(a{b=~".*"}[9s])'


@given(any_text)
@examples(100)
def test_text_stays_text(name: str) -> None:
    (said,) = read(f"<svg>{text(0, 0, name)}</svg>")
    assert (said.text or "").replace("\ufffd", "") == _kept(name)


def _kept(name: str) -> str:
    """The text without what XML has no place for; a parser reads every end of a line as one character."""
    kept = re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", name).replace("\ufffd", "")
    return kept.replace("\r\n", "\n").replace("\r", "\n")


@given(any_text, st.floats(30, 200))
@examples(100)
def test_what_is_too_long_is_shortened_in_its_middle(name: str, width: float) -> None:
    shown = shortened(name, width, 12)
    assert width_of(shown, 12) <= width
    if shown != name:
        head, _, tail = shown.partition("…")
        assert name.startswith(head)
        assert name.endswith(tail)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.5903, "percentunit", "59.0%"),
        (-0.288, "percentunit", "-28.8%"),
        (1, "percentunit", "100.0%"),
        (447, "short", "447"),
        (8805, "short", "8.8 K"),
        (1_500_000, "short", "1.5 Mil"),
        (0, "short", "0"),
        (3.9, "s", "3.9 s"),
        (-90, "s", "-1.5 min"),
        (1_814_399, "s", "3 weeks"),
        (0.00025, "s", "0.00025 s"),
        (178_257_920, "bytes", "170 MiB"),
        (2.5, "reqps", "2.5 req/s"),
        (7, "none", "7"),
    ],
)
def test_values_have_their_units(value: float, unit: str, shown: str) -> None:
    assert written(value, Look(unit, [], {}, coloured=False)) == shown


def test_a_word_stands_for_its_value() -> None:
    look = Look("none", [(None, "red"), (1, "green")], {"0": "no", "1": "yes"}, coloured=True)
    assert [written(each, look) for each in (0.0, 1.0)] == ["no", "yes"]
    assert colour(0, look) != colour(1, look) == colour(2, look)


def test_a_legend_is_filled_by_labels() -> None:
    assert named("{{namespace}}/{{target}}, objective", {"namespace": "a", "target": "b"}) == "a/b, objective"
    assert named("{{none}}", {}) == ""


def test_times_are_those_of_the_day() -> None:
    assert clock(86_400 + 3_661) == "01:01:01"


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
@examples(200)
def test_ticks_are_round_and_hold_all_values(least: float, span: float) -> None:
    marks = ticks(least, least + span)
    slack = 1e-6 * max(1.0, abs(least), span)
    assert marks[0] <= least + slack
    assert marks[-1] >= least + span - slack
    assert 2 <= len(marks) <= 7
    steps = [b - a for a, b in itertools.pairwise(marks)]
    assert max(steps) - min(steps) <= slack


@pytest.mark.parametrize(("fill", "least"), [(INK, 7.0), (FAINT, 4.5), *((each, 3.0) for each in PALETTE)])
def test_it_can_be_read_on_white(fill: str, least: float) -> None:
    assert _contrast(fill) >= least


@pytest.mark.parametrize("name", ["red", "orange", "green", "text"])
def test_numbers_in_colour_can_be_read_on_white(name: str) -> None:
    assert _contrast(colour(0, Look("none", [(None, name)], {}, coloured=True))) >= 4.5


def _contrast(fill: str) -> float:
    """Against white, as WCAG 2 has it."""
    parts = [int(fill[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 1.05 / (0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] + 0.05)


def rows(*values: tuple[str, float]) -> list[Series]:
    return [Series({"name": name}, [(1000.0, value)]) for name, value in values]


def test_a_table_has_a_row_for_each_set_of_labels() -> None:
    columns = Columns({"name": "Name", "Value #A": "One", "Value #B": "Two"}, {}, frozenset(), None)
    queries = [Query(each, "up", "", instant=True) for each in "AB"]
    found = table.merged(
        panel(columns=columns, queries=queries), [rows(("b", 1), ("a", 2)), rows(("b", 3), ("c", 4))]
    )
    assert found == [{"Name": "a", "One": 2}, {"Name": "b", "One": 1, "Two": 3}, {"Name": "c", "Two": 4}]


@pytest.mark.parametrize(("largest_first", "order"), [(False, "bac"), (True, "cab")])
def test_a_table_is_sorted_as_declared(largest_first: bool, order: str) -> None:
    columns = Columns({"name": "Name", "Value": "Number"}, {}, frozenset(), ("Number", largest_first))
    found = table.merged(panel(columns=columns), [rows(("a", 2), ("b", 1), ("c", 3))])
    assert "".join(str(each["Name"]) for each in found) == order


DRAWINGS: list[Callable[[list[Series]], str]] = [
    lambda series: "".join(table.drawn(panel(), [series], BOX)),
    lambda series: "".join(lines.drawn(panel("timeseries"), [series], BOX, SPAN)),
]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=["table", "lines"])
def test_what_does_not_fit_is_counted(drawing: Callable[[list[Series]], str]) -> None:
    drawn = drawing(rows(*((f"a name of some length, {n}", float(n)) for n in range(90))))
    shown = len(set(re.findall(r"a name of some length, \d+", drawn)))
    (more,) = re.findall(r"and (\d+) more", drawn)
    assert shown + int(more) == 90


def points(*values: tuple[float, float]) -> Sequence[Series]:
    return [Series({"name": "a"}, values)]


def test_a_line_has_a_gap_where_there_was_no_value() -> None:
    whole = points((1000, 1), (1010, 1), (1020, 2), (1030, 2))
    parted = points((1000, 1), (1010, 1), (1060, 2), (1070, 2))
    assert [
        "".join(lines.drawn(panel("timeseries"), [each], BOX, SPAN)).count("<polyline")
        for each in (whole, parted)
    ] == [1, 2]


def test_what_is_stacked_stands_upon_the_rest() -> None:
    series = [Series({"name": name}, [(1000.0, 1.0), (1100.0, 1.0)]) for name in "ab"]
    heights = [
        {float(y) for _, y in re.findall(r"(\S+),(\S+)", each)}
        for each in re.findall(
            r'<polyline points="([^"]*)"',
            "".join(lines.drawn(panel("timeseries", stacked=True), [series], BOX, SPAN)),
        )
    ]
    assert len(heights[0]) == len(heights[1]) == 1
    assert heights[1].pop() < heights[0].pop()


def test_each_panel_over_time_shows_the_same_time() -> None:
    (shown,) = [points((1050, 1), (1060, 1))]
    drawn = "".join(lines.drawn(panel("timeseries"), [shown], BOX, SPAN))
    assert clock(SPAN[0]) in drawn
    assert clock(SPAN[1]) in drawn


def test_the_same_answers_make_the_same_picture() -> None:
    source = answering({"namespace": "a", "target": "b"}, 0.5)
    assert picture(document(DASHBOARDS[0]), source) == picture(document(DASHBOARDS[0]), source)

"""Dashboards as they are generated: of metrics that there are, with units, words and a way out."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.grafana.generate import DASHBOARDS, PLAIN
from deploy.grafana.panel import COMMON, Dashboard, Panel
from deploy.grafana.picture.answers import plain
from tests.support.dashboards import PANELS
from tests.support.promql import complaints, nodes

ROOT = Path(__file__).parents[3]
UIDS = [
    "posture-organization",
    "posture-workload",
    "posture-exceptions",
    "posture-remediation",
    "posture-operations",
]


def document(dashboard: Dashboard) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / PLAIN / f"{dashboard.uid}.json").read_text())
    return read


def drawn(dashboard: Dashboard) -> list[dict[str, Any]]:
    return [each for each in document(dashboard)["panels"] if each["type"] != "row"]


def test_what_is_generated_is_current() -> None:
    command = [sys.executable, "-m", "deploy.grafana.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_addresses_stay_the_same() -> None:
    assert [each.uid for each in DASHBOARDS] == UIDS
    assert [document(each)["uid"] for each in DASHBOARDS] == UIDS


@pytest.mark.parametrize(("where", "panel"), PANELS.items(), ids=PANELS)
def test_its_queries_are_about_metrics_and_labels_that_there_are(where: str, panel: Panel) -> None:
    for query in panel.queries:
        assert not list(complaints(plain(query.expr))), where


@pytest.mark.parametrize(("where", "panel"), PANELS.items(), ids=PANELS)
def test_its_series_have_the_labels_that_it_says_they_have(where: str, panel: Panel) -> None:
    """Each query is aggregated, so that a takeover by another replica is not seen twice."""
    for query in panel.queries:
        kept = [
            {*part.modifier.labels}
            for part in nodes(plain(query.expr))
            if type(part).__name__ == "AggregateExpr"
        ]
        assert {"cluster", *panel.labels} in kept or "group_left" in query.expr, where
        assert not re.search(r"\bpod\b", query.expr)


@pytest.mark.parametrize(("where", "panel"), PANELS.items(), ids=PANELS)
def test_it_explains_itself_and_why_it_may_be_empty(where: str, panel: Panel) -> None:
    assert panel.description.endswith("."), where
    assert panel.empty.endswith((".", "`.")), where
    assert len(panel.empty) > len("No data.")
    assert all(query.name for query in panel.queries)
    assert {*panel.units} <= {query.name for query in panel.queries}
    assert panel.sort is None or panel.sort[0] in {query.name for query in panel.queries}
    for label in re.findall(r"\{\{(\w+)\}\}", " ".join(query.name for query in panel.queries)):
        assert label in {"cluster", *panel.labels}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_each_panel_is_drawn_as_declared(dashboard: Dashboard) -> None:
    declared = [panel for row in dashboard.rows for panel in row.panels]
    for panel, made in zip(declared, drawn(dashboard), strict=True):
        defaults = made["fieldConfig"]["defaults"]
        assert made["title"] == panel.title
        assert defaults["unit"] == panel.unit
        assert defaults["noValue"] == panel.empty
        assert defaults["thresholds"]["steps"][0]["value"] is None
        assert [each["expr"] for each in made["targets"]] == [each.expr for each in panel.queries]
        assert {each["datasource"]["uid"] for each in (made, *made["targets"])} == {"${datasource}"}
        assert all(each["instant"] == (panel.kind != "lines") for each in made["targets"])
        wanted = [{"displayName": panel.sort[0], "desc": panel.sort[1]}] if panel.sort else []
        assert made.get("options", {}).get("sortBy", []) == wanted
    ids = [each["id"] for each in document(dashboard)["panels"]]
    assert len(set(ids)) == len(ids)
    assert all(ids)


@pytest.mark.parametrize(("where", "panel"), PANELS.items(), ids=PANELS)
def test_a_table_has_room_for_its_columns(where: str, panel: Panel) -> None:
    columns = 1 + len(panel.labels) + len(panel.queries)
    assert panel.kind != "table" or panel.width == 24 or columns <= 5, where


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_nothing_lies_over_anything_else(dashboard: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    for each in document(dashboard)["panels"]:
        place = each["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_all_have_the_same_choices_and_use_those_that_they_have(dashboard: Dashboard) -> None:
    variables = document(dashboard)["templating"]["list"]
    names = [each["name"] for each in variables]
    assert names == [
        "datasource",
        "cluster",
        "namespace",
        "target",
        *(each.name for each in dashboard.variables),
    ]
    assert all(each["label"] and each["description"] for each in variables)
    queries = " ".join(each["expr"] for panel in drawn(dashboard) for each in panel["targets"])
    used = {*re.findall(r"\$(\w+)", queries)} - {"__rate_interval"}
    assert used == {*names} - {"datasource"}
    for each in (*COMMON, *dashboard.variables):
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", each.values)
        assert found
        assert not list(complaints(plain(f"count by ({found[2]}) ({found[1]})")))


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_links_lead_to_dashboards_that_there_are(dashboard: Dashboard) -> None:
    read = document(dashboard)
    (link,) = read["links"]
    assert link["type"] == "dashboards"
    assert link["includeVars"]
    assert link["keepTime"]
    assert {*link["tags"]} <= {*read["tags"]}
    for url in _urls(read):
        uid, _, choices = url.removeprefix("/d/").partition("?")
        (linked,) = [each for each in DASHBOARDS if each.uid == uid]
        wanted = {*re.findall(r"var-(\w+)=", choices)}
        assert wanted <= {each.name for each in (*COMMON, *linked.variables)}
        (panel,) = [
            each for row in dashboard.rows for each in row.panels if each.link and each.link[2] == url
        ]
        headings = {label.replace("_", " ").capitalize() for label in panel.labels}
        assert {*re.findall(r"fields\.(\w+)", choices)} | {panel.link[0] if panel.link else ""} <= headings


def _urls(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if str(node.get("url", "")).startswith("/d/"):
            yield node["url"]
        for each in node.values():
            yield from _urls(each)
    elif isinstance(node, list):
        for each in node:
            yield from _urls(each)


def test_there_is_a_link_from_accounts_to_their_workload() -> None:
    assert list(_urls(document(DASHBOARDS[0])))

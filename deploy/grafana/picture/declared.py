"""A dashboard as its JSON declares it: of Grafana's words those that a drawing needs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where a panel lies, in Grafana's grid of 24 columns."""

    x: int
    y: int
    w: int
    h: int


class Look(NamedTuple):
    """How values are written. `steps`: colours from a value on, the first from None; `words` for values."""

    unit: str
    steps: Sequence[tuple[float | None, str]]
    words: Mapping[str, str]
    coloured: bool
    """Whether the steps are those of each value; otherwise each series has a colour of its own."""


class Query(NamedTuple):
    """A query, and what its series are called."""

    ref_id: str
    expr: str
    legend: str
    instant: bool


class Columns(NamedTuple):
    """The columns of a table: headings by field in their order, and what is special about some of them."""

    headings: Mapping[str, str]
    units: Mapping[str, str]
    coloured: frozenset[str]
    sorted_by: tuple[str, bool] | None
    """A heading, and whether the largest comes first."""


class Declared(NamedTuple):
    """A panel, or the heading of a row of them. `kind`: stat, timeseries, bargauge, table, row."""

    kind: str
    title: str
    place: Place
    look: Look
    queries: Sequence[Query]
    empty: str
    stacked: bool
    columns: Columns


def panels(document: Mapping[str, Any]) -> list[Declared]:
    """Read the panels of a dashboard."""
    return [_panel(each) for each in document["panels"]]


def _panel(made: Mapping[str, Any]) -> Declared:
    defaults = made.get("fieldConfig", {}).get("defaults", {})
    place = made["gridPos"]
    stacking = defaults.get("custom", {}).get("stacking", {}).get("mode", "none")
    return Declared(
        made["type"],
        made["title"],
        Place(place["x"], place["y"], place["w"], place["h"]),
        _look(defaults),
        [
            Query(each["refId"], each["expr"], each["legendFormat"], bool(each.get("instant")))
            for each in made.get("targets", ())
        ],
        defaults.get("noValue", ""),
        stacking != "none",
        _columns(made),
    )


def _look(defaults: Mapping[str, Any]) -> Look:
    steps = defaults.get("thresholds", {}).get("steps", ())
    words = {
        value: said["text"]
        for mapping in defaults.get("mappings", ())
        for value, said in mapping["options"].items()
    }
    coloured = defaults.get("color", {}).get("mode") == "thresholds"
    return Look(
        defaults.get("unit", "none"), [(each["value"], each["color"]) for each in steps], words, coloured
    )


def _columns(made: Mapping[str, Any]) -> Columns:
    organized: Mapping[str, Any] = next(
        (each["options"] for each in made.get("transformations", ()) if each["id"] == "organize"), {}
    )
    order: Mapping[str, int] = organized.get("indexByName", {})
    renamed: Mapping[str, str] = organized.get("renameByName", {})
    units, coloured = {}, set()
    for override in made.get("fieldConfig", {}).get("overrides", ()):
        heading = override["matcher"]["options"]
        for each in override["properties"]:
            if each["id"] == "unit":
                units[heading] = each["value"]
            elif each["id"] == "custom.cellOptions" and each["value"]["type"] == "color-text":
                coloured.add(heading)
    by = next(iter(made.get("options", {}).get("sortBy") or ()), None)
    return Columns(
        {field: renamed.get(field, field) for field in sorted(order, key=lambda each: order[each])},
        units,
        frozenset(coloured),
        (by["displayName"], bool(by.get("desc"))) if by else None,
    )

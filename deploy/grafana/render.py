"""Panels and dashboards in Grafana's own words."""

import itertools
import json
from collections.abc import Iterator

from grafana_foundation_sdk.builders import bargauge, common, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as words
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.panel import COMMON, Dashboard, Panel, Steps, Variable

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "posture"
_Built = stat.Panel | bargauge.Panel | timeseries.Panel | table.Panel


def rendered(dashboard: Dashboard) -> str:
    """Return the dashboard as Grafana imports it: JSON."""
    made = (
        builders.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(dashboard.description)
        .tags([TAG])
        .time(dashboard.since, "now")
        .refresh("5m")
        .timezone("browser")
        .editable()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(
            builders.DashboardLink("Posture")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(include_vars=True)
            .keep_time(keep_time=True)
        )
        .with_variable(
            builders.DatasourceVariable("datasource")
            .label("Data source")
            .description("The Prometheus that scrapes the operator.")
            .type("prometheus")
        )
    )
    for variable in (*COMMON, *dashboard.variables):
        made = made.with_variable(_variable(variable))
    ids = itertools.count(1)
    for row in dashboard.rows:
        made = made.with_row(builders.Row(row.title).id(next(ids)))
        for panel in row.panels:
            made = made.with_panel(_panel(panel).id(next(ids)))
    return json.dumps(made.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _variable(variable: Variable) -> builders.QueryVariable:
    return (
        builders.QueryVariable(variable.name)
        .label(variable.label)
        .description(variable.description)
        .datasource(SOURCE)
        .query({"query": variable.values, "refId": variable.name})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        # Series without the label are among all.
        .all_value(".*")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _panel(panel: Panel) -> _Built:
    built = _drawn(panel)
    built = (
        built.title(panel.title)
        .description(panel.description)
        .datasource(SOURCE)
        .unit(panel.unit)
        .no_value(panel.empty)
        .span(panel.width)
        .height(panel.height)
        .thresholds(_thresholds(panel.steps))
    )
    if panel.words:
        options = {str(value): models.ValueMappingResult(text=text) for value, text in panel.words.items()}
        built = built.mappings([models.ValueMap(options=options)])
    for ref_id, query in zip(_ref_ids(), panel.queries, strict=False):
        target = Dataquery().expr(query.expr).ref_id(ref_id).datasource(SOURCE).legend_format(query.name)
        target = target.range() if panel.kind == "lines" else target.instant()
        if panel.kind == "table":
            target = target.format(PromQueryFormat.TABLE)
        built = built.with_target(target)
    return built


def _drawn(panel: Panel) -> _Built:
    last = common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(values=False)
    coloured = builders.FieldColor().mode(
        models.FieldColorModeId.THRESHOLDS if panel.steps else models.FieldColorModeId.PALETTE_CLASSIC
    )
    match panel.kind:
        case "stat":
            return (
                stat.Panel()
                .reduce_options(last)
                .color_scheme(coloured)
                .color_mode(words.BigValueColorMode.VALUE)
                .graph_mode(words.BigValueGraphMode.NONE)
                .text_mode(words.BigValueTextMode.VALUE_AND_NAME)
            )
        case "bars":
            return (
                bargauge.Panel()
                .reduce_options(last)
                .color_scheme(coloured)
                .orientation(words.VizOrientation.HORIZONTAL)
            )
        case "lines":
            lines = timeseries.Panel().fill_opacity(10).show_points(words.VisibilityMode.NEVER)
            if panel.stacked:
                lines = lines.stacking(common.StackingConfig().mode(words.StackingMode.NORMAL))
            return lines.legend(
                common.VizLegendOptions()
                .show_legend(show_legend=True)
                .display_mode(words.LegendDisplayMode.LIST)
                .placement(words.LegendPlacement.BOTTOM)
            )
        case "table":
            return _table(panel)


def _table(panel: Panel) -> table.Panel:
    """Return a table of the newest values: a column a label, and one a query."""
    several = len(panel.queries) > 1
    values = {
        f"Value #{ref_id}" if several else "Value": query.name
        for ref_id, query in zip(_ref_ids(), panel.queries, strict=False)
    }
    headings = {label: _heading(label) for label in ("cluster", *panel.labels)} | values
    made = (
        table.Panel()
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            models.DataTransformerConfig(
                id_val="organize",
                options={
                    "excludeByName": {"Time": True},
                    "indexByName": {name: index for index, name in enumerate(headings)},
                    "renameByName": headings,
                },
            )
        )
    )
    for label in ("cluster", *panel.labels):
        made = made.override_by_name(
            _heading(label), [models.DynamicConfigValue(id_val="unit", value="string")]
        )
    if panel.sort:
        column, largest_first = panel.sort
        made = made.sort_by([common.TableSortByFieldState().display_name(column).desc(desc=largest_first)])
    for column, unit in panel.units.items():
        made = made.override_by_name(column, [models.DynamicConfigValue(id_val="unit", value=unit)])
    if panel.steps:
        colour = models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})
        for query in panel.queries:
            if query.name not in panel.units:
                made = made.override_by_name(query.name, [colour])
    if panel.link:
        column, text, url = panel.link
        links = [{"title": text, "url": url}]
        made = made.override_by_name(column, [models.DynamicConfigValue(id_val="links", value=links)])
    return made


def _heading(label: str) -> str:
    return label.replace("_id", "").replace("_", " ").capitalize()


def _thresholds(steps: Steps) -> builders.ThresholdsConfig:
    made = [models.Threshold(value=value, color=colour) for value, colour in steps]
    return (
        builders.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps(made or [models.Threshold(value=None, color="text")])
    )


def _ref_ids() -> Iterator[str]:
    yield from "ABCDEFGHIJ"

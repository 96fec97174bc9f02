"""The PrometheusRule of the chart: the rules of the plain file, and what the values say is different."""

import json
import re
from typing import Any

import pytest
import yaml

from deploy.prometheus.generate import GROUPS, PLAIN
from tests.chart.conftest import CHART, ROOT, Helm, Manifest, Render, kinds

ALERTS = [alert for group in GROUPS for alert in group.alerts]


def rules(render: Render, **given: Any) -> list[Manifest]:
    (found,) = kinds(render(prometheusRule={"enabled": True, **given}))["PrometheusRule"]
    groups: list[Manifest] = found["spec"]["groups"]
    return groups


def by_name(groups: list[Manifest]) -> dict[str, Manifest]:
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_there_is_none_unless_wanted(render: Render) -> None:
    assert "PrometheusRule" not in kinds(render())


def test_without_values_the_rules_are_those_of_the_plain_file(render: Render) -> None:
    assert rules(render) == yaml.safe_load((ROOT / PLAIN).read_text())["groups"]


def test_an_alert_is_turned_off_alone(render: Render) -> None:
    off = by_name(rules(render, alerts={"PostureThrottled": {"enabled": False}}))
    assert {alert.name for alert in ALERTS} - off.keys() == {"PostureThrottled"}
    on = by_name(rules(render, alerts={"PostureThrottled": {"enabled": True}}))
    assert on == by_name(rules(render))


def test_a_group_without_alerts_is_left_out(render: Render) -> None:
    (operator, *rest) = GROUPS
    groups = rules(render, alerts={alert.name: {"enabled": False} for alert in operator.alerts})
    assert [group["name"] for group in groups] == [group.name for group in rest]


@pytest.mark.parametrize(
    ("name", "given", "expr"),
    [
        ("PostureThrottled", {"threshold": 0.05}, "> 0.05"),
        ("PostureThrottled", {"threshold": 0}, "> 0"),
        ("PostureCriticalFindings", {"threshold": 1500000}, r"> 1\.5e\+06"),
        ("PostureSyncStale", {"threshold": 5}, r"> 5 \* max"),
        ("PostureScoreDropped", {"window": "4w"}, r"\[4w\]"),
    ],
)
def test_a_threshold_and_a_window_are_put_in(
    render: Render, name: str, given: dict[str, Any], expr: str
) -> None:
    before, after = by_name(rules(render)), by_name(rules(render, alerts={name: given}))
    assert re.search(expr, after[name]["expr"])
    assert before.pop(name) != after.pop(name)
    assert before == after


def test_how_long_and_how_severe_is_put_in(render: Render) -> None:
    given = {"PostureCriticalFindings": {"for": "72h", "severity": "page"}}
    rule = by_name(rules(render, alerts=given))["PostureCriticalFindings"]
    assert rule["for"] == "72h"
    assert rule["labels"] == {"severity": "page", "finding_severity": "critical"}


def test_labels_and_the_place_of_runbooks_are_those_of_every_alert(render: Render) -> None:
    given = by_name(
        rules(render, alertLabels={"team": "security"}, runbookUrl="https://docs.example.com/runbooks/")
    )
    for name, rule in given.items():
        assert rule["labels"]["team"] == "security"
        assert rule["annotations"]["runbook_url"] == f"https://docs.example.com/runbooks/{name}.md"


def test_the_object_has_the_labels_that_prometheus_selects_by(render: Render) -> None:
    (found,) = kinds(render(prometheusRule={"enabled": True, "labels": {"release": "prometheus"}}))[
        "PrometheusRule"
    ]
    assert found["metadata"]["labels"]["release"] == "prometheus"
    assert found["metadata"]["labels"]["app.kubernetes.io/name"] == "posture-operator"


def test_the_schema_lets_each_alert_have_what_it_can_use() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    patterns = schema["properties"]["prometheusRule"]["properties"]["alerts"]["patternProperties"]
    taken: dict[str, set[str]] = {}
    for pattern, kind in patterns.items():
        definition = schema["definitions"][kind["$ref"].removeprefix("#/definitions/")]
        for name in pattern.removeprefix("^(").removesuffix(")$").split("|"):
            taken[name] = definition["properties"].keys() - {"enabled", "for", "severity"}
    assert taken == {
        alert.name: ({"threshold"} if alert.threshold is not None else set())
        | ({"window"} if alert.window else set())
        for alert in ALERTS
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"alerts": {"PostureNothing": {"enabled": False}}},
        {"alerts": {"PostureOperatorDown": {"threshold": 1}}},
        {"alerts": {"PostureThrottled": {"window": "1h"}}},
        {"alerts": {"PostureThrottled": {"for": "5 minutes"}}},
        {"alerts": {"PostureThrottled": {"threshold": -1}}},
        {"alerts": {"PostureScoreDropped": {"window": "0s"}}},
        {"alerts": {"PostureThrottled": {"severity": "{{ $value }}"}}},
        {"alertLabels": {"severity": "page"}},
        {"alertLabels": {"a-b": "c"}},
        {"runbookUrl": "{{ .ExternalURL }}"},
        {"runbookUrl": "docs"},
    ],
)
def test_values_that_do_not_fit_are_refused(helm: Helm, wrong: dict[str, Any]) -> None:
    given = {"prometheusRule": {"enabled": True, **wrong}}
    done = helm("template", "posture", str(CHART), values=given, check=False)
    assert done.returncode != 0
    assert "prometheusRule" in done.stderr

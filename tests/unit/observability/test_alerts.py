"""Alerts as they are declared: of metrics that there are, complete, each with its page."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.prometheus.alert import Alert
from deploy.prometheus.generate import GROUPS, RUNBOOKS, files
from tests.support.promql import METRICS, complaints, nodes
from tests.support.rule_tests import RULES

ROOT = Path(__file__).parents[3]
ALERTS = [alert for group in GROUPS for alert in group.alerts]
MANAGER = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alertmanager.yaml").read_text())
SECTIONS = ["Meaning", "First commands", "Causes", "Fix"]


def runbook(name: str) -> str:
    return (ROOT / RUNBOOKS / f"{name}.md").read_text()


def named(alert: Alert) -> str:
    return alert.name


@pytest.mark.parametrize("alert", ALERTS, ids=named)
def test_it_is_about_metrics_and_labels_that_there_are(alert: Alert) -> None:
    assert not list(complaints(RULES[alert.name]["expr"]))


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("posture_scores", "there is no metric posture_scores"),
        ('posture_accounts{state="silent",severity="high"}', "posture_accounts has no label severity"),
        ("rate(posture_sync_error_total[5m])", "there is no metric posture_sync_error_total"),
        ("sum(posture_accounts)", "an aggregation says not by what: sum(posture_accounts)"),
        ("sum by (hub) (posture_accounts)", "an aggregation by labels that are not there: ['hub']"),
    ],
)
def test_the_linter_finds_what_is_wrong(query: str, complaint: str) -> None:
    assert list(complaints(query)) == [complaint]


def test_the_linter_reads_selectors_of_every_kind() -> None:
    query = (
        "max_over_time(posture_x[5m]) + posture_y offset 1d - delta(posture_z[1h:5m]) and on (a) posture_w"
    )
    assert len(list(complaints(query))) == 4


@pytest.mark.parametrize("alert", ALERTS, ids=named)
def test_what_a_scrape_adds_does_not_tell_one_alert_from_the_next(alert: Alert) -> None:
    """A takeover by another replica would resolve the alert and fire it anew."""
    kept = {
        label
        for part in nodes(RULES[alert.name]["expr"])
        if type(part).__name__ == "AggregateExpr"
        for label in part.modifier.labels
    }
    assert kept - {"instance"} == kept or alert.name == "PostureEventLoopLate"
    assert "pod" not in kept
    assert not kept or "cluster" in kept
    # The metric's own severity is no severity of an alert.
    assert "severity" not in kept


@pytest.mark.parametrize("alert", ALERTS, ids=named)
def test_it_is_complete(alert: Alert) -> None:
    rule = RULES[alert.name]
    assert re.fullmatch(r"Posture[A-Za-z]+", alert.name)
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert re.fullmatch(r"\d+[mhd]", rule["for"])
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{alert.name}.md"
    assert rule["annotations"]["summary"].endswith(".")
    assert "{{" not in alert.description
    for placeholder in ("THRESHOLD", "WINDOW"):
        assert placeholder not in rule["expr"]
    assert ("THRESHOLD" in alert.expr) == (alert.threshold is not None) == bool(alert.threshold_means)
    assert ("WINDOW" in alert.expr) == bool(alert.window)


def test_names_are_unique() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)


@pytest.mark.parametrize("alert", ALERTS, ids=named)
def test_its_page_says_what_it_means_what_to_run_what_causes_it_and_what_helps(alert: Alert) -> None:
    text = runbook(alert.name)
    assert text.startswith(f"# {alert.name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    parts = re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]
    assert all(part.strip() for part in parts)
    assert "```sh\n" in parts[1]


def test_every_page_is_of_an_alert() -> None:
    pages = {path.stem for path in (ROOT / RUNBOOKS).glob("*.md")} - {"README"}
    assert pages == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=named)
def test_its_page_names_what_there_is(alert: Alert) -> None:
    text = runbook(alert.name)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert (ROOT / RUNBOOKS / target).exists(), target
    for metric in re.findall(r"`(posture_[a-z_]+)`", text):
        assert metric in METRICS
    for field in re.findall(r"\b(spec|status)\.([a-zA-Z]+)", text):
        assert field in FIELDS, field


def _fields() -> set[tuple[str, str]]:
    found = set()
    for path in (ROOT / "crds").glob("*.yaml"):
        (version,) = yaml.safe_load(path.read_text())["spec"]["versions"]
        parts: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]
        found |= {(part, name) for part in ("spec", "status") for name in parts[part]["properties"]}
    # Of a pod, in a command.
    return found | {("spec", "containers")}


FIELDS = _fields()


def test_what_is_generated_is_current() -> None:
    command = [sys.executable, "-m", "deploy.prometheus.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in files()} == {"alerts.yaml", "README.md"}


def test_the_example_of_alertmanager_names_alerts_and_labels_that_there_are() -> None:
    matchers = [each for route in MANAGER["route"]["routes"] for each in route["matchers"]] + [
        each
        for rule in MANAGER["inhibit_rules"]
        for each in rule["source_matchers"] + rule["target_matchers"]
    ]
    assert matchers
    for matcher in matchers:
        label, _, pattern = re.match(r'(\w+)(=~|!~|=)"(.*)"$', matcher).groups()  # type: ignore[union-attr] # else it fails here
        values = {"alertname": set(RULES)} | {
            name: {rule["labels"].get(name, "") for rule in RULES.values()}
            for name in ("severity", "finding_severity")
        }
        for alternative in pattern.split("|"):
            assert any(re.fullmatch(alternative, value) for value in values[label]), matcher

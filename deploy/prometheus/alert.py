"""What an alert is, and the rule that Prometheus reads."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

Severity = Literal["critical", "warning", "info"]
Rule = Mapping[str, object]

THRESHOLD, WINDOW = "THRESHOLD", "WINDOW"
"""What stands in an expression where a value of the chart is put in."""


class Alert(NamedTuple):
    """An alert with its defaults. Each has a page of its name in `docs/runbooks`."""

    name: str
    severity: Severity
    lasts: str
    """How long the expression has to be true (a duration of Prometheus)."""
    expr: str
    """PromQL, aggregated by labels of the metric and `cluster`: a scrape's own change with each replica."""
    summary: str
    """One line; a template of Prometheus."""
    description: str
    """What it means, and where to begin. The same text whatever the labels."""
    threshold: float | None = None
    """What `THRESHOLD` in the expression stands for; None: there is none."""
    threshold_means: str = ""
    window: str = ""
    """What `WINDOW` in the expression stands for; empty: there is none."""
    labels: Mapping[str, str] = {}
    """Beside the severity."""


class Group(NamedTuple):
    """Alerts that are evaluated one after the other."""

    name: str
    alerts: Sequence[Alert]


def rule(alert: Alert, runbooks: str) -> Rule:
    """Return the rule with the defaults put in; `runbooks`: where the pages are, with a `/` at the end."""
    expr = alert.expr
    if alert.threshold is not None:
        expr = expr.replace(THRESHOLD, number(alert.threshold))
    return _rule(alert, expr.replace(WINDOW, alert.window), f"{runbooks}{alert.name}.md")


def adjustable(alert: Alert) -> Rule:
    """Return the rule as the chart takes it: with placeholders, and the defaults beside it."""
    defaults: dict[str, object] = {}
    if alert.threshold is not None:
        defaults["threshold"] = alert.threshold
    if alert.window:
        defaults["window"] = alert.window
    return {**_rule(alert, alert.expr, f"{alert.name}.md"), "defaults": defaults}


def number(value: float) -> str:
    """Write a number as briefly as PromQL takes it."""
    return f"{value:g}"


def _rule(alert: Alert, expr: str, runbook: str) -> Rule:
    return {
        "alert": alert.name,
        "expr": expr,
        "for": alert.lasts,
        "labels": {"severity": alert.severity, **alert.labels},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": runbook,
        },
    }

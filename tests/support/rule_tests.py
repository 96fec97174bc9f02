"""Alerts tried by promtool: series over time, and when which alert fires with what."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from deploy.prometheus.alert import rule
from deploy.prometheus.generate import GROUPS, RUNBOOKS
from sandbox import tools

RULES: Mapping[str, Any] = {alert.name: rule(alert, RUNBOOKS) for group in GROUPS for alert in group.alerts}
"""The rules by the names of their alerts, with the defaults in them."""

MINUTES = {"": 1, "m": 1, "h": 60, "d": 1440}


class Fires(NamedTuple):
    """An alert that is to fire: its labels beside those that the rule sets, and its summary."""

    summary: str
    labels: Mapping[str, str] = {}


class Case(NamedTuple):
    """Series (in promtool's notation, a value a step), and what fires when; times as `90m`, `25h` or `8d`."""

    alert: str
    series: Mapping[str, str]
    expected: Sequence[tuple[str, Sequence[Fires]]]
    step: int = 1
    """Minutes from one value, and from one evaluation, to the next."""


def steps(value: float, minutes: str, step: int = 1) -> str:
    """Write a value that stays the same for so long."""
    return f"{value:g}x{_minutes(minutes) // step - 1}"


def gone(minutes: str, step: int = 1) -> str:
    """Write that there is no value for so long."""
    return f"_x{_minutes(minutes) // step}"


def run(case: Case, folder: Path) -> str:
    """Return what promtool complains of; empty where everything is as expected."""
    declared = RULES[case.alert]
    expected = [
        {
            "eval_time": at,
            "alertname": case.alert,
            "exp_alerts": [
                {
                    "exp_labels": {**declared["labels"], **each.labels},
                    "exp_annotations": {**declared["annotations"], "summary": each.summary},
                }
                for each in fires
            ],
        }
        for at, fires in case.expected
    ]
    series = [{"series": name, "values": values} for name, values in case.series.items()]
    return promtool([declared], [{"series": series, "alerts": expected, "step": case.step}], folder)


def promtool(rules: Sequence[Any], tests: Sequence[Mapping[str, Any]], folder: Path) -> str:
    """Try rules; of each test `series` (input_series), `alerts` (alert_rule_test), `step` (minutes)."""
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "tried", "rules": list(rules)}]}))
    document = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{min(each['step'] for each in tests)}m",
        "tests": [
            {
                "interval": f"{each['step']}m",
                "input_series": each["series"],
                "alert_rule_test": each["alerts"],
            }
            for each in tests
        ],
    }
    (folder / "test.yaml").write_text(yaml.safe_dump(document, width=1_000_000))
    done = subprocess.run(
        [tools.find("promtool"), "test", "rules", folder / "test.yaml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _minutes(text: str) -> int:
    found = re.fullmatch(r"(\d+)([mhd])", text)
    assert found, text
    return int(found[1]) * MINUTES[found[2]]

"""The example for Alertmanager, by its own tool: it is taken, and each alert goes where the page says."""

import subprocess
from pathlib import Path

import pytest

from sandbox import tools
from tests.support.rule_tests import RULES

EXAMPLE = Path(__file__).parents[3] / "deploy" / "prometheus" / "alertmanager.yaml"


def amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(tools.find("amtool")), *arguments], capture_output=True, text=True, check=False, timeout=30
    )


def test_amtool_takes_it() -> None:
    done = amtool("check-config", str(EXAMPLE))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", RULES)
def test_each_alert_goes_where_the_page_says(name: str) -> None:
    labels = {"alertname": name, **RULES[name]["labels"]}
    wanted = ["pagerduty"] if labels["severity"] == "critical" else []
    if "finding_severity" in labels:
        wanted.append("jira-findings")
    elif labels["severity"] == "warning":
        wanted.append("jira-operations")
    done = amtool(
        *("config", "routes", "test", f"--config.file={EXAMPLE}"),
        *(f"{key}={value}" for key, value in labels.items()),
    )
    assert done.stdout.strip().split(",") == (wanted or ["nobody"])


def test_alerts_of_others_go_nowhere() -> None:
    done = amtool(
        "config", "routes", "test", f"--config.file={EXAMPLE}", "alertname=Watchdog", "severity=critical"
    )
    assert done.stdout.strip() == "nobody"

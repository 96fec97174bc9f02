"""`python -m deploy.prometheus.generate`: the rule file, what the chart takes, and the list of runbooks.

With `--check` nothing is written; stale files are named and the exit code is 1.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from deploy.prometheus.alert import Alert, Group, Rule, adjustable, number, rule
from deploy.prometheus.exception_alerts import EXCEPTIONS
from deploy.prometheus.operator_alerts import OPERATOR
from deploy.prometheus.remediation_alerts import REMEDIATION
from deploy.prometheus.score_alerts import SCORE
from deploy.prometheus.sync_alerts import SYNC
from posture.api.generated import Files, Generator

GROUPS: Sequence[Group] = (OPERATOR, SYNC, SCORE, EXCEPTIONS, REMEDIATION)
RUNBOOKS = "docs/runbooks/"
"""From the repository's root."""
PLAIN = Path("deploy", "prometheus", "alerts.yaml")
CHART = Path("deploy", "helm", "posture-operator", "files", "alerts.yaml")
_HEADER = "# Generated from deploy/prometheus by `make generate`; edit the alerts there.\n"
_INDEX = """\
# Runbooks

Made by `make generate`. One page an alert: what it means, what to run first, what causes it, what helps.
[How to install, adjust and route the alerts](../alerts.md).
"""


def files() -> Files:
    """Give what is generated."""
    return {
        PLAIN: _HEADER + _written(_groups(lambda alert: rule(alert, RUNBOOKS))),
        CHART: _HEADER + _written(_groups(adjustable)),
        Path(RUNBOOKS, "README.md"): _INDEX + "".join(map(_table, GROUPS)),
    }


def _groups(made: Callable[[Alert], Rule]) -> Mapping[str, object]:
    return {
        "groups": [{"name": group.name, "rules": [made(alert) for alert in group.alerts]} for group in GROUPS]
    }


def _written(document: Mapping[str, object]) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=1_000_000, allow_unicode=True)


def _table(group: Group) -> str:
    head = f"\n## {group.name}\n\n| alert | severity | for | adjustable | means |\n|---|---|---|---|---|\n"
    return head + "".join(map(_row, group.alerts))


def _row(alert: Alert) -> str:
    adjusted = []
    if alert.threshold is not None:
        adjusted.append(f"`threshold: {number(alert.threshold)}` {alert.threshold_means}")
    if alert.window:
        adjusted.append(f"`window: {alert.window}`")
    cells = (
        f"[{alert.name}]({alert.name}.md)",
        alert.severity,
        alert.lasts,
        ", ".join(adjusted),
        alert.description,
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    sys.exit(Generator("deploy.prometheus.generate", files).main())

"""`python -m deploy.grafana.generate`: the dashboards as JSON, for people and, the same, for the chart.

With `--check` nothing is written; stale files are named and the exit code is 1.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.grafana.exceptions import EXCEPTIONS
from deploy.grafana.operations import OPERATIONS
from deploy.grafana.organization import ORGANIZATION
from deploy.grafana.panel import Dashboard
from deploy.grafana.remediation import REMEDIATION
from deploy.grafana.render import rendered
from deploy.grafana.workload import WORKLOAD
from posture.api.generated import Files, Generator

DASHBOARDS: Sequence[Dashboard] = (ORGANIZATION, WORKLOAD, EXCEPTIONS, REMEDIATION, OPERATIONS)
PLAIN = Path("deploy", "grafana")
CHART = Path("deploy", "helm", "posture-operator", "files", "dashboards")


def files() -> Files:
    """Give what is generated."""
    texts = {f"{each.uid}.json": rendered(each) for each in DASHBOARDS}
    return {folder / name: text for folder in (PLAIN, CHART) for name, text in texts.items()}


if __name__ == "__main__":
    owned = tuple(f"{folder}/*.json" for folder in (PLAIN, CHART))
    sys.exit(Generator("deploy.grafana.generate", files, owned).main())

"""Panels by where they are, and their queries as Prometheus takes them."""

import re
from collections.abc import Mapping

from deploy.grafana.generate import DASHBOARDS
from deploy.grafana.panel import Panel

PANELS: Mapping[str, Panel] = {
    f"{dashboard.uid}: {row.title}: {panel.title}": panel
    for dashboard in DASHBOARDS
    for row in dashboard.rows
    for panel in row.panels
}


def plain(query: str, *, interval: str = "1m") -> str:
    """Put in what Grafana would: everything is chosen; `interval` for `$__rate_interval`."""
    return re.sub(r"\$\w+", ".*", query.replace("$__rate_interval", interval))

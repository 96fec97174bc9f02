"""`python -m posture.publish.prometheus.reference` writes `docs/metrics.md`; `--check` compares."""

import sys
from pathlib import Path

from posture.api.generated import Files, Generator
from posture.publish.prometheus.families import ALL, Family

_INTRODUCTION = """\
# Metrics

Made by `make generate`. Ratios are 0 to 1 and unrounded. A number that does not exist is an absent series,
never 0 or 1. A series lives as long as what it describes, and only the replica that holds the hub's Lease
publishes it: scrape with `honorLabels: true`, as the chart's ServiceMonitor does, for `namespace` is that of
the object.

`state`, `severity`, `outcome`, `decision`, `reason` and the `status` of controls are lower snake_case.
`standard` is written as in `spec`. `posture_condition` has a series for each of `status="True"`, `"False"`,
`"Unknown"`, of which one is 1. `posture_control_status` and `posture_control_failed_findings` are there with
`metrics.perControl: true` only.

| metric | type | labels | meaning |
|---|---|---|---|
"""
_CLOSING = "\nBeside them: the process's own (`process_*`, `python_*`).\n"


def page() -> str:
    """Return the page in Markdown."""
    return _INTRODUCTION + "".join(map(_row, ALL)) + _CLOSING


def _row(family: Family) -> str:
    return f"| `{family.name}` | {family.type} | {', '.join(family.labels)} | {family.documentation} |\n"


def files() -> Files:
    """Give what is generated."""
    return {Path("docs", "metrics.md"): page()}


if __name__ == "__main__":
    sys.exit(Generator("posture.publish.prometheus.reference", files).main())

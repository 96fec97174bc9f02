"""`python -m posture.publish.prometheus.reference` writes `docs/metrics.md`; `--check` compares."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from posture.publish.prometheus.families import ALL, Family

_INTRODUCTION = """\
# Metrics

Made by `make generate`. Ratios are 0 to 1 and unrounded. A number that does not exist is an absent series,
never 0 or 1. A series lives as long as what it describes, and only the replica that holds the hub's Lease
publishes it: scrape with `honorLabels: true`, as the chart's ServiceMonitor does, for `namespace` is that of
the object.

`state`, `severity`, `outcome`, `decision`, `reason` and the `status` of controls are lower snake_case.
`standard` is written as in `spec`. `posture_condition` has a series for each of `status="True"`, `"False"`,
`"Unknown"`, of which one is 1. `posture_control_status` is there with `metrics.perControl: true` only.

| metric | type | labels | meaning |
|---|---|---|---|
"""
_CLOSING = "\nBeside them: the process's own (`process_*`, `python_*`).\n"


def page() -> str:
    """Return the page in Markdown."""
    return _INTRODUCTION + "".join(map(_row, ALL)) + _CLOSING


def _row(family: Family) -> str:
    return f"| `{family.name}` | {family.type} | {', '.join(family.labels)} | {family.documentation} |\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with `--check` compare it; 1 when it is stale."""
    parser = argparse.ArgumentParser(
        prog="python -m posture.publish.prometheus.reference", description=__doc__
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=Path())
    options = parser.parse_args(arguments)
    path = options.root / "docs" / "metrics.md"
    if not options.check:
        path.write_text(page(), encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write(f"{path} is stale: run `make generate`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

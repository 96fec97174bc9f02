"""`python -m bench`: measure everything, or some of it; print the table and write it as JSON."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.row import Row
from bench.table import machine, table, write_json

# In the order in which they are run; each module has `measure(findings) -> rows`.
MEASURES = (
    "decode",
    "wire_to_store",
    "outbox",
    "sweep",
    "config",
    "poll",
    "turns",
    "restart",
    "memory",
    "scrape",
    "growth",
    "policies",
    "rules",
    "changes",
    "start",
)
_RESULTS = Path(__file__).with_name("results.json")
_FINDINGS = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measures; return 0: no aim is enforced."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES, metavar="NAME")
    parser.add_argument("--findings", type=int, default=_FINDINGS, help="size of the largest organization")
    parser.add_argument("--json", type=Path, default=_RESULTS, metavar="FILE", help="default: %(default)s")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for name in options.only:
        print(f"Measuring: {name}", file=sys.stderr, flush=True)
        measured = importlib.import_module(f"bench.{name}").measure(options.findings)
        rows += measured
        print(table(measured), "\n", flush=True)
        # After each, so that a long run which ends early has not been in vain.
        write_json(options.json, rows, machine(), findings=options.findings)
    print(f"{machine()}; {options.findings:,} findings\n")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())

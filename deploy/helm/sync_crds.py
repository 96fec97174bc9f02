# ruff: noqa: INP001 - a script beside the chart, not a package
"""`python deploy/helm/sync_crds.py`: copies `crds/` into the chart; a chart holds only its own files.

With `--check` nothing is written; stale copies are named and the exit code is 1.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = Path("crds")
COPIES = Path("deploy", "helm", "posture-operator", "files", "crds")


def stale(root: Path) -> list[Path]:
    """Name the copies below `root` that differ from their source, are missing, or have none any more."""
    wanted, found = _contents(root / SOURCE), _contents(root / COPIES)
    return [
        COPIES / name for name in sorted(wanted.keys() | found.keys()) if wanted.get(name) != found.get(name)
    ]


def copy(root: Path) -> None:
    """Make the copies equal to their sources."""
    wanted = _contents(root / SOURCE)
    (root / COPIES).mkdir(parents=True, exist_ok=True)
    for path in stale(root):
        if path.name in wanted:
            (root / path).write_bytes(wanted[path.name])
        else:
            (root / path).unlink()


def _contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.yaml")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Copy or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a copy is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: this one)")
    options = parser.parse_args(arguments)
    if not options.check:
        copy(options.root)
        return 0
    names = stale(options.root)
    if names:
        sys.stderr.write(f"Stale: {', '.join(map(str, names))}. Run `make generate`.\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())

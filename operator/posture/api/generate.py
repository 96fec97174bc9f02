"""`python -m posture.api.generate`: writes `crds/` and `docs/reference/api.md` from the models.

With `--check` nothing is written; stale files are named and the exit code is 1.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from posture.api.crds import documents
from posture.api.reference import page

_HEADER = "# Generated from posture/api by `make generate`; edit the models there.\n"


def files() -> Mapping[Path, str]:
    """Give what is generated: path from the repository's root, content."""
    generated = {
        Path("crds", f"{document['metadata']['name']}.yaml"): _HEADER
        + yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True)
        for document in documents()
    }
    return {**generated, Path("docs", "reference", "api.md"): page()}


def stale(root: Path) -> list[str]:
    """Name the files below `root` that are not what would be generated, and CRDs that nothing generates."""
    expected = files()
    wrong = [
        path
        for path, text in expected.items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]
    left = [path.relative_to(root) for path in sorted((root / "crds").glob("*.yaml"))]
    return [str(path) for path in [*wrong, *(path for path in left if path not in expected)]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m posture.api.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the repository (default: here)")
    options = parser.parse_args(arguments)
    if options.check:
        names = stale(options.root)
        if names:
            sys.stderr.write(f"Stale: {', '.join(names)}. Run `make generate`.\n")
        return 1 if names else 0
    for path, text in files().items():
        target = options.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for name in stale(options.root):
        (options.root / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
